"""What tests stand on: a real PostgreSQL, a vault with the reference notice and a caller a role, a served vault to kill."""
