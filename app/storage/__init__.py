"""Where rows live: the engine for SQLite and PostgreSQL, column types, units of work, and the two hot statements' fast way.

Knows no table of any room. Every unit of work names the tenant it works for. Driver errors leave this room only as
`VaultError(unavailable)` or `Conflict`, with fixed words: driver messages can carry values.
"""
