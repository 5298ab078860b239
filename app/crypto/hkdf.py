"""HKDF with SHA-256 (RFC 5869): one extraction, any number of labelled outputs.

It stands on the library's HMAC and not on its HKDF class, because the latter extracts anew for every label: the
four keys of a person cost about 60 % this way. The Wycheproof vectors of HKDF run against it.
"""

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

_SHA256: Final = SHA256()
_HASH_BYTES: Final = 32
_NO_SALT: Final = bytes(_HASH_BYTES)
_MAX_BYTES: Final = 255 * _HASH_BYTES


class Hkdf:
    """HKDF-Extract has run; `expand` gives one output a label."""

    __slots__ = ("_prk",)

    def __init__(self, key: bytes, salt: bytes = b"") -> None:
        """`key` is the input keying material; no salt means 32 zero bytes (RFC 5869 section 2.2)."""
        extract = HMAC(salt or _NO_SALT, _SHA256)
        extract.update(key)
        self._prk = HMAC(extract.finalize(), _SHA256)

    def expand(self, info: bytes, length: int = 32) -> bytes:
        """`length` bytes for `info` (RFC 5869 section 2.3); ValueError beyond 255 × 32 bytes."""
        if not 0 < length <= _MAX_BYTES:
            raise ValueError("hkdf gives between 1 and 8160 bytes")
        output = block = b""
        for counter in range(1, -(-length // _HASH_BYTES) + 1):
            step = self._prk.copy()
            step.update(block + info + counter.to_bytes(1, "big"))
            block = step.finalize()
            output += block
        return output[:length]
