"""A customer's credential: `kis_<tenant>_<54 characters>`, given out once, kept as a digest.

The 54 characters are the person's bucket (12 bits) and 32 random bytes, in Crockford base32: the row lives with its person,
and is found without a list of sessions. The bucket is no secret to who holds the credential; it is in their own id. Whose
session it is, and until when, is decided by `identity`.
"""

import hashlib
import os
import re
from dataclasses import dataclass, field
from typing import Final

from app.crypto import base32

SECRET_BYTES: Final = 32
_CHARACTERS: Final = 54
_BUCKET_BITS: Final = 12
_SHAPE: Final = re.compile(r"kis_([a-z0-9-]{1,32})_([0-9a-z]{54})", re.ASCII)
PREFIX: Final = "kis_"


@dataclass(frozen=True, slots=True)
class ParsedSessionKey:
    """A credential of the right form; whether it is known is still to be asked."""

    tenant: str
    bucket: int
    secret: bytes = field(repr=False)


def new_session_key(tenant: str, bucket: int) -> str:
    """A fresh credential for a person in `bucket` (0…4095) of a tenant."""
    number = bucket << 8 * SECRET_BYTES | int.from_bytes(os.urandom(SECRET_BYTES), "big")
    return f"{PREFIX}{tenant}_{base32.encode(number, _CHARACTERS)}"


def parse_session_key(text: str) -> ParsedSessionKey:
    """The parts of a credential; ValueError for anything that `new_session_key` does not write."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise ValueError("not a session: expected kis_, the tenant, _ and 54 characters")
    number = base32.decode(shape[2], _CHARACTERS)
    bucket, secret = divmod(number, 1 << 8 * SECRET_BYTES)
    if bucket >> _BUCKET_BITS:
        raise ValueError("not a session: more than 268 bits")
    return ParsedSessionKey(shape[1], bucket, secret.to_bytes(SECRET_BYTES, "big"))


def session_digest(secret: bytes) -> bytes:
    """SHA-256 of the secret, 32 bytes, for the database: 256 random bits need no slow or keyed hash."""
    return hashlib.sha256(secret).digest()
