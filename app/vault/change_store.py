"""The SQL of changes to stored records: versions, fields, index entries, and the end of a record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, insert, select, tuple_, update

from app.crypto.blind_index import digest_bucket
from app.kernel.ids import bucket_of, new_uuid
from app.storage.engine import UnitOfWork
from app.subjects.tables import bindings
from app.vault.indexing import IndexEntry
from app.vault.record import StoredRecord
from app.vault.store import NewField, insert_fields
from app.vault.tables import field_values, records, search_index, tokens, wrong_answers

_OF_A_RECORD: Final = (tokens, wrong_answers, bindings, field_values)
"""The tables whose rows end with their record, in an order the foreign keys allow."""


class ChangeStore:
    """Rows of one record, changed or removed."""

    async def advance(self, work: UnitOfWork, record: StoredRecord, now: datetime) -> bool:
        """Takes the record to its next version; False when it is not at the loaded one any more."""
        statement = update(records).where(
            records.c.bucket == bucket_of(record.id),
            records.c.id == record.id,
            records.c.tenant == work.tenant,
            records.c.version == record.version,
        )
        result = await work.execute(statement.values(version=record.version + 1, changed_at=now))
        return bool(result.rowcount)

    async def unindex(self, work: UnitOfWork, record: UUID, stale: Sequence[IndexEntry]) -> None:
        """Removes index entries of a record."""
        if not stale:
            return
        places = [(digest_bucket(e.digest), e.place, e.digest) for e in stale]
        await work.execute(
            delete(search_index).where(
                search_index.c.tenant == work.tenant,
                search_index.c.record == record,
                tuple_(search_index.c.bucket, search_index.c.field, search_index.c.digest).in_(places),
            )
        )

    async def replace_fields(
        self, work: UnitOfWork, record: StoredRecord, touched: Sequence[str], new: Sequence[NewField]
    ) -> None:
        """Removes the touched fields and adds the new values among them."""
        await work.execute(
            delete(field_values).where(
                field_values.c.bucket == bucket_of(record.id),
                field_values.c.record == record.id,
                field_values.c.tenant == work.tenant,
                field_values.c.field.in_(touched),
            )
        )
        await insert_fields(work, [(record.id, field) for field in new])

    async def retire_field_tokens(
        self, work: UnitOfWork, record: StoredRecord, names: Sequence[str], now: datetime
    ) -> None:
        """Ends the tokens of removed fields."""
        if names:
            statement = update(tokens).where(
                tokens.c.bucket == bucket_of(record.id),
                tokens.c.record == record.id,
                tokens.c.tenant == work.tenant,
                tokens.c.field.in_(names),
                tokens.c.retired_at.is_(None),
            )
            await work.execute(statement.values(retired_at=now))

    async def delete_record(self, work: UnitOfWork, record: UUID) -> None:
        """Removes a record and every row that hangs on it; its index entries are removed by `unindex`."""
        for table in _OF_A_RECORD:
            await work.execute(
                delete(table).where(
                    table.c.bucket == bucket_of(record),
                    table.c.record == record,
                    table.c.tenant == work.tenant,
                )
            )
        await work.execute(
            delete(records).where(
                records.c.bucket == bucket_of(record), records.c.id == record, records.c.tenant == work.tenant
            )
        )

    async def add_attempt(
        self, work: UnitOfWork, record: StoredRecord, field: str, now: datetime, since: datetime, most: int
    ) -> UUID | None:
        """Counts an attempt at a field; None when there have been `most` since then. What is older is forgotten."""
        of_field = _answers(work.tenant, record.id, field)
        await work.execute(
            _this_record(work.tenant, record.id).with_for_update()
        )  # one attempt after the other
        await work.execute(delete(wrong_answers).where(*of_field, wrong_answers.c.at <= since))
        counted = await work.execute(select(func.count()).select_from(wrong_answers).where(*of_field))
        if counted.scalar_one() >= most:
            return None
        attempt = new_uuid(bucket_of(record.id))
        await work.execute(
            insert(wrong_answers).values(
                bucket=bucket_of(record.id),
                record=record.id,
                field=field,
                id=attempt,
                tenant=work.tenant,
                at=now,
            )
        )
        return attempt

    async def remove_attempt(self, work: UnitOfWork, record: StoredRecord, field: str, attempt: UUID) -> None:
        """Forgets an attempt: it was right, or no attempt at all."""
        of_field = _answers(work.tenant, record.id, field)
        await work.execute(delete(wrong_answers).where(*of_field, wrong_answers.c.id == attempt))


def _this_record(tenant: str, record: UUID) -> Select[tuple[UUID]]:
    return select(records.c.id).where(
        records.c.bucket == bucket_of(record), records.c.id == record, records.c.tenant == tenant
    )


def _answers(tenant: str, record: UUID, field: str) -> tuple[ColumnElement[bool], ...]:
    return (
        wrong_answers.c.bucket == bucket_of(record),
        wrong_answers.c.record == record,
        wrong_answers.c.field == field,
        wrong_answers.c.tenant == tenant,
    )
