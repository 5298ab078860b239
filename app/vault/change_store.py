"""The SQL of changes to stored records: versions, fields, index entries, and the end of a record."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, insert, select, update

from app.kernel.ids import bucket_of, new_uuid
from app.storage.engine import UnitOfWork
from app.subjects.tables import bindings
from app.vault.indexing import index_places
from app.vault.record import StoredRecord
from app.vault.record_list import RecordHead, record_head
from app.vault.store import NewField, insert_fields
from app.vault.tables import field_values, records, search_index, tokens, wrong_answers

_OF_A_RECORD: Final = (tokens, wrong_answers, bindings, field_values)
"""The tables whose rows end with their record, in an order the foreign keys allow."""
_OF_A_FIELD: Final = (tokens, wrong_answers, field_values)
"""The tables whose rows end with their field, beside the search index."""


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

    async def unindex(self, work: UnitOfWork, record: UUID, collection: str, names: Sequence[str]) -> None:
        """Removes a record's index entries of these fields, whatever notice and key they were made under."""
        places = [place for name in names for place in index_places(collection, name)]
        await work.execute(
            delete(search_index).where(*_indexed(work, record), search_index.c.field.in_(places))
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

    async def locked(self, work: UnitOfWork, subject: UUID) -> list[tuple[RecordHead, list[str]]]:
        """The records of a locked person with the names of their fields, oldest first; nobody changes them meanwhile."""
        theirs = (
            records.c.bucket == bucket_of(subject),
            records.c.subject == subject,
            records.c.tenant == work.tenant,
        )
        heads = (
            await work.execute(select(records).where(*theirs).order_by(records.c.id).with_for_update())
        ).all()
        same = (records.c.bucket == field_values.c.bucket) & (records.c.id == field_values.c.record)
        named = select(field_values.c.record, field_values.c.field).join(records, same)
        names: dict[UUID, list[str]] = {}
        for row in (await work.execute(named.where(*theirs, field_values.c.tenant == work.tenant))).all():
            names.setdefault(row.record, []).append(row.field)
        return [(record_head(row), sorted(names.get(row.id, ()))) for row in heads]

    async def erase_fields(
        self, work: UnitOfWork, record: UUID, collection: str, names: Sequence[str], now: datetime
    ) -> None:
        """Removes fields of a locked record with their tokens, wrong answers and index entries: the record's next version."""
        for table in _OF_A_FIELD:
            of_field = table.c.bucket == bucket_of(record), table.c.record == record, table.c.field.in_(names)
            await work.execute(delete(table).where(*of_field, table.c.tenant == work.tenant))
        await self.unindex(work, record, collection, names)
        this = records.c.bucket == bucket_of(record), records.c.id == record, records.c.tenant == work.tenant
        following = {"version": records.c.version + 1, "changed_at": now}
        await work.execute(update(records).where(*this).values(**following))

    async def delete_record(self, work: UnitOfWork, record: UUID) -> None:
        """Removes a record and every row that hangs on it."""
        await work.execute(delete(search_index).where(*_indexed(work, record)))
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


def _indexed(work: UnitOfWork, record: UUID) -> tuple[ColumnElement[bool], ...]:
    """A record's index entries, whatever their digests and keys."""
    return search_index.c.tenant == work.tenant, search_index.c.record == record


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
