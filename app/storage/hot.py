"""The fast way for the few statements of the hot path, on the drivers themselves.

A point read through SQLAlchemy costs twice what asyncpg alone costs, and most of a disclosure is such a read and one
insert (docs/adr/0004-hot-path-on-the-drivers.md). A statement is still written once, in SQLAlchemy Core; here it is
compiled to the driver's text when the vault starts, and run on a pool of its own with one round trip and no transaction
(autocommit). Only `vault/store.py`, `subjects/store.py`, `audit/store.py` and `rights/store.py` use it.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast
from uuid import UUID

import asyncpg
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Dialect,
    FromClause,
    Integer,
    LargeBinary,
    Select,
    SmallInteger,
    Table,
    Text,
    bindparam,
    column,
    func,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.dialects.postgresql import asyncpg as pg_asyncpg
from sqlalchemy.types import TypeEngine

from app.storage.columns import Identifier, Moment

KeyedSelect = Callable[[FromClause], Any]
Row = tuple[Any, ...]
Key = tuple[int, UUID | bytes]
_POSTGRESQL: Final[Callable[[], Dialect]] = pg_asyncpg.dialect


class HotSelect:
    """A SELECT over a set of keys of one tenant: `(bucket, id)`, or `(bucket, digest)` with `by_digest`.

    `build` gets the keys as a FROM clause with the columns `bucket` and `id`, and uses the bound parameter `tenant`; what
    other parameters it binds are given with each call. With `each`, it is run for one key after the other, so that a LIMIT
    is one of each key; it names the keys in its conditions and not in a join.
    """

    def __init__(self, build: KeyedSelect, *, by_digest: bool = False, each: bool = False) -> None:
        of_key: TypeEngine[Any] = LargeBinary() if by_digest else PG_UUID(as_uuid=True)
        keys = (
            func.unnest(
                bindparam("buckets", type_=ARRAY(SmallInteger)),
                bindparam("ids", type_=ARRAY(of_key)),
            )
            .table_valued(column("bucket", SmallInteger), column("id", of_key), name="keys")
            .render_derived()
        )
        of_keys = build(keys)
        if each:
            one_key = of_keys.lateral("one_key")
            of_keys = select(one_key).select_from(keys.join(one_key, true()))
        on_postgresql = of_keys.compile(dialect=_POSTGRESQL())
        self.postgresql_text = str(on_postgresql)
        self.postgresql_order: list[str] = on_postgresql.positiontup
        one = select(
            type_coerce(bindparam("bucket", type_=SmallInteger), SmallInteger).label("bucket"),
            type_coerce(bindparam("id", type_=LargeBinary), LargeBinary).label("id"),
        ).subquery("keys")
        statement = build(one)
        on_sqlite = statement.compile(dialect=sqlite.dialect())
        self.sqlite_text = str(on_sqlite)
        self.sqlite_order: list[str] = on_sqlite.positiontup
        # What the compiler itself binds, such as the OFFSET 0 that goes with a LIMIT here.
        self.sqlite_given: Mapping[str, Any] = on_sqlite.params
        selected = (
            statement.selected_columns
            if isinstance(statement, Select)
            else statement.selects[0].selected_columns
        )
        self.id_columns = [i for i, c in enumerate(selected) if isinstance(c.type, Identifier)]


class HotInsert:
    """An INSERT of many rows into one table, each a tuple in the order of `columns`; a moment is a count of microseconds.

    With `beside`, rows of a second table are inserted by the same statement, in the same commit.
    """

    def __init__(
        self, table: Table, columns: Sequence[str], *, beside: tuple[Table, Sequence[str]] | None = None
    ) -> None:
        self._parts = [_Part(table, columns, 1)]
        self.postgresql_text = self._parts[0].postgresql_text
        if beside:
            second = _Part(*beside, len(columns) + 1)
            self._parts.append(second)
            self.postgresql_text = f"WITH beside AS ({second.postgresql_text}) {self.postgresql_text}"

    def for_postgresql(self, *rows: Sequence[Row]) -> list[Row]:
        """The rows of each table as its parameters: an array a column, of one value where it is the same in all rows.

        The driver's time goes by the values it writes, and half of those of a batch are alike.
        """
        return [column for of_one in rows for column in _columns(of_one)]

    def for_sqlite(self, *rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
        """A statement for each table, with its rows as parameters: ids as bytes."""
        return [(part.sqlite_text, part.for_sqlite(of)) for part, of in zip(self._parts, rows, strict=True)]


class _Part:
    """The insert into one table; on PostgreSQL its parameters are counted from `first` on."""

    def __init__(self, table: Table, columns: Sequence[str], first: int) -> None:
        names = ", ".join(columns)
        arrays = {c: f"${i}::{_array_type(table.c[c].type)}" for i, c in enumerate(columns, first)}
        marks = ", ".join("?" for _ in columns)
        # An array of one is the value of every row.
        values = ", ".join(
            f"CASE WHEN cardinality({array}) = 1 THEN ({array})[1] ELSE given.{c} END"
            for c, array in arrays.items()
        )
        self.postgresql_text = (
            f"INSERT INTO {table.name} ({names}) SELECT {values} "  # noqa: S608  # names come from metadata
            f"FROM unnest({', '.join(arrays.values())}) AS given ({names})"
        )
        self.sqlite_text = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608  # names come from metadata
        self._ids = [i for i, c in enumerate(columns) if isinstance(table.c[c].type, Identifier)]

    def for_sqlite(self, rows: Sequence[Row]) -> list[Row]:
        return [tuple(self._as_bytes(list(row))) for row in rows]

    def _as_bytes(self, values: list[Any]) -> list[Any]:
        for i in self._ids:
            values[i] = values[i] and values[i].bytes
        return values


def _columns(rows: Sequence[Row]) -> list[Row]:
    whole = list(zip(*rows, strict=True))
    short = [column[:1] if _alike(column) else column for column in whole]
    return whole if all(len(column) == 1 for column in short) else short


def _alike(column: Row) -> bool:
    first = column[0]
    return bool(first == column[-1]) and column.count(first) == len(column)


def _array_type(of: TypeEngine[Any]) -> str:
    for kind, name in (
        (Identifier, "uuid[]"),
        (Moment, "bigint[]"),
        (SmallInteger, "smallint[]"),
        (BigInteger, "bigint[]"),
        (Integer, "integer[]"),
        (LargeBinary, "bytea[]"),
        (Text, "text[]"),
        (Boolean, "boolean[]"),
    ):
        if isinstance(of, kind):
            return name
    raise TypeError(f"no array type is known for {of!r}")


class SqliteHotPath:
    """The hot statements on a connection of their own; each call blocks the loop for as long as SQLite works."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def fetch(
        self, statement: HotSelect, tenant: str, keys: Sequence[Key], more: Mapping[str, Any]
    ) -> list[Row]:
        """All rows of all keys."""
        rows: list[Row] = []
        for bucket, key in keys:
            name = key.bytes if isinstance(key, UUID) else key
            parameters = {**statement.sqlite_given, "bucket": bucket, "id": name, "tenant": tenant, **more}
            order = [parameters[part] for part in statement.sqlite_order]
            for row in self._connection.execute(statement.sqlite_text, order).fetchall():
                values = list(row)
                for i in statement.id_columns:
                    values[i] = values[i] and UUID(bytes=values[i])
                rows.append(tuple(values))
        return rows

    async def insert(self, statement: HotInsert, tenant: str, *rows: Sequence[Row]) -> None:  # noqa: ARG002  # the other driver fences by tenant
        """Inserts all rows and commits, or none."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for text, given in statement.for_sqlite(*rows):
                self._connection.executemany(text, given)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    async def close(self) -> None:
        self._connection.close()


class TenantConnection(asyncpg.Connection):
    """A pooled connection that remembers which tenant row-level security lets it see."""

    tenant: str | None = None

    def get_reset_query(self) -> str:
        """Nothing to undo between uses: the pool sets no state but the tenant, and a reset would be a second round trip."""
        return ""

    async def serve(self, tenant: str) -> None:
        """Makes the tenant's rows visible; a round trip only when the tenant changes."""
        if self.tenant != tenant:
            self.tenant = None  # until it is said: a wait that is cut short leaves nobody's rows in doubt
            await self.execute("SELECT set_config('kin.tenant', $1, false)", tenant, timeout=5)
            self.tenant = tenant


class PostgresHotPath:
    """The hot statements on an asyncpg pool: one round trip each, prepared once a connection."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", patience: float) -> None:
        self._pool = pool
        self._patience = patience

    async def fetch(
        self, statement: HotSelect, tenant: str, keys: Sequence[Key], more: Mapping[str, Any]
    ) -> list[Row]:
        """All rows of all keys."""
        parameters = {"buckets": [b for b, _ in keys], "ids": [i for _, i in keys], "tenant": tenant, **more}
        order = [parameters[name] for name in statement.postgresql_order]
        async with self._pool.acquire(timeout=self._patience) as connection:
            await cast(TenantConnection, connection).serve(tenant)
            return await connection.fetch(statement.postgresql_text, *order, timeout=self._patience)  # type: ignore[return-value]  # a Record is a tuple

    async def insert(self, statement: HotInsert, tenant: str, *rows: Sequence[Row]) -> None:
        """Inserts all rows and commits, or none."""
        async with self._pool.acquire(timeout=self._patience) as connection:
            await cast(TenantConnection, connection).serve(tenant)
            arrays = statement.for_postgresql(*rows)
            await connection.execute(statement.postgresql_text, *arrays, timeout=self._patience)

    async def close(self) -> None:
        await self._pool.close()
