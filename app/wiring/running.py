"""The life of the parts in one process: opened and checked, kept up to date, closed in order."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.notice.active import REFRESH_SECONDS, ActiveNotices
from app.wiring.erase_again import erase_again
from app.wiring.occupancy import in_use
from app.wiring.parts import Parts
from app.wiring.preflight import preflight


@asynccontextmanager
async def running(
    parts: Parts, *, report: Callable[[Exception], None], sequencing: bool = False
) -> AsyncIterator[None]:
    """Opens the database, refuses what start-up must refuse, erases again what an old backup brought back, refreshes the notices
    until the block ends.

    `report` is told of failures of the background work, which goes on. With `sequencing`, this is the worker: it sequences
    the audit log unless the setting turns that off.
    """
    with in_use(parts.database):
        await parts.database.open()
        try:
            await preflight(parts)
            await erase_again(parts, parts.settings.erasure_ledger)
            await parts.erasing.begin(report)
            work = [asyncio.create_task(_refresh(parts.notices, report))]
            if sequences(parts, worker=sequencing):
                work.append(asyncio.create_task(parts.audit_tree.keeper.run(report)))
            try:
                yield
            finally:
                for task in work:
                    task.cancel()
                for outcome in await asyncio.gather(*work, return_exceptions=True):
                    if isinstance(outcome, Exception):
                        report(outcome)
                await parts.audit.drained()
        finally:
            await parts.audit_tree.close()
            parts.passwords.close()
            await parts.database.close()


def sequences(parts: Parts, *, worker: bool) -> bool:
    """Whether this process tries for the audit log's lease: any does, unless the setting leaves it to the worker or nobody."""
    chosen = parts.settings.audit_sequencer
    return chosen == "embedded" or (worker and chosen == "worker")


async def _refresh(notices: ActiveNotices, report: Callable[[Exception], None]) -> None:
    while True:
        await asyncio.sleep(REFRESH_SECONDS)
        try:
            await notices.refresh()
        except Exception as error:  # noqa: BLE001  # the database is away: reported, and asked again in half a second
            report(error)
