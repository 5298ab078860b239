"""What the clock will erase, and why: for those who answer for it. People under a hold are shown with their hold.

Records come in the order of their keys (bucket, id): all of a person's in one bucket, not side by side. A page is bounded in what
it looks at as well as in what it shows: it may be short, or empty, and there may still be more. Asking is on record.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.audit.event import Event
from app.audit.log import AuditLog, Receipt
from app.retention.find_due import DueFinder, DueRecord

_MOST_STEPS: Final = 20


@dataclass(frozen=True, slots=True)
class DuePage:
    """Records of which something falls due, and the id of the record to go on after, if there may be more."""

    items: Sequence[DueRecord]
    next: UUID | None
    receipt: Receipt


class Previewer:
    """The use case of looking ahead."""

    def __init__(self, finder: DueFinder, audit: AuditLog) -> None:
        self._finder = finder
        self._audit = audit

    async def page(self, asked: Event, before: datetime, *, limit: int, after: UUID | None) -> DuePage:
        """At most `limit` records with a field to be erased by a moment; `asked` is the event of who wants to know."""
        receipt = await self._audit.append(asked)
        rule = await self._finder.rule(asked.tenant)
        items: list[DueRecord] = []
        steps = 0
        async for found, last in self._finder.records(asked.tenant, rule, before, after):
            items += found
            if len(items) > limit:
                return DuePage(items[:limit], items[limit - 1].id, receipt)
            steps += 1
            if steps == _MOST_STEPS:
                return DuePage(items, last, receipt)
        return DuePage(items, None, receipt)

    async def all(self, asked: Event, before: datetime) -> AsyncIterator[DueRecord]:
        """Every such record, in a memory that does not grow with their number."""
        await self._audit.append(asked)
        rule = await self._finder.rule(asked.tenant)
        async for found, _ in self._finder.records(asked.tenant, rule, before):
            for record in found:
                yield record
