"""Calendar dates, such as a date of birth (RFC 3339 full-date)."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final

from app.vault.field_types.field_type import FieldType, InvalidValue, Value, mistake, text_in

_WRITTEN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_YEAR: Final = 1850
_LAST_YEAR: Final = 2200
_BAND: Final = 5


@dataclass(frozen=True, slots=True)
class Date(FieldType):
    """A day from 1850 to 2200, written `YYYY-MM-DD`.

    It cannot be searched: there are so few days that a blind index could be tried through.
    """

    def parse(self, submitted: object) -> Value:
        """The date unchanged."""
        if not isinstance(submitted, str):
            raise InvalidValue(mistake("wrong-type", "send a string"))
        if not _is_a_day(submitted):
            raise InvalidValue(mistake("bad-date", "write a day from 1850 to 2200 as YYYY-MM-DD"))
        return submitted

    def mask(self, value: Value) -> Value:
        """The year: `1990-••-••`."""
        return text_in(value)[:4] + "-••-••"

    def generalise(self, value: Value) -> Value:
        """Five years, the first divisible by five: `1990–1994`."""
        first = int(text_in(value)[:4]) // _BAND * _BAND
        return f"{first}–{first + _BAND - 1}"


def _is_a_day(written: str) -> bool:
    if not _WRITTEN.fullmatch(written):
        return False
    try:
        day = dt.date.fromisoformat(written)
    except ValueError:
        return False
    return _FIRST_YEAR <= day.year <= _LAST_YEAR
