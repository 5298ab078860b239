"""The Python client of Kín: `kin_client.vault.Vault`, `kin_client.async_vault.AsyncVault`, and their exceptions in `errors`.

What is asked and how answers are read is written once, without I/O, in a module for each resource (`records`, `tokens`,
`bindings`, `subjects`, `consents`, `requests`, `exports`, `erasures`, `counts`, `holds`, `orders`, `sessions`, `audit`,
`notice`, `callers`, `health`); the two vaults only carry it out. `verify` stands alone: it checks what the audit log proves,
and needs no network and of this package's other modules only `log_files`.
"""
