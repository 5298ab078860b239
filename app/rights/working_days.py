"""Which days are worked in Vietnam, and when so many working days have passed.

Monday to Friday, without the public holidays of the Labour Code 2019, art. 112; one that falls on a weekly day off is made
up for on the next working day (art. 111.3). Lunar dates stand in a table for the years 2025 to 2035. What is chosen year
by year (how the five days lie around Tết, which neighbour of 2 September is free) counts once the government has announced
it: a day that is not counted as free makes a deadline earlier, never later. Swapped days, and what a shop chose otherwise,
are the operator's to add.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Final

HO_CHI_MINH: Final = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Vietnam's time, without daylight saving since 1975 (IANA tz database)."""

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
_FIXED: Final = ((1, 1), (4, 30), (5, 1), (9, 2))
# Year → first day of Tết, and the Hùng Kings' day (10th of the third lunar month), in the calendar of UTC+7. Up to 2026 as
# announced by the government; later by the new moons of J. Meeus, Astronomical Algorithms, ch. 49, as a test computes again.
_LUNAR: Final[Mapping[int, tuple[date, date]]] = {
    2025: (date(2025, 1, 29), date(2025, 4, 7)),
    2026: (date(2026, 2, 17), date(2026, 4, 26)),
    2027: (date(2027, 2, 6), date(2027, 4, 16)),
    2028: (date(2028, 1, 26), date(2028, 4, 4)),
    2029: (date(2029, 2, 13), date(2029, 4, 23)),
    2030: (date(2030, 2, 2), date(2030, 4, 12)),
    2031: (date(2031, 1, 23), date(2031, 4, 1)),
    2032: (date(2032, 2, 11), date(2032, 4, 19)),
    2033: (date(2033, 1, 31), date(2033, 4, 9)),
    2034: (date(2034, 2, 19), date(2034, 4, 28)),
    2035: (date(2035, 2, 8), date(2035, 4, 17)),
}
# As announced for the civil service, which other employers are asked to follow: the days of Tết beside its eve and its first
# two, which are free whatever is chosen, and the neighbour of 2 September.
_ANNOUNCED: Final[Mapping[int, tuple[date, ...]]] = {
    2025: (date(2025, 1, 27), date(2025, 1, 31), date(2025, 9, 1)),
    2026: (date(2026, 2, 19), date(2026, 2, 20), date(2026, 9, 1)),
}
FIRST_YEAR: Final = min(_LUNAR)
LAST_YEAR: Final = max(_LUNAR)


def lunar_days(year: int) -> tuple[date, date]:
    """The first day of Tết and the Hùng Kings' day; KeyError for a year that the table does not cover."""
    return _LUNAR[year]


def public_holidays(year: int) -> frozenset[date]:
    """The days off of a year, with those that make up for one on a Saturday or Sunday; the solar ones only outside the table."""
    days = [date(year, month, day) for month, day in _FIXED]
    if year in _LUNAR:
        tet, hung_kings = _LUNAR[year]
        days += [*(tet + number * _DAY for number in (-1, 0, 1)), hung_kings]
    days += _ANNOUNCED.get(year, ())
    off = set(days)
    for day in sorted(off):
        if _weekend(day):
            off.add(_next_working(day, off))
    return frozenset(off)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that are worked; what the operator adds goes before the rules: `working_days` first, then `days_off`."""

    days_off: frozenset[date] = frozenset()
    working_days: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        """Whether the shop works on this day."""
        if day in self.working_days:
            return True
        return not (day in self.days_off or _weekend(day) or day in public_holidays(day.year))

    def end_of(self, moment: datetime, count: int) -> datetime:
        """The end of the `count`-th working day after the day of `moment`, which is not counted (Civil Code 2015, art. 147)."""
        day = moment.astimezone(HO_CHI_MINH).date()
        for _ in range(count):
            day += _DAY
            while not self.works(day):
                day += _DAY
        return datetime.combine(day + _DAY, time(), HO_CHI_MINH)

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether the table knows the lunar holidays of every year from `start` to `end`."""
        years = start.astimezone(HO_CHI_MINH).year, end.astimezone(HO_CHI_MINH).year
        return min(years) >= FIRST_YEAR and max(years) <= LAST_YEAR


def _weekend(day: date) -> bool:
    return day.weekday() >= _SATURDAY


def _next_working(day: date, off: Iterable[date]) -> date:
    day += _DAY
    while _weekend(day) or day in off:
        day += _DAY
    return day
