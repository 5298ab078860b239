"""Asking for an approved order. It may ask for what the notice would give once it is approved, of people who exist."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.approvals.approval import Order
from app.approvals.decide import order_events
from app.approvals.store import OrderStore
from app.audit.author import NO_PERSON, Author, Person
from app.audit.event import Action
from app.audit.log import AuditLog, Receipt
from app.kernel.clock import Clock
from app.kernel.duration import Duration
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.ids import new_uuid
from app.notice.active import ActiveNotices
from app.notice.model import Condition, Notice
from app.storage.engine import Database
from app.subjects.store import SubjectStore
from app.vault.find_subject import SubjectFinder
from app.vault.submission import pointer

LONGEST: Final = Duration(days=90)


@dataclass(frozen=True, slots=True)
class OrderWanted:
    """What is asked for. A field is `collection.field`, `collection.*`, or a field's name in every collection that has it."""

    purpose: str
    case: str
    subjects: Sequence[UUID | None]
    fields: Sequence[str]
    expires_in: Duration


class OrderRequester:
    """The use case of asking for an order."""

    def __init__(
        self,
        database: Database,
        store: OrderStore,
        subjects: SubjectStore,
        finder: SubjectFinder,
        notices: ActiveNotices,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = store
        self._subjects = subjects
        self._finder = finder
        self._notices = notices
        self._audit = audit
        self._clock = clock

    async def request(self, author: Author, wanted: OrderWanted) -> tuple[Order, Receipt]:
        """A pending order with its event; `invalid` lists every mistake."""
        notice, now = (await self._notices.table(author.tenant)).notice, self._clock.now()
        chosen = [_named(notice, field) & _approvable(notice, wanted.purpose) for field in wanted.fields]
        people = await self._finder.people(author.tenant, {s for s in wanted.subjects if s})
        expires_at = wanted.expires_in.after(now)
        errors = [
            *_purpose_errors(notice, wanted.purpose),
            *_subject_errors(wanted.subjects, people),
            *_field_errors(notice, wanted, chosen),
        ]
        if not now < expires_at <= LONGEST.after(now):
            errors.append(FieldError("/expires_in", "out-of-range", f"more than nothing, at most {LONGEST}"))
        if errors:
            raise VaultError(Kind.INVALID, "the order cannot be requested; see errors", errors=tuple(errors))
        order = Order(
            id=new_uuid(),
            purpose=wanted.purpose,
            case=wanted.case,
            subjects=frozenset(person.id for person in people),
            fields=frozenset().union(*chosen),
            requested_by=author.caller.id,
            requested_at=now,
            expires_at=expires_at,
        )
        async with self._database.transaction(author.tenant) as work:
            for subject in sorted(order.subjects):  # in one order, so that two calls never wait in a ring
                if await self._subjects.lock(work, subject) is None:
                    raise VaultError(Kind.NOT_FOUND, NO_PERSON)
            await self._store.add(work, order)
            receipts = await self._audit.record(
                work, order_events(author, Action.ORDER_REQUEST, order, people)
            )
        return order, receipts[0]


def _approvable(notice: Notice, purpose: str) -> frozenset[str]:
    """The fields that some grant gives for a purpose once it is approved."""
    grants = [g for g in notice.grants if g.purpose == purpose and Condition.APPROVED in g.when]
    return frozenset(name for grant in grants for name in grant.reads)


def _named(notice: Notice, field: str) -> frozenset[str]:
    known = notice.field_names()
    if field.endswith(".*"):
        return frozenset(name for name in known if name.startswith(field[:-1]))
    return frozenset(name for name in known if field in {name, name.partition(".")[2]})


def _purpose_errors(notice: Notice, purpose: str) -> Iterator[FieldError]:
    if purpose not in notice.purposes:
        yield FieldError("/purpose", "unknown-purpose", "name a purpose of the active notice")
    elif not _approvable(notice, purpose):
        yield FieldError("/purpose", "needs-no-approval", "no grant for this purpose waits for an approval")


def _subject_errors(subjects: Sequence[UUID | None], people: Sequence[Person]) -> Iterator[FieldError]:
    there = {person.id for person in people}
    for i, subject in enumerate(subjects):
        if subject not in there:
            yield FieldError(pointer("subjects", i), "not-found", "there is no such person for you")


def _field_errors(
    notice: Notice, wanted: OrderWanted, chosen: Sequence[frozenset[str]]
) -> Iterator[FieldError]:
    approvable = _approvable(notice, wanted.purpose)
    if not approvable:
        return
    for i, names in enumerate(chosen):
        if not names:
            detail = "an approval opens: " + ", ".join(sorted(approvable))
            yield FieldError(pointer("fields", i), "not-approvable", detail)
