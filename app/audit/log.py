"""How an event becomes durable, and the receipt that says so.

A read's event shares one commit with the events that arrive beside it (`append`); a change's event is part of the change's own
transaction (`record`). Nobody else makes a `Receipt`, and a disclosure cannot be built without one.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.audit.event import WITHHELD, Event
from app.audit.length import refuse_too_long
from app.audit.store import AuditStore
from app.storage.coalesce import Coalescer
from app.storage.engine import UnitOfWork

_FEW: Final = 16

Prove = Callable[[UnitOfWork, Collection[str]], Awaitable[None]]
"""Raises unless these requests may still change something: the fence of idempotency keys (`vault/key_fence`)."""


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
    """Appends events. `observe` is told the size of each shared commit, for the metrics; `prove` fences changes."""

    def __init__(self, store: AuditStore, observe: Callable[[int], None], prove: Prove | None = None) -> None:
        self._store = store
        self._observe = observe
        self._prove = prove
        self._commits: Coalescer[Sequence[Event], list[Receipt]] = Coalescer(
            self._commit, largest=store.at_once, in_flight=3
        )

    async def append(self, event: Event) -> Receipt:
        """Makes the event durable together with those that wait beside it; `DatabaseUnavailable` when it is not."""
        refuse_too_long([event])
        return (await self._commits.submit(event.tenant, [event]))[0]

    async def append_all(self, tenant: str, events: Sequence[Event]) -> list[Receipt]:
        """Makes the events of one request durable in one commit: shared when they are few, else their own."""
        refuse_too_long(events)
        if len(events) > _FEW:
            return (await self._commit(tenant, [events]))[0]
        return await self._commits.submit(tenant, events)

    async def record(self, work: UnitOfWork, events: Sequence[Event]) -> list[Receipt]:
        """Puts the events into the change's transaction; the receipts are good once that commits.

        What the fence raises when a request may change nothing any more passes through, and undoes the change.
        """
        if self._prove:
            await self._prove(work, {event.request for event in events if event.request})
        refuse_too_long(events)
        await self._store.insert_with(work, events)
        work.witness()
        return [Receipt(event) for event in events]

    async def drained(self) -> None:
        """Waits until every event under way is durable."""
        await self._commits.drained()

    async def _commit(self, tenant: str, requests: Sequence[Sequence[Event]]) -> list[list[Receipt]]:
        events = [event for request in requests for event in request]
        await self._store.insert_alone(tenant, events)
        self._observe(len(events))
        return [[Receipt(event) for event in request] for request in requests]
