"""A clock that tests set: what takes ten years takes a moment."""

from datetime import UTC, datetime, timedelta


class SetClock:
    """Stands still until it is moved; begins at the machine's time, when the prepared databases were made."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)

    def now(self) -> datetime:
        """The moment it was set to."""
        return self._now

    def forward(self, **time: float) -> None:
        """Moves it by a `timedelta` (`days=1`); back, when that is negative."""
        self._now += timedelta(**time)
