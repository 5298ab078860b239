"""Removing what is past, in small transactions, so that nobody waits for long."""

from typing import Final

from app.kernel.clock import Clock
from app.storage.engine import Database
from app.vault.past_store import Past, remove_past

_AT_ONCE: Final = 500


class Purger:
    """The use case of removing what is past."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def purge(self, tenant: str, kind: Past) -> int:
        """Removes everything of one kind that is past; says how much there was."""
        now, purged, count = self._clock.now(), 0, _AT_ONCE
        while count == _AT_ONCE:
            async with self._database.bookkeeping(tenant) as work:
                count = await remove_past(work, kind, now, _AT_ONCE)
            purged += count
        return purged
