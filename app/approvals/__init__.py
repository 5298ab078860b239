"""Approved orders: one person asks for data that a second person must agree to, for one purpose, case, people and fields.

Gives facts; what an approved order opens is `notice`'s decision, and that two people decided is this room's promise.
"""
