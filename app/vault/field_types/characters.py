"""Which characters text may hold, how long it may be, and when two texts are the same.

Text is kept as it was written, composed or decomposed; only comparison folds it.
"""

import re
import unicodedata
from typing import Final, cast

from app.kernel.errors import FieldError
from app.vault.field_types.field_type import InvalidValue, mistake

# U+202A..E and U+2066..9 turn the direction of what follows: a name could rewrite the label it is printed on.
OUTSIDE_A_LINE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
OUTSIDE_A_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
OUTSIDE_A_SECRET: Final = re.compile(r"[\x00\ud800-\udfff]")
# The longest canonical decomposition of one character (Unicode Standard Annex 15, table 2).
_LONGEST_DECOMPOSITION: Final = 4


def text_mistake(
    submitted: object, longest: int, pointer: str = "", forbidden: re.Pattern[str] = OUTSIDE_A_LINE
) -> FieldError | None:
    """What keeps `submitted` from being text of 1 to `longest` characters (counted composed), or None."""
    if not isinstance(submitted, str):
        return mistake("wrong-type", "send a string", pointer)
    if not submitted or submitted.isspace():
        return mistake("empty", "leave it out when there is nothing to store", pointer)
    if _longer(submitted, longest):
        return mistake("too-long", f"shorten it to {longest:,} characters", pointer)
    if forbidden.search(submitted):
        return mistake("bad-character", "remove control characters and unpaired surrogates", pointer)
    return None


def text(submitted: object, longest: int, forbidden: re.Pattern[str] = OUTSIDE_A_LINE) -> str:
    """`submitted` itself, when `text_mistake` finds nothing; InvalidValue otherwise."""
    found = text_mistake(submitted, longest, forbidden=forbidden)
    if found:
        raise InvalidValue(found)
    return cast("str", submitted)


def caseless(written: str) -> str:
    """Equal for texts that differ in case or composition only (Unicode 3.13, D145); marks count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", written).casefold())


def _longer(written: str, longest: int) -> bool:
    if len(written) <= longest:
        return False
    return (
        len(written) > longest * _LONGEST_DECOMPOSITION
        or len(unicodedata.normalize("NFC", written)) > longest
    )
