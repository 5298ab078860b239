"""How fast the vault is, as ratios to an empty route of the same framework on the same machine (docs/performance.md).

`python -m benchmarks` starts a PostgreSQL, the vault on it and on SQLite, and the empty route, asks them in turn, and prints the
figures. Nothing here decides what is fast enough; the budgets are in docs/performance.md.
"""
