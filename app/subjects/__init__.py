"""People, and what their data may be used for: consents, bindings (a purpose open on a record), restriction.

Gives facts; the decision is `notice`'s.
"""
