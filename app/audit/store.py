"""The SQL of the audit log. Events are inserted, never updated."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, func, literal_column, or_, select

from app.audit.event import Event
from app.audit.tables import audit_events, audit_leaves, audit_waiting
from app.audit.writing import EventWriter
from app.storage.columns import microseconds
from app.storage.engine import Database, UnitOfWork
from app.storage.hot import HotInsert, Row

_COLUMNS: Final = (
    "tenant",
    "id",
    "at",
    "action",
    "outcome",
    "caller",
    "purpose",
    "subject",
    "record",
    "collection",
    "recipient",
    "case_reference",
    "notice_version",
    "facets",
    "body",
)

_WRITES: Final = ("form:stored", "form:removed", "form:erased")


def _rows(events: Sequence[Event]) -> list[Row]:
    writer = EventWriter()
    return [_row(event, *writer.write(event)) for event in events]


def _row(event: Event, facets: str, body: bytes) -> Row:
    return (
        event.tenant,
        event.id,
        microseconds(event.at),
        event.action.value,
        event.outcome.value,
        event.caller,
        event.purpose,
        event.subject,
        event.record,
        event.collection,
        event.recipient,
        event.case,
        event.notice.version if event.notice else None,
        facets,
        body,
    )


class AuditStore:
    """Rows of `audit_events`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = HotInsert(audit_events, _COLUMNS, queue=audit_waiting)

    @property
    def at_once(self) -> int:
        """How many requests had better share a commit, so that work and waiting overlap; on SQLite nothing overlaps."""
        return 64 if self._database.is_sqlite else 16

    async def insert_alone(self, tenant: str, events: Sequence[Event]) -> None:
        """Inserts events of one tenant in a commit of their own; durable when it returns."""
        await self._database.insert_hot(self._insert, tenant, _rows(events))

    async def insert_with(self, work: UnitOfWork, events: Sequence[Event]) -> None:
        """Inserts events in the transaction of the change they witness."""
        await work.insert(self._insert, _rows(events))

    async def page(
        self, tenant: str, conditions: Sequence[ColumnElement[bool]], limit: int, *, waiting: bool = False
    ) -> list[tuple[Any, bytes]]:
        """Ids and bytes, newest first; with `waiting`, of events that have no leaf yet."""
        statement = (
            select(audit_events.c.id, audit_events.c.body)
            .where(audit_events.c.tenant == tenant, *conditions)
            .order_by(audit_events.c.id.desc())
            .limit(limit)
        )
        if waiting:
            statement = statement.join(audit_waiting, _same_event(audit_waiting))
        return [(row.id, row.body) for row in await self._database.read(tenant, statement)]

    async def recipients(self, work: UnitOfWork, conditions: Sequence[ColumnElement[bool]]) -> list[UUID]:
        """The different recipients of events, by id."""
        column = audit_events.c.recipient
        wanted = audit_events.c.tenant == work.tenant, column.is_not(None), *conditions
        found = await work.execute(select(column).distinct().where(*wanted).order_by(column))
        return list(found.scalars())

    async def writes(self, tenant: str, subject: str) -> list[bytes]:
        """The events that stored or removed fields of a person, in the log's order."""
        given = [audit_events.c.facets.contains(f"|{word}|", autoescape=True) for word in _WRITES]
        statement = (
            select(audit_events.c.body)
            .outerjoin(audit_leaves, _same_event(audit_leaves))
            .where(audit_events.c.tenant == tenant, audit_events.c.subject == subject, or_(*given))
            .order_by(audit_leaves.c.leaf.is_(None), audit_leaves.c.leaf, audit_events.c.id)
        )
        return [row.body for row in await self._database.read(tenant, statement)]

    async def one(self, tenant: str, event_id: Any) -> bytes | None:
        """The bytes of one event."""
        statement = select(audit_events.c.body).where(
            audit_events.c.tenant == tenant, audit_events.c.id == event_id
        )
        rows = await self._database.read(tenant, statement)
        return rows[0].body if rows else None

    async def counts(
        self, tenant: str, conditions: Sequence[ColumnElement[bool]], group: ColumnElement[Any]
    ) -> list[tuple[Any, int]]:
        """How many events for each value of `group`, most first."""
        count = func.count().label("events")
        statement: Select[Any] = (
            select(group.label("grouped"), count)
            .where(audit_events.c.tenant == tenant, *conditions)
            .group_by(literal_column("grouped"))
            .order_by(count.desc(), literal_column("grouped"))
            .limit(1000)
        )
        return [(row.grouped, row.events) for row in await self._database.read(tenant, statement)]


def _same_event(table: Table) -> ColumnElement[bool]:
    return (table.c.tenant == audit_events.c.tenant) & (table.c.id == audit_events.c.id)
