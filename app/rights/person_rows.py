"""Everything the vault stores of one person, as rows: locked together, removed in the order the foreign keys allow, put to rest.

Does as it is told; what goes and why is decided by whoever calls.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.approvals.store import OrderStore
from app.identity.session_store import SessionStore
from app.rights.choice import HeldPerson
from app.storage.engine import UnitOfWork
from app.subjects.assignment_store import AssignmentStore
from app.subjects.binding import Binding, Cause
from app.subjects.consent import live, withdrawal
from app.subjects.store import SubjectStore
from app.vault.change_store import ChangeStore
from app.vault.record import HeldRecord


@dataclass(frozen=True, slots=True)
class Rested:
    """What was ended for a person of whom something stays: record → purposes closed, purposes whose consents were withdrawn."""

    closed: Mapping[UUID, set[str]]
    consents: set[str]


class PersonRows:
    """One person's rows in every table, within a unit of work."""

    def __init__(
        self,
        people: SubjectStore,
        records: ChangeStore,
        sessions: SessionStore,
        assignments: AssignmentStore,
        orders: OrderStore,
    ) -> None:
        self._people = people
        self._records = records
        self._sessions = sessions
        self._assignments = assignments
        self._orders = orders

    async def lock(self, work: UnitOfWork, subject: UUID) -> HeldPerson | None:
        """The person and their records, as nobody else changes or adds to them until the unit of work ends; None without one."""
        person = await self._people.lock(work, subject, alone=True)
        if person is None:
            return None
        found = await self._records.locked(work, subject)
        bindings: dict[UUID, list[Binding]] = {}
        for binding in await self._people.locked_bindings(work, [head.id for head, _ in found]):
            bindings.setdefault(binding.record, []).append(binding)
        records = [
            HeldRecord(head.id, head.collection, head.created_at, names, bindings.get(head.id, []))
            for head, names in found
        ]
        return HeldPerson(person, records)

    async def remove(
        self, work: UnitOfWork, held: HeldPerson, gone: Mapping[UUID, Collection[str]], now: datetime
    ) -> list[HeldRecord]:
        """Removes fields, the records left without one, and the person left without a record; the records that stay."""
        left = []
        for record in held.records:
            names = set(record.fields).intersection(gone.get(record.id, ()))
            if len(names) == len(record.fields):
                await self._records.delete_record(work, record.id)
                continue
            left.append(record)
            if names:
                await self._records.erase_fields(work, record.id, record.collection, sorted(names), now)
        if not left:
            await self._sessions.remove(work, held.person.id)
            await self._orders.remove_person(work, held.person.id)
            await self._people.remove(work, held.person.id)
        return left

    async def rest(
        self,
        work: UnitOfWork,
        subject: UUID,
        bindings: Collection[Binding],
        notice_version: int,
        by: UUID,
        now: datetime,
    ) -> Rested:
        """Closes these bindings, withdraws every consent, ends sessions and assignments."""
        closed: dict[UUID, set[str]] = {}
        for binding in await self._people.close_bindings(work, list(bindings), Cause.ERASURE, now):
            closed.setdefault(binding.record, set()).add(binding.purpose)
        ledger = await self._people.locked_ledger(work, subject)
        standing = live(ledger, {entry.purpose for entry in ledger})
        await self._people.add_consents(
            work,
            [withdrawal(subject, given.purpose, given.id, notice_version, now, by) for given in standing],
        )
        await self._sessions.end(work, subject, now)
        await self._assignments.end(work, subject, None, None, now)
        return Rested(closed, {given.purpose for given in standing})
