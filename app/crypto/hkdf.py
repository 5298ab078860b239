"""HKDF with SHA-256 (RFC 5869): one extraction, any number of labelled outputs.

The library's HKDF class extracts anew for every label: the four keys of a person cost a third this way. The Wycheproof
vectors of HKDF run against it.
"""

from typing import Final

from app.crypto.mac import Mac

_HASH_BYTES: Final = 32
_MAX_BYTES: Final = 255 * _HASH_BYTES
_NO_SALT: Final = Mac(bytes(_HASH_BYTES))


class Hkdf:
    """HKDF-Extract has run; `expand` gives one output a label."""

    __slots__ = ("_prk",)

    def __init__(self, key: bytes, salt: bytes = b"") -> None:
        """`key` is the input keying material; no salt means 32 zero bytes (RFC 5869 section 2.2)."""
        self._prk = Mac((Mac(salt) if salt else _NO_SALT).of(key))

    def expand(self, info: bytes, length: int = 32) -> bytes:
        """`length` bytes for `info` (RFC 5869 section 2.3); ValueError beyond 255 × 32 bytes."""
        if length == _HASH_BYTES:
            return self._prk.of(info + b"\x01")
        if not 0 < length <= _MAX_BYTES:
            raise ValueError("hkdf gives between 1 and 8160 bytes")
        output = block = b""
        for counter in range(1, -(-length // _HASH_BYTES) + 1):
            block = self._prk.of(block + info + counter.to_bytes(1, "big"))
            output += block
        return output[:length]
