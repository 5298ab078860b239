"""Tokens: what stands for a value outside the shop (docs/formats/token.md).

A token is 128 bits that nobody can guess and the 12-bit bucket of the person, masked so that two tokens of
one person do not look alike. The 128 bits are computed from the person's token key and a stored salt: the
vault can say the same token again, although its database holds a digest only
(docs/adr/0002-stable-tokens-without-storing-them.md). To whom a token was issued, and whether it still
resolves, is decided by `vault`.
"""

import hashlib
import os
from typing import Final

from app.crypto import base32
from app.crypto.mac import SHORT, hmac_sha256

SALT_BYTES: Final = 16
RANDOM_BYTES: Final = 16
_PREFIX: Final = "tok_"
_CHARACTERS: Final = 28


def new_salt() -> bytes:
    """16 bytes from the operating system's generator, to be stored in the token's row."""
    return os.urandom(SALT_BYTES)


def random_part(token_key: bytes, salt: bytes) -> bytes:
    """HMAC-SHA-256 of the 16-byte salt (else ValueError) under the person's token key, leftmost 16 bytes."""
    if len(salt) != SALT_BYTES:
        raise ValueError("a token's salt must have 16 bytes")
    return hmac_sha256(token_key, salt, RANDOM_BYTES)


def mint(token_key: bytes, mask_key: bytes, bucket: int, salt: bytes) -> str:
    """The token of a person, bucket (0…4095) and salt: `tok_` and 28 characters, the same each time."""
    if not 0 <= bucket < 4096:
        raise ValueError("a bucket must be between 0 and 4095")
    random = random_part(token_key, salt)
    number = int.from_bytes(random, "big") << 12 | (bucket ^ _mask(mask_key, random))
    return _PREFIX + base32.encode(number, _CHARACTERS)


def parse(mask_key: bytes, text: str) -> tuple[bytes, int]:
    """The random part (16 bytes) and the bucket of a token; ValueError for what is not spelled as one.

    Any 140 bits are a token in form; whether it exists is found by its digest.
    """
    if not text.startswith(_PREFIX):
        raise ValueError("a token begins with tok_")
    number = base32.decode(text[len(_PREFIX) :], _CHARACTERS)
    random = (number >> 12).to_bytes(RANDOM_BYTES, "big")
    return random, (number & 4095) ^ _mask(mask_key, random)


def digest(random: bytes) -> bytes:
    """SHA-256 of the random part, 32 bytes, for the database: 128 random bits need no slow or keyed hash."""
    return hashlib.sha256(random).digest()


def _mask(mask_key: bytes, random: bytes) -> int:
    return int.from_bytes(hmac_sha256(mask_key, random, SHORT)[:2], "big") >> 4
