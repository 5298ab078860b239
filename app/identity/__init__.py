"""Who may speak to the vault: tenants, callers with roles, and their API keys. What a role may do is the notice's matter."""
