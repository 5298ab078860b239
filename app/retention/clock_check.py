"""Whether the clock can be believed before anything is erased by it: pure.

The measure is the sweep before: sweeps follow each other within an hour or so, and each leaves an event, however quiet the shop
is. A clock that stands more than a day after the last has jumped, or nobody has swept for that long: which of the two, only an
operator can say, so nothing is erased until one does. What the shop writes meanwhile proves nothing, for it is dated by the same
clock. One that stands more than an hour before the last sweep has gone back.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

MOST_AHEAD: Final = timedelta(days=1)
MOST_BEHIND: Final = timedelta(hours=1)


class ClockTrouble(StrEnum):
    """How the clock looks wrong."""

    AHEAD = "clock-ahead"
    BEHIND = "clock-behind"


def clock_trouble(now: datetime, last: datetime) -> ClockTrouble | None:
    """What is wrong with a clock that shows `now`, when the sweep before was at `last`; None when nothing is."""
    if now - last > MOST_AHEAD:
        return ClockTrouble.AHEAD
    if last - now > MOST_BEHIND:
        return ClockTrouble.BEHIND
    return None
