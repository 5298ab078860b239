"""What an id looks like, and where its person lives.

An id is a prefix and 26 characters of Crockford base32 (lower case, one spelling only) over a 128-bit number in the
UUIDv7 layout (RFC 9562 section 5.7): 48 bits of Unix milliseconds, version, 12 bits of *bucket*, variant, 62 random bits.
The bucket is drawn when a person is created and copied into the ids of all that belongs to them, so that every id says
where to look (docs/adr/0003-ids-carry-the-bucket.md).
"""

import time
from os import urandom
from typing import Final, Literal
from uuid import UUID

Prefix = Literal["sub", "rec", "tok", "evt", "bnd", "cns", "ord", "hld", "clr", "req", "key", "asg", "crt"]

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_TRIPLES: Final = tuple(a + pair for a in _ALPHABET for pair in _PAIRS)
_TO_PYTHON: Final = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_SHIFTS: Final = tuple(range(105, -1, -15))
_VERSION_7: Final = 7 << 76
_VARIANT: Final = 2 << 62
_LOW: Final = (1 << 62) - 1


def crockford(number: int) -> str:
    """A 128-bit number as 26 characters."""
    return _PAIRS[number >> 120] + "".join([_TRIPLES[(number >> shift) & 32767] for shift in _SHIFTS])


def number_of(text: str) -> int:
    """The inverse of `crockford`; ValueError for anything that `crockford` does not write."""
    if len(text) != 26:
        raise ValueError("not 26 characters")
    if text.strip(_ALPHABET):
        raise ValueError("not Crockford base32 in lower case")
    number = int(text.translate(_TO_PYTHON), 32)
    if number >> 128:
        raise ValueError("more than 128 bits")
    return number


def new_uuid(bucket: int | None = None) -> UUID:
    """A fresh id in `bucket`, ordered by time; of a new person, or of what has no person's place, in one drawn from all."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(urandom(10), "big")
    place = random >> 68 if bucket is None else bucket
    return UUID(int=milliseconds << 80 | _VERSION_7 | place << 64 | _VARIANT | random & _LOW)


def bucket_of(uuid: UUID) -> int:
    """The bucket that `new_uuid` was given."""
    return (uuid.int >> 64) & 4095


def text_of(prefix: Prefix, uuid: UUID) -> str:
    """The id as the API writes it."""
    return prefix + "_" + crockford(uuid.int)


def parse_id(prefix: Prefix, text: str) -> UUID:
    """The 128 bits behind an id of the API; ValueError when it is not an id with this prefix."""
    head, _, tail = text.partition("_")
    if head != prefix:
        raise ValueError(f"not an id that begins with {prefix}_")
    return UUID(int=number_of(tail))
