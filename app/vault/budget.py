"""How many people one caller may meet in an hour, and how often it may search: what a stolen key can carry away has an end.

People are counted, not requests: meeting somebody again is free. The hours are those of the clock. Counting is exact across
processes, since it is done in the database; a process remembers whom it has counted in this hour, so that reading one person
again and again writes once. What would pass the limit is refused as a whole, on record, before anything is given.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final, Literal, NoReturn
from uuid import UUID

from app.audit.event import Action, Event, Outcome
from app.audit.log import AuditLog
from app.kernel.clock import Clock
from app.kernel.errors import LimitReached
from app.kernel.ids import new_uuid, random_bucket
from app.storage.engine import Database
from app.vault.budget_store import BudgetStore

Kind = Literal["people", "searches"]
WINDOW_SECONDS: Final = 3600
_DETAIL: Final = {
    "people": "you have met as many people as you may in an hour; ask for those you need, or wait for the next hour",
    "searches": "you have searched as often as you may in an hour; wait for the next hour",
}


class Budget:
    """The budgets of all callers. None for a limit means that nothing is counted, and costs nothing."""

    def __init__(
        self,
        database: Database,
        store: BudgetStore,
        audit: AuditLog,
        clock: Clock,
        *,
        people: int | None,
        searches: int | None,
    ) -> None:
        self._database = database
        self._store = store
        self._audit = audit
        self._clock = clock
        self._people = people
        self._searches = searches
        self._met: dict[tuple[str, UUID | None], tuple[int, set[str]]] = {}

    async def meet(self, disclosures: Sequence[Event]) -> None:
        """Returns when the caller may meet all the people of these events, about to be recorded; `LimitReached` otherwise."""
        if self._people is None or not disclosures:
            return
        first = disclosures[0]
        met = self._met_this_hour(first)
        new = {event.subject for event in disclosures if event.subject} - met
        if new:
            await self._spend("people", self._people, new, first)
            met |= new

    async def search(self, event: Event) -> None:
        """Returns when the caller may make the search of this event, about to be recorded; `LimitReached` otherwise."""
        if self._searches is not None:
            await self._spend("searches", self._searches, {event.id.hex}, event)

    def _met_this_hour(self, event: Event) -> set[str]:
        hour = self._seconds() // WINDOW_SECONDS
        known, met = self._met.get((event.tenant, event.caller), (hour, set[str]()))
        if known != hour:
            met = set()
        self._met[event.tenant, event.caller] = (hour, met)
        return met

    async def _spend(self, kind: Kind, most: int, items: Collection[str], event: Event) -> None:
        if event.caller is None:
            raise TypeError("what is disclosed is disclosed to a caller")
        hour = self._seconds() // WINDOW_SECONDS
        async with self._database.bookkeeping(event.tenant) as work:
            within = await self._store.spend(work, event.caller, hour, kind, items, most)
        if not within:
            await self._refuse(kind, most, event)

    async def _refuse(self, kind: Kind, most: int, event: Event) -> NoReturn:
        exceeded = replace(
            event,
            id=new_uuid(random_bucket()),
            action=Action.BUDGET_EXCEED,
            outcome=Outcome.DENIED,
            subject=None,
            record=None,
            fields={},
            inputs={},
            reason=kind + "-per-hour",
        )
        receipt = await self._audit.append(exceeded)
        raise LimitReached(
            _DETAIL[kind],
            policy=kind,
            most=most,
            window=WINDOW_SECONDS,
            seconds=WINDOW_SECONDS - self._seconds() % WINDOW_SECONDS,
            event=receipt.event.id,
        )

    def _seconds(self) -> int:
        return int(self._clock.now().timestamp())
