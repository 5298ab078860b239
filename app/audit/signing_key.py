"""The key that signs checkpoints: a file of its own, outside the database, which only its owner can read.

PEM with PKCS #8 (RFC 5958, RFC 8410), so that `openssl pkey` reads it too. Whoever has this key can sign another history;
whoever has the database alone cannot.
"""

import os
import stat
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from app.audit.note import Signer
from app.kernel.errors import Kind, VaultError

_LARGEST: Final = 4096


class SigningKeyRefused(VaultError):
    """The file cannot be used; the text names it and says what to do."""

    def __init__(self, path: Path, words: str) -> None:
        super().__init__(Kind.UNAVAILABLE, f"audit signing key {path}: {words}")


def create_signing_key(path: Path) -> None:
    """Writes a fresh key, mode 0600, durably; `SigningKeyRefused` when there is a file already or none can be written."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise SigningKeyRefused(path, "is there already; a log keeps its key") from None
    except OSError as error:
        raise SigningKeyRefused(
            path, f"cannot be written ({os.strerror(error.errno or 0).lower()})"
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(descriptor)


class SigningKey:
    """The private key, and the signer of each log under it."""

    def __init__(self, private: Ed25519PrivateKey, origin: str) -> None:
        self._private = private
        self._origin = origin

    def signer(self, tenant: str, era: str = "") -> Signer:
        """Signs as the log of this tenant, whose name is `origin/tenant`, or `origin/tenant/era` once it has begun anew."""
        return Signer("/".join(filter(None, (self._origin, tenant, era))), self._private)


def load_signing_key(path: Path, origin: str) -> SigningKey:
    """The key in a file that only its owner can read; `SigningKeyRefused` for any other file."""
    try:
        private = load_pem_private_key(_read_private(path), None)
    except (ValueError, TypeError):
        raise SigningKeyRefused(path, "is not an Ed25519 key in PEM; restore it from its backup") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise SigningKeyRefused(path, "is a key of another kind; make one with `kin key init`")
    return SigningKey(private, origin)


def _read_private(path: Path) -> bytes:
    try:
        # O_NONBLOCK: opening a named pipe in its place must not wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise SigningKeyRefused(path, "is missing; make one with `kin key init`") from None
    except OSError as error:
        raise SigningKeyRefused(path, f"cannot be opened ({os.strerror(error.errno or 0).lower()})") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077:
            raise SigningKeyRefused(
                path, "must be a file that its owner alone can read; take rights away with `chmod 600`"
            )
        return os.read(descriptor, _LARGEST)
    finally:
        os.close(descriptor)
