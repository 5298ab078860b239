"""The sweep: has everything erased whose time has come, person by person, each in a transaction of its own.

What goes is decided again under each person's lock, by the notice that is active then, for the time at which the sweep began. It
may stop anywhere: what is left is due in the next one, and two at once find nothing to do twice. It begins with an event, by
which the next one knows that the clock can be believed (`clock_check`); where it cannot, that event says so and nothing is
erased. A person whose data cannot be erased is counted and passed over, so that they keep nobody else's.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from app.audit.event import Action, Event, Outcome
from app.audit.log import AuditLog, Receipt
from app.audit.query import AuditQuery, Filter
from app.kernel.clock import Clock
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import new_uuid
from app.retention.clock_check import ClockTrouble, clock_trouble
from app.retention.due import Rule, fallen
from app.retention.find_due import Active, DueFinder
from app.retention.store import AT_ONCE
from app.rights.certificate import Cause
from app.rights.choice import Choice, Choose, Gone, HeldPerson, Kept
from app.rights.erase import Eraser
from app.storage.failures import DatabaseUnavailable
from app.vault.keeping import keepers
from app.vault.record import HeldRecord

_NO_TENANT: Final = "there is no such tenant; create it with `kin tenant create`"


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep did: of how many people something was erased, of how many all and the key, and of how many it failed."""

    trouble: ClockTrouble | None
    receipt: Receipt
    people: int = 0
    destroyed: int = 0
    failed: int = 0


def by_time(rule: Rule, now: datetime) -> Choose:
    """What the clock takes, and what keeps the rest."""

    def choose(held: HeldPerson) -> Choice:
        gone = {
            record.id: {
                name: Gone(one.clause, one.purpose) for name, one in fallen(rule, record, now).items()
            }
            for record in held.records
        }
        kept = {record.id: _kept(rule, record, now) for record in held.records}
        return Choice({record: fields for record, fields in gone.items() if fields}, kept)

    return choose


def _kept(rule: Rule, record: HeldRecord, now: datetime) -> dict[str, list[Kept]]:
    keeping = {
        name: [
            Kept.by(keeper)
            for keeper in keepers(rule.notice, record.collection, name, record.bindings)
            if keeper.until is None or now < keeper.until
        ]
        for name in record.fields
    }
    return {name: reasons for name, reasons in keeping.items() if reasons}


class Sweeper:
    """The use case of erasing what has fallen due."""

    def __init__(
        self, finder: DueFinder, eraser: Eraser, log: AuditQuery, audit: AuditLog, clock: Clock
    ) -> None:
        self._finder = finder
        self._eraser = eraser
        self._log = log
        self._audit = audit
        self._clock = clock

    async def trouble(self, tenant: str) -> ClockTrouble | None:
        """Whether a sweep would stand still now: the clock looks wrong, or none has run for a day. Without a tenant: no."""
        last = await self._last(tenant)
        return clock_trouble(self._clock.now(), last) if last else None

    async def run(
        self, tenant: str, *, clock_is_right: bool = False, seen: Callable[[int], None] = lambda _: None
    ) -> Sweep:
        """Sweeps a tenant once. `clock_is_right` is an operator's word for a clock that looks wrong; `seen` is told of people
        as they are gone through.
        """
        now, last = self._clock.now(), await self._last(tenant)
        if last is None:
            raise VaultError(Kind.INVALID, _NO_TENANT)
        trouble = None if clock_is_right else clock_trouble(now, last)
        receipt = await self._audit.append(_begun(tenant, now, trouble, confirmed=clock_is_right))
        sweep = Sweep(trouble, receipt)
        if trouble:
            return sweep
        async for step in self._finder.people(tenant, now):
            active = step.active
            for person in step.due:
                active = await self._finder.active(tenant, active)
                sweep = await self._erase(sweep, tenant, person, active, now)
            seen(AT_ONCE)
        return sweep

    async def population(self, tenant: str) -> int:
        """How many people a sweep goes through."""
        return await self._finder.population(tenant)

    async def count(self, tenant: str) -> int:
        """Of how many people a sweep would erase something now."""
        return sum([len(step.due) async for step in self._finder.people(tenant, self._clock.now())])

    async def _erase(self, sweep: Sweep, tenant: str, person: UUID, active: Active, now: datetime) -> Sweep:
        choose = by_time(active.rule, now)
        try:
            done = await self._eraser.erase(tenant, person, active.table, choose, Cause.TIME)
        except VaultError as error:
            if isinstance(error, DatabaseUnavailable):
                await self._last(
                    tenant
                )  # raises where the database answers nobody, and not only this person's erasure
            return replace(sweep, failed=sweep.failed + 1)
        if done is None:
            return sweep
        return replace(
            sweep, people=sweep.people + 1, destroyed=sweep.destroyed + done.certificate.key_destroyed
        )

    async def _last(self, tenant: str) -> datetime | None:
        """When the last sweep began that was not stopped; before the first one, when the tenant was made; None: it was not."""
        for action in (Action.RETENTION_SWEEP, Action.TENANT_CREATE):
            wanted = Filter(action=action.value, outcome=Outcome.ALLOWED.value)
            page = await self._log.page(tenant, wanted, limit=1)
            if page.items:
                return datetime.fromisoformat(page.items[0]["at"])
        return None


def _begun(tenant: str, now: datetime, trouble: ClockTrouble | None, *, confirmed: bool) -> Event:
    return Event(
        id=new_uuid(),
        at=now,
        tenant=tenant,
        action=Action.RETENTION_SWEEP,
        outcome=Outcome.DENIED if trouble else Outcome.ALLOWED,
        inputs={"confirmed": True} if confirmed else {},
        reason=trouble.value if trouble else None,
    )
