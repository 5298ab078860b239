"""The SQL of records, field values, the search index and tokens.

`load` is the hot path's read: record, person's key, bindings and sealed fields of many records in one statement, shared by
the requests that arrive while another is under way.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    bindparam,
    case,
    cast,
    column,
    insert,
    literal_column,
    null,
    select,
    tuple_,
    union_all,
    update,
    values,
)

from app.crypto.blind_index import digest_bucket
from app.kernel.ids import bucket_of
from app.keys.hierarchy import SubjectKeyRow
from app.storage.coalesce import Coalescer
from app.storage.columns import Moment, microseconds, moment_of
from app.storage.engine import Database, UnitOfWork
from app.storage.hot import HotInsert, HotSelect, KeyedSelect, Row
from app.subjects.binding import State
from app.subjects.standing import standing_of
from app.subjects.tables import bindings, subjects
from app.vault.indexing import IndexEntry
from app.vault.record import SealedField, StoredRecord
from app.vault.tables import field_values, records, search_index, tokens

_RECORD: Final = 0
_FIELD: Final = 1
_BINDING: Final = 2
ANYONE: Final = UUID(int=0)
Looked = tuple[str, int, bytes]
"""What is looked for in the index: at which place, how many records at most, and by which digest."""


def _whole_records(keys: FromClause) -> Any:
    """Three kinds of rows a record, in one shape: `(record, kind, subject, word, number, moment, bytes, more bytes)`."""
    tenant = bindparam("tenant", type_=Text)
    no_bytes, no_moment = cast(null(), LargeBinary), cast(null(), Moment)
    record = (
        select(
            records.c.id,
            _kind(_RECORD),
            records.c.subject,
            records.c.collection,
            records.c.version,
            (
                cast(subjects.c.kek_version, BigInteger) * literal_column("4")
                + cast(subjects.c.held, Integer) * literal_column("2")
                + cast(subjects.c.restricted, Integer)
            ).label("moment"),
            subjects.c.wrapped_key,
            subjects.c.commitment,
        )
        .select_from(keys)
        .join(records, _at(keys, records, records.c.id))
        .join(subjects, (subjects.c.bucket == records.c.bucket) & (subjects.c.id == records.c.subject))
        .where(records.c.tenant == tenant)
    )
    field = (
        select(
            field_values.c.record,
            _kind(_FIELD),
            cast(null(), field_values.c.record.type),
            field_values.c.field,
            field_values.c.version,
            no_moment,
            field_values.c.sealed,
            no_bytes,
        )
        .select_from(keys)
        .join(field_values, _at(keys, field_values, field_values.c.record))
        .where(field_values.c.tenant == tenant)
    )
    binding = (
        select(
            bindings.c.record,
            _kind(_BINDING),
            cast(null(), bindings.c.record.type),
            bindings.c.purpose,
            cast(bindings.c.state == literal_column(f"'{State.OPEN.value}'"), Integer),
            bindings.c.opened_at,
            no_bytes,
            no_bytes,
        )
        .select_from(keys)
        .join(bindings, _at(keys, bindings, bindings.c.record))
        .where(bindings.c.tenant == tenant)
    )
    return union_all(record, field, binding)


def _kind(kind: int) -> Any:
    return literal_column(str(kind), Integer).label("kind")


def _at(keys: FromClause, table: FromClause, column: Any) -> Any:
    return (table.c.bucket == keys.c.bucket) & (column == keys.c.id)


_TOKEN_COLUMNS: Final = (
    tokens.c.record,
    tokens.c.field,
    tokens.c.purpose,
    tokens.c.recipient,
    tokens.c.salt,
    tokens.c.digest,
    tokens.c.expires_at,
    tokens.c.uses_left,
    tokens.c.subject,
    tokens.c.issued_at,
)


def _live_tokens(key: Column[Any]) -> KeyedSelect:
    def build(keys: FromClause) -> Any:
        return (
            select(*_TOKEN_COLUMNS)
            .select_from(keys)
            .join(tokens, _at(keys, tokens, key))
            .where(tokens.c.tenant == bindparam("tenant", type_=Text), tokens.c.retired_at.is_(None))
        )

    return build


def _found(keys: FromClause) -> Any:
    return (
        select(search_index.c.digest, search_index.c.record)
        .where(
            _at(keys, search_index, search_index.c.digest),
            search_index.c.tenant == bindparam("tenant", type_=Text),
            search_index.c.field == bindparam("place", type_=Text),
        )
        .order_by(search_index.c.record)
        .limit(bindparam("most", type_=Integer))
    )


_INSERT_RECORDS: Final = HotInsert(
    records, ("bucket", "id", "tenant", "subject", "collection", "version", "created_at", "changed_at")
)
_INSERT_FIELDS: Final = HotInsert(field_values, ("bucket", "record", "field", "tenant", "version", "sealed"))
_INSERT_INDEX: Final = HotInsert(
    search_index, ("bucket", "tenant", "field", "digest", "record", "key_version")
)


@dataclass(frozen=True, slots=True)
class NewField:
    """A field value to insert, with its index entries, none when the field cannot be searched."""

    name: str
    version: int
    envelope: bytes
    index: Sequence[IndexEntry]


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record to insert."""

    id: UUID
    subject: UUID
    collection: str
    fields: Sequence[NewField]


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A live token as stored: its text can be computed again by whoever has the person's key."""

    record: UUID
    field: str
    purpose: str
    recipient: UUID
    salt: bytes
    digest: bytes
    expires_at: datetime
    uses_left: int | None
    subject: UUID
    issued_at: datetime | None = None


