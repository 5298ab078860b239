"""How long: an ISO 8601 duration, and the moment that lies that long after another.

Only what a notice needs: whole, non-negative years, months, weeks, days, hours, minutes and seconds. Decides
how calendar arithmetic rounds; what a duration is for is decided by whoever holds it.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

_ISO_8601: Final = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,3})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,5})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,5})S)?)?",
    re.ASCII,
)
# With the digits above, what is parsed keeps `after` within datetime's years, and `str` writes what `parse` reads.
_MOST_DAYS: Final = 99_999
_MOST_SECONDS: Final = 99_999 * 3600


@dataclass(frozen=True, slots=True)
class Duration:
    """Years and months are counted on the calendar, days as 24 hours in UTC, the rest in seconds."""

    years: int = 0
    months: int = 0
    days: int = 0
    seconds: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """`P24M`, `P10Y`, `P1W`, `PT15M`, `P1DT12H` (ISO 8601-1:2019, 5.5.2.2); ValueError for all else."""
        found = _ISO_8601.fullmatch(text)
        if found is None:
            raise ValueError("not an ISO 8601 duration; write for example P24M, P90D or PT15M")
        years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        duration = cls(years, months, weeks * 7 + days, (hours * 60 + minutes) * 60 + seconds)
        if duration.days > _MOST_DAYS or duration.seconds > _MOST_SECONDS:
            raise ValueError("too long for a duration; write the time in years or months")
        return duration

    def after(self, moment: datetime) -> datetime:
        """The moment this long after `moment`; a day that the month does not have becomes its last one."""
        months = moment.month - 1 + self.years * 12 + self.months
        year, month = moment.year + months // 12, months % 12 + 1
        day = min(moment.day, monthrange(year, month)[1])
        return moment.replace(year=year, month=month, day=day) + timedelta(
            days=self.days, seconds=self.seconds
        )

    @property
    def shortest(self) -> timedelta:
        """At least this far from any moment lies the one after it: years of 365 days, months of 28."""
        years, months = divmod(self.years * 12 + self.months, 12)
        return timedelta(days=365 * years + 28 * months + self.days, seconds=self.seconds)

    def __str__(self) -> str:
        date = "".join(
            f"{n}{unit}" for n, unit in ((self.years, "Y"), (self.months, "M"), (self.days, "D")) if n
        )
        minutes, seconds = divmod(self.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        time = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
        return f"P{date}{'T' + time if time else ''}" if date or time else "P0D"
