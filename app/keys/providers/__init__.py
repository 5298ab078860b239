"""Holders of the root key; each fulfils `keys.provider.KeyProvider` and knows none of the others."""