class VaultStore:
    """Rows of `records`, `field_values`, `search_index`, `tokens`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._whole_records = HotSelect(_whole_records)
        self._live_tokens = HotSelect(_live_tokens(tokens.c.record))
        self._tokens_by_digest = HotSelect(_live_tokens(tokens.c.digest), by_digest=True)
        self._found = HotSelect(_found, by_digest=True, each=True)
        self._loads: Coalescer[UUID, StoredRecord | None] = Coalescer(
            self._load_shared, largest=16, in_flight=3
        )
        self._resolutions: Coalescer[tuple[int, bytes], TokenRow | None] = Coalescer(
            self._tokens_shared, largest=16, in_flight=3
        )
        self._searches: Coalescer[Looked, list[UUID]] = Coalescer(
            self._indexed_shared, largest=16, in_flight=3
        )

    async def load(self, tenant: str, record: UUID) -> StoredRecord | None:
        """One whole record of this tenant, in a query shared with those who ask at the same time."""
        return await self._loads.submit(tenant, record)

    async def load_many(self, tenant: str, wanted: Sequence[UUID]) -> dict[UUID, StoredRecord]:
        """Whole records of this tenant, those that exist, in one query; a single one's is shared as `load`'s is."""
        if len(wanted) == 1:
            one = await self.load(tenant, wanted[0])
            return {one.id: one} if one else {}
        return await self._load_apart(tenant, wanted)

    async def _load_apart(self, tenant: str, wanted: Sequence[UUID]) -> dict[UUID, StoredRecord]:
        keys = [(bucket_of(record), record) for record in dict.fromkeys(wanted)]
        return _assembled(tenant, await self._database.fetch_hot(self._whole_records, tenant, keys))

    async def _load_shared(self, tenant: str, ids: Sequence[UUID]) -> list[StoredRecord | None]:
        found = await self._load_apart(tenant, ids)
        return [found.get(record) for record in ids]

    async def live_tokens(self, tenant: str, wanted: Sequence[UUID]) -> list[TokenRow]:
        """The tokens of these records that have not been retired; some may have expired."""
        keys = [(bucket_of(record), record) for record in dict.fromkeys(wanted)]
        return [_token(row) for row in await self._database.fetch_hot(self._live_tokens, tenant, keys)]

    async def indexed(self, tenant: str, place: str, digest: bytes, most: int) -> list[UUID]:
        """Records whose field at `place` (collection.field) has this digest, oldest first, in a shared query."""
        return await self._searches.submit(tenant, (place, most, digest))

    async def _indexed_shared(self, tenant: str, looked: Sequence[Looked]) -> list[list[UUID] | Exception]:
        alike: dict[tuple[str, int], set[bytes]] = {}
        for place, most, digest in looked:
            alike.setdefault((place, most), set()).add(digest)
        # Side by side: those who look elsewhere, or for more, neither wait for each other nor fail together.
        asked = [self._indexed_at(tenant, *group, digests) for group, digests in alike.items()]
        found = dict(zip(alike, await asyncio.gather(*asked), strict=True))
        ended = [(found[place, most], digest) for place, most, digest in looked]
        return [group if isinstance(group, Exception) else group[digest] for group, digest in ended]

    async def _indexed_at(
        self, tenant: str, place: str, most: int, digests: Collection[bytes]
    ) -> Mapping[bytes, list[UUID]] | Exception:
        keys = [(digest_bucket(digest), digest) for digest in digests]
        found: defaultdict[bytes, list[UUID]] = defaultdict(list)
        try:
            rows = await self._database.fetch_hot(self._found, tenant, keys, {"place": place, "most": most})
        except Exception as error:  # noqa: BLE001  # handed to everyone who looks there
            return error
        for digest, record in rows:
            found[digest].append(record)
        return found

    async def token_by_digest(self, tenant: str, bucket: int, digest: bytes) -> TokenRow | None:
        """One live token, in a query shared with those who ask at the same time."""
        return await self._resolutions.submit(tenant, (bucket, digest))

    async def tokens_by_digest(
        self, tenant: str, wanted: Sequence[tuple[int, bytes]]
    ) -> dict[bytes, TokenRow]:
        """Digest → live token, for those that exist; `wanted` are buckets and digests."""
        rows = await self._database.fetch_hot(self._tokens_by_digest, tenant, wanted)
        return {row[5]: _token(row) for row in rows}

    async def _tokens_shared(self, tenant: str, wanted: Sequence[tuple[int, bytes]]) -> list[TokenRow | None]:
        found = await self.tokens_by_digest(tenant, list(dict.fromkeys(wanted)))
        return [found.get(digest) for _, digest in wanted]

    async def add_records(self, work: UnitOfWork, new: Sequence[NewRecord], now: datetime) -> None:
        """Adds records, their fields and index entries; `Conflict` when a person is gone."""
        moment = microseconds(now)
        rows = [(bucket_of(r.id), r.id, work.tenant, r.subject, r.collection, 1, moment, moment) for r in new]
        await work.insert(_INSERT_RECORDS, rows)
        await insert_fields(work, [(record.id, field) for record in new for field in record.fields])

    async def retire_tokens(self, work: UnitOfWork, ended: Sequence[TokenRow], now: datetime) -> int:
        """Ends tokens, and says how many were still live."""
        if not ended:
            return 0
        statement = update(tokens).where(
            self._among(ended), tokens.c.tenant == work.tenant, tokens.c.retired_at.is_(None)
        )
        ended_now = await work.execute(statement.values(retired_at=now).returning(tokens.c.digest))
        return len(ended_now.all())  # SQLite counts no rows for a statement that begins with WITH

    async def use_tokens(self, work: UnitOfWork, rows: Sequence[TokenRow], now: datetime) -> set[bytes]:
        """Takes one use of each of these limited tokens; the digests of those that had one left."""
        statement = (
            update(tokens)
            .where(
                self._among(rows),
                tokens.c.tenant == work.tenant,
                tokens.c.retired_at.is_(None),
                tokens.c.uses_left > 0,
            )
            .values(
                uses_left=tokens.c.uses_left - 1,
                retired_at=case((tokens.c.uses_left == 1, microseconds(now)), else_=None),
            )
            .returning(tokens.c.digest)
        )
        return {row.digest for row in (await work.execute(statement)).all()}

    def _among(self, rows: Sequence[TokenRow]) -> ColumnElement[bool]:
        """Tokens that are among these."""
        # In one order, so that two that use the same tokens mostly wait for each other and not in a circle, which the
        # database would end for one of them.
        places = sorted((bucket_of(row.subject), row.digest) for row in rows)
        if not self._database.is_sqlite:
            return tuple_(tokens.c.bucket, tokens.c.digest).in_(places)
        # Joined, since SQLite reads the whole table for a list of pairs.
        wanted = values(column("bucket", SmallInteger), column("digest", LargeBinary), name="wanted")
        place = wanted.data(places).cte()
        return (tokens.c.bucket == place.c.bucket) & (tokens.c.digest == place.c.digest)

    async def add_tokens(self, work: UnitOfWork, new: Sequence[TokenRow], now: datetime) -> None:
        """Adds tokens; `Conflict` when another request has just issued one of them."""
        rows = [
            {
                "bucket": bucket_of(row.subject),
                "digest": row.digest,
                "tenant": work.tenant,
                "subject": row.subject,
                "record": row.record,
                "field": row.field,
                "purpose": row.purpose,
                "recipient": row.recipient,
                "salt": row.salt,
                "issued_at": now,
                "expires_at": row.expires_at,
                "uses_left": row.uses_left,
            }
            for row in new
        ]
        if rows:
            await work.execute(insert(tokens), rows)


async def insert_fields(work: UnitOfWork, fields: Sequence[tuple[UUID, NewField]]) -> None:
    """Adds field values and their index entries, each for its record."""
    values = [
        (bucket_of(r), r, field.name, work.tenant, field.version, field.envelope) for r, field in fields
    ]
    await work.insert(_INSERT_FIELDS, values)
    entries = [
        (digest_bucket(entry.digest), work.tenant, entry.place, entry.digest, record, entry.key_version)
        for record, field in fields
        for entry in field.index
    ]
    await work.insert(_INSERT_INDEX, entries)


def _token(row: Row) -> TokenRow:
    """A row of `_TOKEN_COLUMNS`; the hot path gives moments as counts."""
    record, field, purpose, recipient, salt, digest, expires_at, uses_left, subject, issued_at = row
    return TokenRow(
        record,
        field,
        purpose,
        recipient,
        salt,
        digest,
        moment_of(expires_at),
        uses_left,
        subject,
        moment_of(issued_at),
    )


def _assembled(tenant: str, rows: Sequence[Row]) -> dict[UUID, StoredRecord]:
    heads: dict[UUID, Row] = {}
    fields: defaultdict[UUID, dict[str, SealedField]] = defaultdict(dict)
    opened: defaultdict[UUID, list[tuple[str, State, datetime]]] = defaultdict(list)
    for row in rows:
        record, kind, _, word, number, moment, value, _ = row
        if kind == _FIELD:
            fields[record][word] = SealedField(number, value)
        elif kind == _BINDING:
            opened[record].append((word, State.OPEN if number else State.CLOSED, moment_of(moment)))
        else:
            heads[record] = row
    return {
        record: StoredRecord(
            id=record,
            tenant=tenant,
            subject=row[2],
            collection=row[3],
            version=row[4],
            key=SubjectKeyRow.of(row[6], row[7], row[5] >> 2),
            standing=standing_of(opened[record], restricted=bool(row[5] & 1), held=bool(row[5] & 2)),
            fields=fields[record],
        )
        for record, row in heads.items()
    }
