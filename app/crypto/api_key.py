"""API keys: `kin_<tenant>_<58 characters>`, shown once, kept as a keyed digest.

The 58 characters are 32 random bytes and 4 bytes of checksum over everything before them, in Crockford
base32: a typing error is caught without a look-up, and a scanner for leaked secrets has few false alarms. A
slow hash is not needed for 256 random bits. Who may use a key, and until when, is decided by `identity`.
"""

import hashlib
import os
import re
from dataclasses import dataclass, field
from typing import Final

from app.crypto import base32
from app.crypto.mac import hmac_sha256

SECRET_BYTES: Final = 32
_CHECKSUM_BYTES: Final = 4
_BYTES: Final = SECRET_BYTES + _CHECKSUM_BYTES
_CHARACTERS: Final = 58
_SHAPE: Final = re.compile(r"kin_([a-z0-9-]{1,32})_([0-9a-z]{58})", re.ASCII)
_TENANT: Final = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ParsedKey:
    """A key whose checksum fits; whether it is known is still to be asked."""

    tenant: str
    secret: bytes = field(repr=False)


def new_api_key(tenant: str) -> str:
    """A fresh key of a tenant (its slug, `[a-z0-9-]{1,32}`, else ValueError)."""
    if not _TENANT.fullmatch(tenant):
        raise ValueError("a tenant's name has 1 to 32 characters of a-z, 0-9 and -")
    secret = os.urandom(SECRET_BYTES)
    number = int.from_bytes(secret + _checksum(tenant, secret), "big")
    return f"kin_{tenant}_{base32.encode(number, _CHARACTERS)}"


def parse_api_key(text: str) -> ParsedKey:
    """Tenant and secret of a key; ValueError for anything that `new_api_key` does not write."""
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        raise ValueError("not an api key: expected kin_, the tenant, _ and 58 characters")
    number = base32.decode(shape[2], _CHARACTERS)
    if number >> 8 * _BYTES:
        raise ValueError("not an api key: more than 288 bits")
    data = number.to_bytes(_BYTES, "big")
    tenant, secret = shape[1], data[:SECRET_BYTES]
    # Not in constant time: the checksum is public arithmetic, it authenticates nobody.
    if data[SECRET_BYTES:] != _checksum(tenant, secret):
        raise ValueError("not an api key: its checksum does not fit, so it was mistyped or cut")
    return ParsedKey(tenant, secret)


def api_key_digest(key: bytes, secret: bytes) -> bytes:
    """HMAC-SHA-256 of the secret, 32 bytes: what the database holds; `key` is the tenant's own."""
    return hmac_sha256(key, secret)


def _checksum(tenant: str, secret: bytes) -> bytes:
    return hashlib.sha256(b"kin_" + tenant.encode() + b"_" + secret).digest()[:_CHECKSUM_BYTES]
