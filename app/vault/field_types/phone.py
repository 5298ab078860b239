"""Telephone numbers as people in Viet Nam write them: `0903 123 456`, `+84903123456`, `0120 3123456`.

Decides which spellings are the same number (E.164), not whether it is in service: prefixes are opened
faster than tables are updated, so a number must be possible, not known.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

import phonenumbers

from app.vault.field_types.characters import text
from app.vault.field_types.field_type import HIDDEN, FieldType, InvalidValue, Value, mistake, text_in

LONGEST: Final = 40
_REFUSED: Final = mistake("bad-phone", "write one number such as 0903 123 456 or +84 903 123 456")
_VIET_NAM: Final = 84
_SEPARATORS: Final = re.compile(r"[ .()-]+")
_MOBILE: Final = re.compile(r"(?:0|\+?84)([35789][0-9]{8}|1[2-9][0-9]{8})")
# No letters: they would be read as a vanity number or an extension, which E.164 does not hold.
_WRITTEN: Final = re.compile(r"[0-9+ .()\u2010-\u2015-]+")
# Mobile numbers of eleven digits became ten-digit ones in 2018, operator by operator: old prefix, new prefix,
# both without their 0.
_OLD_MOBILE: Final = {
    "120": "70", "121": "79", "122": "77", "126": "76", "128": "78",  # MobiFone
    "123": "83", "124": "84", "125": "85", "127": "81", "129": "82",  # VinaPhone
    "162": "32", "163": "33", "164": "34", "165": "35",  # Viettel
    "166": "36", "167": "37", "168": "38", "169": "39",
    "186": "56", "188": "58",  # Vietnamobile
    "199": "59",  # Gmobile
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Phone(FieldType):
    """A number that can be dialled, in Viet Nam unless it begins with + or 00."""

    def parse(self, submitted: object) -> Value:
        """The number unchanged, with its spaces, dots, hyphens and parentheses."""
        written = text(submitted, LONGEST)
        if _number(written) is None:
            raise InvalidValue(_REFUSED)
        return written

    def normalise(self, value: Value) -> str:
        """E.164, such as `+84903123456`."""
        number = _number(text_in(value))
        if number is None:
            raise InvalidValue(_REFUSED)
        country, national = number
        return f"+{country}{national}"

    def mask(self, value: Value) -> Value:
        """Country, operator and the last two digits: `+84 90••• ••56`; of a short number only the country."""
        number = _number(text_in(value))
        if (
            number is None
        ):  # possible when it was stored, by metadata that has changed since: a read must not fail
            return HIDDEN
        country, national = number
        if len(national) < 8:
            return f"+{country} {HIDDEN}"
        return f"+{country} {national[:2]}{HIDDEN} ••{national[-2:]}"


def _number(written: str) -> tuple[int, str] | None:
    """Country calling code and national number; None when the text is not one possible number."""
    # Most numbers are Vietnamese mobiles: they need no metadata, and the library would take 20 µs.
    mobile = _MOBILE.fullmatch(_SEPARATORS.sub("", written))
    found = (_VIET_NAM, mobile[1]) if mobile else _looked_up(unicodedata.normalize("NFKC", written).strip())
    if found and found[0] == _VIET_NAM and len(found[1]) == 10 and found[1][:3] in _OLD_MOBILE:
        return _VIET_NAM, _OLD_MOBILE[found[1][:3]] + found[1][3:]
    return found


def _looked_up(written: str) -> tuple[int, str] | None:
    if not _WRITTEN.fullmatch(written):
        return None
    try:
        number = phonenumbers.parse(written, "VN")
    except phonenumbers.NumberParseException:
        return None
    # Possible in full: a number that only works inside one town is of no use to a carrier.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return number.country_code or 0, phonenumbers.national_significant_number(number)
