"""How an event becomes durable, and the receipt that says so.

A read's event shares one commit with the events that arrive beside it (`append`); a change's event is part of the change's own
transaction (`record`). Nobody else makes a `Receipt`, and a disclosure cannot be built without one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.audit.event import WITHHELD, Event
from app.audit.store import AuditStore
from app.storage.coalesce import Coalescer
from app.storage.engine import UnitOfWork


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof for the caller that an event is on record: which event, decided by which notice, under which clauses."""

    event: Event

    @property
    def clauses(self) -> Mapping[str, str]:
        """The clause that carries each field handed out or written."""
        traces = self.event.fields.items()
        return {name: trace.clause for name, trace in traces if trace.clause and trace.given != WITHHELD}


class AuditLog:
    """Appends events. `observe` is told the size of each shared commit, for the metrics."""

    def __init__(self, store: AuditStore, observe: Callable[[int], None]) -> None:
        self._store = store
        self._observe = observe
        self._commits: Coalescer[Event, Receipt] = Coalescer(self._commit, largest=64, in_flight=3)

    async def append(self, event: Event) -> Receipt:
        """Makes the event durable together with those that wait beside it; `DatabaseUnavailable` when it is not."""
        return await self._commits.submit(event.tenant, event)

    async def append_all(self, tenant: str, events: Sequence[Event]) -> list[Receipt]:
        """Makes the events of one request durable in one commit of their own."""
        await self._store.insert_alone(tenant, events)
        self._observe(len(events))
        return [Receipt(event) for event in events]

    async def record(self, work: UnitOfWork, events: Sequence[Event]) -> list[Receipt]:
        """Puts the events into the change's transaction; the receipts are good once that commits."""
        await self._store.insert_with(work, events)
        work.witness()
        return [Receipt(event) for event in events]

    async def drained(self) -> None:
        """Waits until every event under way is durable."""
        await self._commits.drained()

    async def _commit(self, tenant: str, events: list[Event]) -> Sequence[Receipt]:
        return await self.append_all(tenant, events)
