"""Which records a person has, and which fields are stored of them, without a look at what is in them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from app.kernel.ids import bucket_of
from app.storage.engine import Database, UnitOfWork
from app.vault.tables import field_values, records


@dataclass(frozen=True, slots=True)
class RecordHead:
    """A record, without its fields."""

    id: UUID
    collection: str
    version: int
    created_at: datetime
    changed_at: datetime


class RecordList:
    """Rows of `records`, by person, and the names in `field_values`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, tenant: str, subject: UUID) -> list[RecordHead]:
        """A person's records, oldest first."""
        return [record_head(row) for row in await self._database.read(tenant, _records(tenant, subject))]

    async def locked(self, work: UnitOfWork, subject: UUID) -> list[RecordHead]:
        """The same, in a unit of work that has locked the person."""
        return [record_head(row) for row in (await work.execute(_records(work.tenant, subject))).all()]

    async def fields(self, tenant: str, chosen: Collection[UUID]) -> dict[UUID, list[str]]:
        """Record → the names of its stored fields."""
        found: dict[UUID, list[str]] = {record: [] for record in chosen}
        statement = (
            select(field_values.c.record, field_values.c.field)
            .where(
                field_values.c.bucket.in_({bucket_of(record) for record in chosen}),
                field_values.c.record.in_(chosen),
                field_values.c.tenant == tenant,
            )
            .order_by(field_values.c.record, field_values.c.field)
        )
        for row in await self._database.read(tenant, statement) if chosen else ():
            found[row.record].append(row.field)
        return found


def _records(tenant: str, subject: UUID) -> Select[Any]:
    return (
        select(records)
        .where(
            records.c.bucket == bucket_of(subject), records.c.subject == subject, records.c.tenant == tenant
        )
        .order_by(records.c.id)
    )


def record_head(row: Row[Any]) -> RecordHead:
    """A row of `records`."""
    return RecordHead(row.id, row.collection, row.version, row.created_at, row.changed_at)
