"""HMAC-SHA-256 (RFC 2104, FIPS 198-1), whole or truncated to its leftmost bytes (NIST SP 800-107 section
5.3.3).

Which key and which message stand for what is decided by the modules that use it. It stands on the library's hash: a call
to its HMAC costs twice as much, nearly all of it to set up the key anew. The Wycheproof vectors run against it.
"""

from hashlib import sha256
from typing import Final

SHORT: Final = 16
_BLOCK: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))


class Mac:
    """One key, of any length, set up once for any number of messages."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
        self._inner = block.translate(_INNER)
        self._outer = block.translate(_OUTER)

    def of(self, message: bytes) -> bytes:
        """The MAC of a message, 32 bytes."""
        return sha256(self._outer + sha256(self._inner + message).digest()).digest()


def hmac_sha256(key: bytes, message: bytes, length: int = 32) -> bytes:
    """The leftmost `length` bytes, 16…32, of the MAC."""
    return Mac(key).of(message)[:length]
