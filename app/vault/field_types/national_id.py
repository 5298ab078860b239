"""Numbers on identity documents: the Vietnamese citizen's number, the old identity card, passports."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from app.vault.field_types.characters import text
from app.vault.field_types.field_type import HIDDEN, FieldType, InvalidValue, Value, mistake, text_in
from app.vault.field_types.vietnam_units import BIRTHPLACE_CODES

LONGEST: Final = 40
_SEPARATORS: Final = re.compile(r"[ .]+")
# Where the birth was registered (a province by its code of before 2025, or a country from 100 up), a digit
# for century and sex, two for the year, six at random (Decree 137/2015/ND-CP, Circular 07/2016/TT-BCA).
_CITIZEN: Final = re.compile(r"(?P<place>[0-9]{3})[0-3][0-9]{2}[0-9]{6}")
_OLD_CARD: Final = re.compile(r"[0-9]{9}")
_PASSPORT: Final = re.compile(r"[A-Z]{1,2}[0-9]{6,8}")


@dataclass(frozen=True, slots=True)
class NationalId(FieldType):
    """Twelve digits (căn cước), nine digits (chứng minh nhân dân), or a passport number."""

    def parse(self, submitted: object) -> Value:
        """The number unchanged, with its spaces and dots."""
        written = text(submitted, LONGEST)
        number = _bare(written)
        citizen = _CITIZEN.fullmatch(number)
        if citizen and not _is_a_birthplace(citizen["place"]):
            raise InvalidValue(
                mistake(
                    "bad-national-id", "check the first three digits: no province or country has this code"
                )
            )
        if not (citizen or _OLD_CARD.fullmatch(number) or _PASSPORT.fullmatch(number)):
            raise InvalidValue(mistake("bad-national-id", "write 12 digits, 9 digits, or a passport number"))
        return written

    def normalise(self, value: Value) -> str:
        """Upper case, without spaces and dots."""
        return _bare(text_in(value))

    def mask(self, value: Value) -> Value:
        """The last three digits, which are random in a citizen's number: `•••123`."""
        return HIDDEN + _bare(text_in(value))[-3:]


def _bare(written: str) -> str:
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", written)).upper()


def _is_a_birthplace(code: str) -> bool:
    return code in BIRTHPLACE_CODES or code >= "100"
