"""The keys of tenants and people: their hierarchy, versions, rotation and destruction, and who holds the root
key.

Wrapping itself is `crypto`'s; this room decides which key is current, loads and unwraps it, and never stores
one in the clear.
"""
