"""The SQL of going through everything that is stored, person by person: for verification, not for serving."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select, tuple_

from app.kernel.ids import bucket_of
from app.keys.hierarchy import SubjectKeyRow
from app.storage.engine import Database
from app.subjects.tables import subjects
from app.vault.tables import field_values, records

_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class StoredField:
    """One sealed value, where it stands."""

    record: UUID
    field: str
    version: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class StoredPerson:
    """A person's key and all their sealed values."""

    id: UUID
    key: SubjectKeyRow
    fields: list[StoredField]


class StoredRows:
    """Rows of `subjects`, `records` and `field_values`, read in the order of their ids."""

    def __init__(self, database: Database, *, page: int = _AT_ONCE) -> None:
        self._database = database
        self._page = page

    async def people(self, tenant: str) -> AsyncIterator[StoredPerson]:
        """Everybody of the tenant, a few at a time; memory does not grow with their number."""
        order = (subjects.c.bucket, subjects.c.id)
        after = (-1, UUID(int=0))
        while True:
            # Without the types SQLite would be given the id as text, which comes after every id it stores.
            beyond = tuple_(*order) > tuple_(*after, types=[column.type for column in order])
            statement = (
                select(
                    subjects.c.bucket,
                    subjects.c.id,
                    subjects.c.wrapped_key,
                    subjects.c.commitment,
                    subjects.c.kek_version,
                )
                .where(subjects.c.tenant == tenant, beyond)
                .order_by(*order)
                .limit(self._page)
            )
            rows = await self._database.read(tenant, statement)
            for row in rows:
                key = SubjectKeyRow.of(row.wrapped_key, row.commitment, row.kek_version)
                yield StoredPerson(row.id, key, await self._fields(tenant, row.id))
            if len(rows) < self._page:
                return
            after = (rows[-1].bucket, rows[-1].id)

    async def _fields(self, tenant: str, subject: UUID) -> list[StoredField]:
        statement = (
            select(field_values.c.record, field_values.c.field, field_values.c.version, field_values.c.sealed)
            .join(
                records, (records.c.bucket == field_values.c.bucket) & (records.c.id == field_values.c.record)
            )
            .where(
                records.c.bucket == bucket_of(subject),
                records.c.subject == subject,
                records.c.tenant == tenant,
                field_values.c.tenant == tenant,
            )
        )
        return [StoredField(*row) for row in await self._database.read(tenant, statement)]
