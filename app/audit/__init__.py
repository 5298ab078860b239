"""The audit log: what an event may say, how it becomes durable, how it is asked, and how it is proven.

A transparency log in public formats: `tree`, `tile`, `proof`, `note`, `checkpoint` and `verify` are pure; `sequence` alone
gives events their place and signs.

An event holds no personal value, no hash of one and no free text; people appear as handles that die with their key.
"""
