"""What the vault asks of whoever holds the root key: wrap a tenant key, unwrap it, and answer a check.

The root key never enters the database. An implementation binds tenant, kind and version to the wrapped key as
associated data (or an encryption context), whatever its service calls it.
"""

from typing import Protocol

from app.kernel.errors import Kind, VaultError


class KeyProviderUnavailable(VaultError):
    """The key provider cannot be asked now: what is already unwrapped goes on, everything else waits."""

    def __init__(self, detail: str = "the key provider cannot be reached; try again") -> None:
        super().__init__(Kind.UNAVAILABLE, detail)


class KeyRefused(VaultError):
    """The key provider answered and refused: the key was changed, moved, or wrapped under another root."""

    def __init__(self, detail: str = "the key provider does not open this tenant key") -> None:
        super().__init__(Kind.UNAVAILABLE, detail)


class KeyProvider(Protocol):
    """A holder of root keys: a local keyring file, AWS KMS, Vault or OpenBao transit, PKCS#11."""

    @property
    def name(self) -> str:
        """Which kind of provider, for the operator: "local", "aws-kms", …."""
        ...

    async def wrap(self, key: bytes, *, tenant: str, kind: str, version: int) -> bytes:
        """The 32-byte tenant key, wrapped under the primary root key and bound to tenant, kind and version.

        KeyProviderUnavailable when the provider does not answer.
        """
        ...

    async def unwrap(self, wrapped: bytes, *, tenant: str, kind: str, version: int) -> bytes:
        """The 32-byte tenant key; KeyRefused when it is not one of this provider, or not of this place."""
        ...

    async def check(self) -> None:
        """Returns when the provider can wrap and unwrap; KeyProviderUnavailable when it cannot."""
        ...
