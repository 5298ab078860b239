"""How many people one caller may meet in an hour, how often it may search or count: what a stolen key can carry away has an end.

People are counted, not requests: meeting somebody again is free. The hours are those of the clock. Counting is exact across
processes, since it is done in the database; a process remembers whom it has counted in this hour, so that reading one person
again and again writes once. What would pass the limit is refused as a whole, on record, before anything is given.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NoReturn
from uuid import UUID

from app.audit.event import Action, Event, Outcome
from app.audit.log import AuditLog
from app.kernel.clock import Clock
from app.kernel.errors import LimitReached
from app.kernel.ids import new_uuid
from app.storage.engine import Database
from app.vault.budget_store import BudgetStore

Kind = Literal["people", "searches", "statistics"]
WINDOW_SECONDS: Final = 3600
_DETAIL: Final = {
    "people": "you have met as many people as you may in an hour; ask for those you need, or wait for the next hour",
    "searches": "you have searched as often as you may in an hour; wait for the next hour",
    "statistics": "you have counted people as often as you may in an hour; wait for the next hour",
}


@dataclass(frozen=True, slots=True)
class Left:
    """What a caller may still do under a policy in this hour, as far as this process knows."""

    policy: Kind
    most: int
    left: int
    seconds: int


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
        statistics: int | None,
    ) -> None:
        self._database = database
        self._store = store
        self._audit = audit
        self._clock = clock
        self._people = people
        self._searches = searches
        self._statistics = statistics
        self._met_in = 0
        self._met: dict[tuple[str, UUID | None], set[str]] = {}
        self._spent: dict[tuple[str, UUID], tuple[int, dict[Kind, tuple[int, int]]]] = {}

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

    async def count(self, event: Event) -> None:
        """Returns when the caller may make the count of this event, about to be recorded; `LimitReached` otherwise."""
        if self._statistics is not None:
            await self._spend("statistics", self._statistics, {event.id.hex}, event)

    def left(self, tenant: str, caller: UUID) -> list[Left]:
        """What is left of each budget that this process has seen the caller use in this hour; no query.

        What the caller spends through other processes meanwhile shows when it next spends here.
        """
        hour, spent = self._spent.get((tenant, caller), (0, {}))
        now = self._seconds()
        if hour != now // WINDOW_SECONDS:
            return []
        seconds = WINDOW_SECONDS - now % WINDOW_SECONDS
        return [Left(kind, most, max(most - count, 0), seconds) for kind, (most, count) in spent.items()]

    def _met_this_hour(self, event: Event) -> set[str]:
        hour = self._seconds() // WINDOW_SECONDS
        if hour != self._met_in:
            # Everybody at once: a customer's session does not come back in the next hour to clear its own.
            self._met_in, self._met = hour, {}
        return self._met.setdefault((event.tenant, event.caller), set())

    async def _spend(self, kind: Kind, most: int, items: Collection[str], event: Event) -> None:
        if event.caller is None:
            raise TypeError("what is disclosed is disclosed to a caller")
        hour = self._seconds() // WINDOW_SECONDS
        async with self._database.bookkeeping(event.tenant) as work:
            spent = await self._store.spend(work, event.caller, hour, kind, items, most)
        if spent is None:
            await self._refuse(kind, most, event)
        elif spent:
            known, counts = self._spent.get((event.tenant, event.caller), (hour, {}))
            counts = {**(counts if known == hour else {}), kind: (most, spent)}
            self._spent[event.tenant, event.caller] = (hour, counts)

    async def _refuse(self, kind: Kind, most: int, event: Event) -> NoReturn:
        exceeded = event._replace(
            id=new_uuid(),
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
