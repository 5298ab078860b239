"""The SQL of the audit log. Events are inserted, never updated."""

from collections.abc import Sequence
from sys import maxsize
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal_column, or_, select

from app.audit.event import Event
from app.audit.leaf_store import LeafStore
from app.audit.tables import audit_events, audit_waiting
from app.audit.waiting import Written, waiting_rows
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

_WAITING: Final = ("tenant", "id", "entries", "words")

_WRITES: Final = ("form:stored", "form:removed", "form:erased")


def _rows(events: Sequence[Event]) -> tuple[list[Row], list[Row]]:
    """The rows of the events, and those in which they wait."""
    writer = EventWriter()
    written = [Written(event, *writer.write(event)) for event in events]
    waiting = [(events[0].tenant, *row) for row in waiting_rows(written)] if events else []
    return [_row(*one) for one in written], waiting


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
        self._leaves = LeafStore(database)
        self._insert = HotInsert(audit_events, _COLUMNS, beside=(audit_waiting, _WAITING))

    @property
    def at_once(self) -> int:
        """How many requests had better share a commit, so that work and waiting overlap; on SQLite nothing overlaps."""
        return 64 if self._database.is_sqlite else 16

    async def insert_alone(self, tenant: str, events: Sequence[Event]) -> None:
        """Inserts events of one tenant in a commit of their own; durable when it returns."""
        await self._database.insert_hot(self._insert, tenant, *_rows(events))

    async def insert_with(self, work: UnitOfWork, events: Sequence[Event]) -> None:
        """Inserts events in the transaction of the change they witness."""
        await work.insert(self._insert, *_rows(events))

    async def page(
        self, tenant: str, conditions: Sequence[ColumnElement[bool]], limit: int
    ) -> list[tuple[UUID, bytes]]:
        """Ids and bytes, newest first."""
        statement = (
            select(audit_events.c.id, audit_events.c.body)
            .where(audit_events.c.tenant == tenant, *conditions)
            .order_by(audit_events.c.id.desc())
            .limit(limit)
        )
        return [(row.id, row.body) for row in await self._database.read(tenant, statement)]

    async def page_of_waiting(
        self, tenant: str, conditions: Sequence[ColumnElement[bool]], limit: int
    ) -> list[tuple[UUID, bytes]]:
        """As `page`, from the oldest event on that has no leaf yet."""
        oldest = select(audit_waiting.c.id).where(audit_waiting.c.tenant == tenant)
        found = await self._database.read(tenant, oldest.order_by(audit_waiting.c.id).limit(1))
        if not found:
            return []
        return await self.page(tenant, [audit_events.c.id >= found[0].id, *conditions], limit)

    async def recipients(self, work: UnitOfWork, conditions: Sequence[ColumnElement[bool]]) -> list[UUID]:
        """The different recipients of events, by id."""
        column = audit_events.c.recipient
        wanted = audit_events.c.tenant == work.tenant, column.is_not(None), *conditions
        found = await work.execute(select(column).distinct().where(*wanted).order_by(column))
        return list(found.scalars())

    async def writes(self, tenant: str, subject: str) -> list[bytes]:
        """The events that stored or removed fields of a person, in the log's order."""
        given = [audit_events.c.facets.contains(f"|{word}|", autoescape=True) for word in _WRITES]
        statement = select(audit_events.c.id, audit_events.c.body).where(
            audit_events.c.tenant == tenant, audit_events.c.subject == subject, or_(*given)
        )
        rows = await self._database.read(tenant, statement.order_by(audit_events.c.id))
        placed = await self._leaves.indexes(tenant, [row.id for row in rows])
        # Those that still wait come last.
        return [row.body for row in sorted(rows, key=lambda row: placed.get(row.id, maxsize))]

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
