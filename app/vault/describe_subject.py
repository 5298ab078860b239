"""What the vault knows of a person without opening a field: standing, records, purposes, consents, holds, assignments; and who
looked at their data, from the audit log.

Asking is on record. A customer who asks about themselves is not shown legal holds and assignments of staff.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from app.audit.author import NO_PERSON, Author, Person
from app.audit.event import Action, Outcome
from app.audit.log import AuditLog, Receipt
from app.audit.query import AuditQuery, Filter
from app.crypto.refused import Refused
from app.kernel.clock import Clock
from app.kernel.errors import Kind, VaultError
from app.kernel.plaintext import Plaintext
from app.notice.active import ActiveNotices
from app.notice.table import DecisionTable
from app.subjects.assignment import Assignment
from app.subjects.assignment_store import AssignmentStore
from app.subjects.binding import Binding, Cause, State
from app.subjects.consent import Consent
from app.subjects.hold import Hold
from app.subjects.hold_store import HoldStore
from app.subjects.place_hold import HOLD
from app.subjects.restrict import RESTRICTION
from app.subjects.store import SubjectStore
from app.subjects.subject import Subject
from app.subjects.words import open_words
from app.vault.find_subject import SubjectFinder
from app.vault.open_binding import CLOSED
from app.vault.record_list import RecordHead, RecordList
from app.vault.sealing import RecordCipher

LEARNS: Final = frozenset(
    {
        Action.RECORD_DISCLOSE.value,
        Action.RECORD_SEARCH.value,
        Action.RECORD_VERIFY.value,
        Action.TOKEN_ISSUE.value,
        Action.TOKEN_RESOLVE.value,
    }
)
"""The actions by which somebody can have learnt something of a person."""


@dataclass(frozen=True, slots=True)
class BindingView:
    """A binding as people see it: its reference and reason opened, time taken into account."""

    binding: Binding
    collection: str
    reference: Plaintext | None
    reason: Plaintext | None


@dataclass(frozen=True, slots=True)
class HoldView:
    """A hold with its reason opened."""

    hold: Hold
    reason: Plaintext


@dataclass(frozen=True, slots=True)
class SubjectPage:
    """A person without their fields. `holds` and `assignments` are None for the person themselves."""

    subject: Subject
    restriction: Plaintext | None
    records: Sequence[RecordHead]
    bindings: Sequence[BindingView]
    ledger: Sequence[Consent]
    holds: Sequence[HoldView] | None
    assignments: Sequence[Assignment] | None
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Accesses:
    """Events about a person, newest first, as the log has them; `records` are handles to ids of what is still stored."""

    items: Sequence[Mapping[str, Any]]
    records: Mapping[str, UUID]
    next: UUID | None
    receipt: Receipt


class SubjectDescriber:
    """The use cases of looking at a person."""

    def __init__(
        self,
        people: SubjectStore,
        records: RecordList,
        holds: HoldStore,
        assignments: AssignmentStore,
        finder: SubjectFinder,
        notices: ActiveNotices,
        audit: AuditLog,
        log: AuditQuery,
        clock: Clock,
    ) -> None:
        self._people = people
        self._records = records
        self._holds = holds
        self._assignments = assignments
        self._finder = finder
        self._notices = notices
        self._audit = audit
        self._log = log
        self._clock = clock

    async def find(self, author: Author, reference: Plaintext) -> tuple[UUID, Receipt]:
        """The person the shop calls so; `not-found` otherwise. Either is on record."""
        now = self._clock.now()
        subject = await self._finder.by_reference(author.tenant, reference)
        people = await self._finder.people(author.tenant, {subject} if subject else set())
        if not people:
            await self._audit.append(
                author.event(Action.SUBJECT_FIND, now, outcome=Outcome.DENIED, reason="not-found")
            )
            raise VaultError(Kind.NOT_FOUND, NO_PERSON)
        receipt = await self._audit.append(author.event(Action.SUBJECT_FIND, now, person=people[0]))
        return people[0].id, receipt

    async def page(self, author: Author, subject: UUID) -> SubjectPage:
        """The page of a person; `not-found` when there is none, `unavailable` when something sealed does not open."""
        tenant, person = author.tenant, await self._finder.person(author.tenant, subject)
        stored, table = await self._people.by_id(tenant, subject), await self._notices.table(tenant)
        if stored is None:
            raise VaultError(Kind.NOT_FOUND, NO_PERSON)
        records = await self._records.of(tenant, subject)
        bindings = await self._people.bindings_of_records(tenant, [record.id for record in records])
        hidden = author.caller.subject is not None
        holds = [] if hidden else await self._holds.of_subject(tenant, subject)
        assignments = [] if hidden else await self._assignments.of_subject(tenant, subject)
        opener = _Opener(tenant, person, {record.id: record.collection for record in records})
        try:
            return SubjectPage(
                subject=stored,
                restriction=opener.words(subject, RESTRICTION, stored.restricted_words),
                records=records,
                bindings=[opener.binding(_as_of(table, b, self._clock.now())) for b in bindings],
                ledger=await self._people.ledger(tenant, subject),
                holds=None if hidden else [opener.hold(hold) for hold in holds],
                assignments=None if hidden else assignments,
                receipt=await self._audit.append(
                    author.event(Action.SUBJECT_READ, self._clock.now(), person=person, about="page")
                ),
            )
        except Refused:
            raise VaultError(Kind.UNAVAILABLE, _DAMAGED) from None

    async def accesses(
        self, author: Author, subject: UUID, *, outside: bool, limit: int, after: UUID | None
    ) -> Accesses:
        """Who read what of a person, and why; with `outside` only what went to recipients outside the shop."""
        tenant, person = author.tenant, await self._finder.person(author.tenant, subject)
        wanted = Filter(subject=person.handle(), actions=LEARNS, outside=outside)
        page = await self._log.page(tenant, wanted, limit=limit, after=after)
        records = await self._records.of(tenant, subject)
        about = "recipients" if outside else "accesses"
        receipt = await self._audit.append(
            author.event(Action.SUBJECT_READ, self._clock.now(), person=person, about=about)
        )
        return Accesses(
            page.items, {person.handle(record.id): record.id for record in records}, page.next, receipt
        )


@dataclass(frozen=True, slots=True)
class _Opener:
    """Opens what is sealed beside a person's fields."""

    tenant: str
    person: Person
    collections: Mapping[UUID, str]

    def words(self, thing: UUID, use: str, envelope: bytes | None) -> Plaintext | None:
        if envelope is None:
            return None
        return open_words(self.person.keys.field, self.tenant, self.person.id, thing, use, envelope)

    def hold(self, hold: Hold) -> HoldView:
        keys, subject = self.person.keys, self.person.id
        return HoldView(hold, open_words(keys.field, self.tenant, subject, hold.id, HOLD, hold.words))

    def binding(self, binding: Binding) -> BindingView:
        collection, keys = self.collections[binding.record], self.person.keys
        sealed, reference = binding.reference_sealed, None
        if sealed is not None:
            cipher = RecordCipher(keys.field, self.tenant, self.person.id, binding.record, collection)
            reference = cipher.open_sealed(f"binding.{binding.id}", 1, sealed)
        return BindingView(
            binding, collection, reference, self.words(binding.id, CLOSED, binding.closed_words)
        )


def _as_of(table: DecisionTable, binding: Binding, now: datetime) -> Binding:
    """The binding, closed if its purpose has run out by itself."""
    purpose = table.notice.purposes.get(binding.purpose)
    ends = purpose.closes_after.after(binding.opened_at) if purpose and purpose.closes_after else None
    if binding.state is State.CLOSED or ends is None or now < ends:
        return binding
    return replace(binding, state=State.CLOSED, closed_at=ends, closed_because=Cause.TIME)


_DAMAGED: Final = "something stored about this person does not pass its integrity check; tell the operator"
