"""Crockford's base32 in lower case, fixed length, one spelling: how tokens and API keys are written.

The alphabet has no i, l, o and u (Crockford, "Base 32 Encoding"). Crockford's lenient reading (upper case, o
for 0) is refused, so that a secret has one spelling only and one digest.
"""

from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_TO_PYTHON: Final = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")


def encode(number: int, length: int) -> str:
    """`number` (at least 0, below 32^length) in `length` characters, an even number of them."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(5 * length - 10, -1, -10)])


def decode(text: str, length: int) -> int:
    """The number written in exactly `length` characters; ValueError for anything `encode` does not write."""
    if len(text) != length or text.strip(_ALPHABET):
        raise ValueError("not Crockford base32 in lower case of the right length")
    return int(text.translate(_TO_PYTHON), 32)
