"""The SQL of a first look for what has fallen due: over `records`, `bindings` and the names of fields, never over their values.

It finds a little too much and misses nothing (`due.ended_before`); `due.due` decides. People and records are gone through in
the order of their keys (bucket, id), a bounded number a statement, so that a large vault is looked at in small steps.
"""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Exists,
    Table,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    tuple_,
    union,
)

from app.kernel.ids import bucket_of
from app.notice.model import Purpose
from app.retention.due import Rule, ended_before
from app.storage.engine import Database
from app.subjects.binding import Cause, State
from app.subjects.tables import bindings, subjects
from app.vault.record_list import RecordHead, record_head
from app.vault.tables import field_values, records

_LAST_BUCKET: Final = (1 << 12) - 1
AT_ONCE: Final = 500
"""How many people or records a statement goes through."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record of which something may be due, whose it is, and whether a hold stands on that person."""

    subject: UUID
    held: bool
    record: RecordHead


@dataclass(frozen=True, slots=True)
class Span:
    """The keys after one id up to another, that one included (None: from the beginning, to the end)."""

    after: UUID | None
    last: UUID | None


class DueStore:
    """Reads what a first look needs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def spans_of_people(self, tenant: str) -> AsyncIterator[Span]:
        """All people of the tenant, `AT_ONCE` in a span."""
        return self._spans(subjects, tenant, None)

    def spans_of_records(self, tenant: str, after: UUID | None) -> AsyncIterator[Span]:
        """The tenant's records after one, `AT_ONCE` in a span."""
        return self._spans(records, tenant, after)

    async def people(self, tenant: str, rule: Rule, before: datetime, span: Span) -> list[UUID]:
        """Those without a hold who may have something to erase at that moment, or have had no record for a grace."""
        theirs = (
            records.c.bucket == subjects.c.bucket,
            records.c.subject == subjects.c.id,
            records.c.tenant == tenant,
            _near(records, span),
        )
        these = subjects.c.tenant == tenant, ~subjects.c.held, *_within(subjects, span.after, span.last)
        grace = rule.notice.retention.grace.shortest
        something = (
            select(subjects.c.id)
            .join(records, and_(*theirs))
            .where(*these, _has_a_free_field(tenant, rule, before, span))
        )
        nothing = select(subjects.c.id).where(
            *these, subjects.c.created_at <= before - grace, ~exists().where(*theirs).correlate(subjects)
        )
        rows = await self._database.read(tenant, union(something, nothing))
        return sorted((row.id for row in rows), key=lambda person: (bucket_of(person), person))

    async def records(self, tenant: str, rule: Rule, before: datetime, span: Span) -> list[Candidate]:
        """Records, of people with a hold too, of which something may be due at that moment."""
        free = _has_a_free_field(tenant, rule, before, span)
        return await self._candidates(tenant, *_within(records, span.after, span.last), free)

    async def records_of(self, tenant: str, people: Collection[UUID]) -> list[Candidate]:
        """All records of these people."""
        buckets = {bucket_of(subject) for subject in people}
        return await self._candidates(tenant, records.c.bucket.in_(buckets), records.c.subject.in_(people))

    async def _candidates(self, tenant: str, *conditions: ColumnElement[bool]) -> list[Candidate]:
        person = (subjects.c.bucket == records.c.bucket) & (subjects.c.id == records.c.subject)
        statement = (
            select(records, subjects.c.held)
            .join(subjects, person)
            .where(records.c.tenant == tenant, *conditions)
            .order_by(records.c.bucket, records.c.id)
        )
        rows = await self._database.read(tenant, statement)
        return [Candidate(row.subject, row.held, record_head(row)) for row in rows]

    async def count_people(self, tenant: str) -> int:
        """How many people there are."""
        statement = select(func.count()).select_from(subjects).where(subjects.c.tenant == tenant)
        return int((await self._database.read(tenant, statement))[0][0])

    async def _spans(self, table: Table, tenant: str, after: UUID | None) -> AsyncIterator[Span]:
        while True:
            statement = (
                select(table.c.id)
                .where(table.c.tenant == tenant, *_within(table, after, None))
                .order_by(table.c.bucket, table.c.id)
                .offset(AT_ONCE - 1)
                .limit(1)
            )
            rows = await self._database.read(tenant, statement)
            last = rows[0].id if rows else None
            yield Span(after, last)
            if last is None:
                return
            after = last


def _within(table: Table, after: UUID | None, last: UUID | None) -> list[ColumnElement[bool]]:
    key = tuple_(table.c.bucket, table.c.id)
    conditions = [key > _key(table, after)] if after else []
    return [*conditions, *([key <= _key(table, last)] if last else [])]


def _key(table: Table, row: UUID) -> Any:
    return tuple_(literal(bucket_of(row), table.c.bucket.type), literal(row, table.c.id.type))


def _near(table: Table, span: Span) -> ColumnElement[bool]:
    """In the buckets of a span. Says nothing new; without it a planner may read a whole table for each span."""
    return table.c.bucket.between(
        bucket_of(span.after) if span.after else 0, bucket_of(span.last) if span.last else _LAST_BUCKET
    )


def _has_a_free_field(tenant: str, rule: Rule, before: datetime, span: Span) -> Exists:
    """Whether a record has a field that no binding keeps from being erased at that moment."""
    place = records.c.collection + literal(".") + field_values.c.field
    purposes = [purpose for purpose in rule.notice.purposes.values() if purpose.covers]
    keeps = or_(false(), *(_keeps(rule, purpose, before, place) for purpose in purposes))
    kept = exists().where(
        bindings.c.bucket == records.c.bucket,
        bindings.c.record == records.c.id,
        bindings.c.tenant == tenant,
        _near(bindings, span),
        keeps,
    )
    return (
        exists()
        .where(
            field_values.c.bucket == records.c.bucket,
            field_values.c.record == records.c.id,
            field_values.c.tenant == tenant,
            _near(field_values, span),
            ~kept.correlate(records, field_values),
        )
        .correlate(records)
    )


def _keeps(rule: Rule, purpose: Purpose, before: datetime, place: ColumnElement[str]) -> ColumnElement[bool]:
    closed_after, opened_after = ended_before(rule, purpose, before)
    still_keeps = bindings.c.closed_because != Cause.ERASURE.value
    conditions = [
        bindings.c.purpose == purpose.name,
        place.in_(sorted(purpose.covers)),
        or_(bindings.c.state == State.OPEN.value, and_(still_keeps, bindings.c.closed_at > closed_after)),
    ]
    return and_(*conditions, *([bindings.c.opened_at > opened_after] if opened_after else []))
