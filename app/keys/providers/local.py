"""The root keys in a file of this machine: for development, and for a shop that guards one machine well.

Decides how a tenant key is wrapped under the keyring's primary root key, how root keys come and go, and when
the file is read again. The file itself, and which files are refused, is decided by `keyring_file`.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from app.crypto.key_wrap import new_key, unwrap_tenant_key, wrap_tenant_key
from app.crypto.refused import Refused
from app.kernel.clock import SystemClock, rfc3339
from app.keys.provider import KeyRefused
from app.keys.providers.keyring_file import (
    MAX_VERSION,
    Keyring,
    KeyringRefused,
    read_keyring,
    replace_keyring,
)

_VERSION_BYTES: Final = 4


def create_keyring(path: Path, development: bool) -> None:
    """Writes a keyring with one fresh root key, mode 0600; KeyringRefused when there is one already."""

    def first() -> Keyring:
        if path.exists():
            raise KeyringRefused(path, "is there already; to change its key, rotate it")
        return Keyring(rfc3339(SystemClock().now()), development, {1: new_key()}, 1)

    replace_keyring(path, first)


def rotate_root(path: Path) -> int:
    """Adds a root key and makes it primary; returns its version. The older ones stay until `retire_root`."""

    def rotated() -> Keyring:
        keyring = read_keyring(path)
        version = max(keyring.root_keys) + 1
        if version > MAX_VERSION:
            raise KeyringRefused(path, "has no versions left; make a new keyring and rewrap the tenant keys")
        return replace(keyring, root_keys={**keyring.root_keys, version: new_key()}, primary=version)

    return replace_keyring(path, rotated).primary


def retire_root(path: Path, version: int) -> None:
    """Takes a root key out of the keyring, for good: only when every tenant key has been rewrapped.

    KeyringRefused for the primary version and for one that is not there.
    """

    def retired() -> Keyring:
        keyring = read_keyring(path)
        if version not in keyring.root_keys:
            raise KeyringRefused(path, f"has no root key of version {version}")
        if version == keyring.primary:
            raise KeyringRefused(path, f"version {version} is the primary root key; rotate first")
        others = {other: key for other, key in keyring.root_keys.items() if other != version}
        return replace(keyring, root_keys=others)

    replace_keyring(path, retired)


class LocalKeyProvider:
    """A `KeyProvider` over a keyring file. It wraps a key as root version (4 bytes) ‖ wrapped key (61)."""

    def __init__(self, path: Path, keyring: Keyring, production: bool) -> None:
        self._path = path
        self._keyring = keyring
        self._production = production

    @classmethod
    def load(cls, path: Path, production: bool) -> Self:
        """The provider of this file; KeyringRefused when it is not fit, or for development only."""
        return cls(path, _read(path, production), production)

    @property
    def name(self) -> str:
        return "local"

    @property
    def primary(self) -> int:
        """The version of the root key that wraps from now on."""
        return self._keyring.primary

    async def wrap(self, key: bytes, *, tenant: str, kind: str, version: int) -> bytes:
        root_version = self._keyring.primary
        wrapped = wrap_tenant_key(self._keyring.root_keys[root_version], key, tenant, kind, version)
        return root_version.to_bytes(_VERSION_BYTES, "big") + wrapped

    async def unwrap(self, wrapped: bytes, *, tenant: str, kind: str, version: int) -> bytes:
        root_version = root_version_of(wrapped)
        if root_version not in self._keyring.root_keys:
            # Rotated by another process: the operator's command, while this one serves.
            await self.check()
        root = self._keyring.root_keys.get(root_version)
        if root is None:
            raise KeyRefused(
                "the keyring does not hold the root key of this tenant key; restore that version"
            )
        try:
            return unwrap_tenant_key(root, wrapped[_VERSION_BYTES:], tenant, kind, version)
        except Refused:
            raise KeyRefused from None

    async def check(self) -> None:
        """Reads the file again and takes up what was rotated; KeyringRefused when a restart would fail."""
        self._keyring = _read(self._path, self._production)


def root_version_of(wrapped: bytes) -> int:
    """The version of the root key it is wrapped under: rotation asks which are still to be rewrapped."""
    return int.from_bytes(wrapped[:_VERSION_BYTES], "big")


def _read(path: Path, production: bool) -> Keyring:
    keyring = read_keyring(path)
    if production and keyring.development:
        raise KeyringRefused(path, "is for development; for production make another with `kin key init`")
    return keyring
