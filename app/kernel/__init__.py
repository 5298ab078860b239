"""The few words every room speaks: ids, the caller, plaintext that refuses to be printed, time, and kinds of errors.

Imports nothing of the vault; decides nothing about policy, storage or HTTP.
"""
