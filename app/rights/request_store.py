"""The SQL of people's requests. They are listed by deadline, the most urgent first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    func,
    insert,
    literal,
    not_,
    select,
    tuple_,
    type_coerce,
    update,
)

from app.kernel.ids import bucket_of
from app.rights.deadline import SHARES, DueWarning, RequestKind
from app.rights.request import TO_DO, PersonRequest, State, Step, moves
from app.rights.tables import requests
from app.storage.columns import Moment, microseconds
from app.storage.engine import Database, UnitOfWork
from app.storage.stored_word import stored_word

Cursor = tuple[datetime, UUID]
"""The deadline and the id of the last request seen."""


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """All conditions must hold. The state `open` stands for every state in which something is still to be done."""

    state: State | None = None
    kind: RequestKind | None = None
    subject: UUID | None = None
    due_before: datetime | None = None
    warning: DueWarning | None = None


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Requests, and where to go on, if there are more."""

    items: list[PersonRequest]
    next: Cursor | None


class RequestStore:
    """Rows of `requests`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, work: UnitOfWork, new: PersonRequest) -> None:
        """Adds an open request."""
        await work.execute(
            insert(requests).values(
                bucket=bucket_of(new.id),
                id=new.id,
                tenant=work.tenant,
                subject=new.subject,
                kind=new.kind.value,
                recipients_involved=new.recipients_involved,
                received_at=new.received_at,
                acknowledge_by=new.acknowledge_by,
                due_at=new.due_at,
                holidays_known=new.holidays_known,
                opened_at=new.opened_at,
                opened_by=new.opened_by,
                opened_words=new.opened_words,
                state=new.state.value,
            )
        )

    async def move(
        self, work: UnitOfWork, request: UUID, step: Step, now: datetime, values: Mapping[str, Any]
    ) -> bool:
        """Takes a step and sets what it brings; False when the request's state, by now, does not allow it."""
        before, after = moves(step)
        first = func.coalesce(requests.c.acknowledged_at, literal(now, Moment))
        statement = update(requests).where(
            *_is(request, work.tenant), requests.c.state.in_([state.value for state in before])
        )
        changes = {"state": after.value, "acknowledged_at": first, **values}
        return bool((await work.execute(statement.values(**changes))).rowcount)

    async def by_id(self, tenant: str, request: UUID) -> PersonRequest | None:
        """One request."""
        rows = await self._database.read(tenant, select(requests).where(*_is(request, tenant)))
        return _request(rows[0]) if rows else None

    async def page(
        self, tenant: str, wanted: RequestFilter, now: datetime, *, limit: int, after: Cursor | None
    ) -> RequestPage:
        """At most `limit` requests, by deadline."""
        place = tuple_(requests.c.due_at, requests.c.id)
        statement = select(requests).where(requests.c.tenant == tenant, *_conditions(wanted, now))
        if after is not None:
            statement = statement.where(place > after)
        rows = await self._database.read(
            tenant, statement.order_by(requests.c.due_at, requests.c.id).limit(limit + 1)
        )
        items = [_request(row) for row in rows[:limit]]
        return RequestPage(items, (items[-1].due_at, items[-1].id) if len(rows) > limit else None)


def _is(request: UUID, tenant: str) -> tuple[ColumnElement[bool], ...]:
    return requests.c.bucket == bucket_of(request), requests.c.id == request, requests.c.tenant == tenant


def _conditions(wanted: RequestFilter, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.state is not None:
        states = TO_DO if wanted.state is State.OPEN else {wanted.state}
        conditions.append(requests.c.state.in_([state.value for state in states]))
    if wanted.kind is not None:
        conditions.append(requests.c.kind == wanted.kind.value)
    if wanted.subject is not None:
        conditions.append(requests.c.subject == wanted.subject)
    if wanted.due_before is not None:
        conditions.append(requests.c.due_at < wanted.due_before)
    if wanted.warning is not None:
        conditions += _at_warning(wanted.warning, now)
    return conditions


def _at_warning(wanted: DueWarning, now: datetime) -> list[ColumnElement[bool]]:
    """That `deadline.warning` says so now of a request that is still to be done."""
    words, to_do = list(SHARES), requests.c.state.in_([state.value for state in TO_DO])
    here = words.index(wanted)
    conditions = [to_do, _reached(wanted, now)] if here else [to_do]
    return [*conditions, *(not_(_reached(word, now)) for word in words[here + 1 : here + 2])]


def _reached(word: DueWarning, now: datetime) -> ColumnElement[bool]:
    received, due = (type_coerce(c, BigInteger) for c in (requests.c.received_at, requests.c.due_at))
    part, of = SHARES[word]
    return (literal(microseconds(now), BigInteger) - received) * of >= (due - received) * part


def _request(row: Row[Any]) -> PersonRequest:
    return PersonRequest(
        id=row.id,
        subject=row.subject,
        kind=stored_word(RequestKind, row.kind),
        recipients_involved=row.recipients_involved,
        received_at=row.received_at,
        acknowledge_by=row.acknowledge_by,
        due_at=row.due_at,
        holidays_known=row.holidays_known,
        opened_at=row.opened_at,
        opened_by=row.opened_by,
        state=stored_word(State, row.state),
        acknowledged_at=row.acknowledged_at,
        extended_at=row.extended_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        certificate=row.certificate,
        opened_words=row.opened_words,
        extended_words=row.extended_words,
        refused_words=row.refused_words,
    )
