"""The audit log: what an event may say, how it becomes durable, and how it is asked.

An event holds no personal value, no hash of one and no free text; people appear as handles that die with their key.
"""
