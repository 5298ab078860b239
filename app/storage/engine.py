"""One database, SQLite or PostgreSQL: how it is opened, and the three ways to use it.

* `transaction`: a unit of work that changes rows and must leave an audit event (a commit with changes and no event raises);
* `reading`: statements outside a transaction;
* `fetch_hot` and `insert_hot`: the hot path (`hot.py`).

Every unit of work names its tenant; on PostgreSQL row-level security holds it to that tenant's rows.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any, Final

import asyncpg
from sqlalchemy import Connection, Executable, text
from sqlalchemy.engine import URL, CursorResult, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.storage import sqlite_inline
from app.storage.failures import DatabaseUnavailable, translated
from app.storage.hot import HotInsert, HotSelect, Key, PostgresHotPath, Row, SqliteHotPath, TenantConnection

_SET_TENANT: Final = text("SELECT set_config('kin.tenant', :tenant, true)")
# Changes are made by key. The plans that check foreign keys last as long as their connection: one that was made while a table
# was small must not leave a scan of it in every insert, by which a vault that is being filled would become ever slower.
_SET_TENANT_OF_CHANGES: Final = text(
    "SELECT set_config('kin.tenant', :tenant, true), set_config('enable_seqscan', 'off', true), "
    "set_config('jit', 'off', true)"
)
_BYPASSES: Final = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
_NO_MORE: Final[Mapping[str, Any]] = {}
_DURABLE: Final = {"synchronous_commit": "on", "application_name": "kin"}
# The hot pool runs look-ups by key and inserts, nothing else. A plan for them is the same for all parameters, and making one
# anew costs more than running it; a table that is still small when the plan is made must not leave a scan in it.
_HOT: Final = {**_DURABLE, "plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off"}


class InvalidDatabaseURL(ValueError):
    """The setting is not a URL of a database that the vault can use."""


class UnwitnessedChange(RuntimeError):
    """A unit of work changed rows and recorded no event: a defect of the use case, so nothing is committed."""


def database_url(setting: str) -> URL:
    """The URL with the dialect the vault uses, from a URL as people write it (`postgres://`, `postgresql://`, `sqlite://`)."""
    try:
        url = make_url(setting)
    except ArgumentError:
        raise InvalidDatabaseURL(
            "the database URL cannot be read; write sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from None
    if url.drivername in {"postgres", "postgresql", "postgresql+asyncpg"}:
        return url.set(drivername="postgresql+asyncpg")
    if url.drivername in {"sqlite", "sqlite+aiosqlite"}:
        if not url.database or url.database == ":memory:":
            raise InvalidDatabaseURL("an SQLite database needs a file: write sqlite:///FILE")
        return url.set(drivername="sqlite+aiosqlite")
    raise InvalidDatabaseURL(
        "the database must be SQLite or PostgreSQL: write sqlite:///FILE or postgresql://USER@HOST/NAME"
    )


class UnitOfWork:
    """An open transaction of one tenant. `witness` is called by the audit log when it has inserted an event here."""

    def __init__(self, connection: AsyncConnection, tenant: str) -> None:
        self.tenant = tenant
        self._connection = connection
        self._changed = False
        self._witnessed = False

    async def execute(self, statement: Executable, rows: Any = None) -> CursorResult[Any]:
        """Runs a statement, with many rows of parameters if given; an empty list of rows does nothing useful and is refused."""
        if getattr(statement, "is_dml", False):
            self._changed = True
        with translated():
            return await self._connection.execute(statement, rows)

    async def insert(self, statement: HotInsert, *rows: Sequence[Row]) -> None:
        """Inserts all rows of each table with one statement of the driver's own; does nothing when there are none."""
        if not rows[0]:
            return
        self._changed = True
        with translated():
            if self._connection.dialect.name == "sqlite":
                for statement_text, given in statement.for_sqlite(*rows):
                    await self._connection.exec_driver_sql(statement_text, given)
            else:
                arrays = tuple(statement.for_postgresql(*rows))
                await self._connection.exec_driver_sql(statement.postgresql_text, arrays)

    def witness(self) -> None:
        """Says that the event of this change is in this transaction."""
        self._witnessed = True

    def check(self) -> None:
        """Refuses to let a change be committed that nobody could find in the log."""
        if self._changed and not self._witnessed:
            raise UnwitnessedChange("a unit of work changed rows without recording an audit event")


class Database:
    """The engine, its pools and its lock. Built by `wiring`, opened and closed by the application's lifespan."""

    def __init__(
        self, setting: str, *, pool_size: int = 8, hot_pool_size: int = 6, patience: float = 5.0
    ) -> None:
        self.url: Final = database_url(setting)
        self.is_sqlite: Final = self.url.get_backend_name() == "sqlite"
        self._pool_size = pool_size
        self._hot_pool_size = hot_pool_size
        self._patience = patience
        self._engine: AsyncEngine = self._create_engine()
        self._hot: SqliteHotPath | PostgresHotPath | None = None
        # SQLite has one writer. Waiting for it inside SQLite would block the loop that the writer needs to finish.
        self._turn: asyncio.Lock | nullcontext[None] = asyncio.Lock() if self.is_sqlite else nullcontext()

    async def open(self) -> None:
        """Opens the hot path's connections; `DatabaseUnavailable` when the database does not answer."""
        with translated():
            if self.is_sqlite:
                self._hot = SqliteHotPath(sqlite_inline.connect(str(self.url.database)))
            else:
                self._hot = PostgresHotPath(await self._create_hot_pool(), self._patience)

    async def close(self) -> None:
        """Closes every connection."""
        if self._hot:
            await self._hot.close()
            self._hot = None
        await self._engine.dispose()

    @asynccontextmanager
    async def transaction(self, tenant: str) -> AsyncIterator[UnitOfWork]:
        """A unit of work: committed when the block ends, rolled back when it raises or when no event witnesses it."""
        async with self._turn, self._connected() as connection:
            with translated():
                if self.is_sqlite:
                    await connection.exec_driver_sql("BEGIN IMMEDIATE")
                else:
                    await connection.execute(_SET_TENANT_OF_CHANGES, {"tenant": tenant})
            work = UnitOfWork(connection, tenant)
            yield work
            work.check()
            with translated():
                await connection.commit()

    @asynccontextmanager
    async def bookkeeping(self, tenant: str) -> AsyncIterator[UnitOfWork]:
        """A unit of work for rows that say nothing about a person or a right (a lease, a cached answer): needs no event."""
        async with self.transaction(tenant) as work:
            work.witness()
            yield work

    async def read(self, tenant: str, statement: Executable, parameters: Any = None) -> Sequence[Any]:
        """All rows of one statement that changes nothing."""
        async with self._connected() as connection:
            with translated():
                if not self.is_sqlite:
                    await connection.execute(_SET_TENANT, {"tenant": tenant})
                return (await connection.execute(statement, parameters)).all()

    async def fetch_hot(
        self, statement: HotSelect, tenant: str, keys: Sequence[Key], more: Mapping[str, Any] = _NO_MORE
    ) -> list[Row]:
        """The hot path's read, in autocommit; `more` are parameters beside tenant and keys."""
        with translated():
            return await self._hot_path().fetch(statement, tenant, keys, more)

    async def insert_hot(self, statement: HotInsert, tenant: str, *rows: Sequence[Row]) -> None:
        """The hot path's insert of the rows of each table, durable when it returns."""
        async with self._turn:
            with translated():
                await self._hot_path().insert(statement, tenant, *rows)

    async def answers(self) -> None:
        """Returns when the database answers; `DatabaseUnavailable` otherwise."""
        async with self._connected() as connection:
            with translated():
                await connection.execute(text("SELECT 1"))

    async def ignores_row_security(self) -> bool:
        """Whether this PostgreSQL role sees every tenant's rows whatever the policies say; False on SQLite, which has none."""
        if self.is_sqlite:
            return False
        async with self._connected() as connection:
            with translated():
                return bool((await connection.execute(_BYPASSES)).scalar_one())

    async def migrate(self, run: Callable[[Connection], None]) -> None:
        """Hands a synchronous connection to Alembic and commits what it did."""
        async with self._turn, self._connected() as connection:
            if self.is_sqlite:
                await connection.exec_driver_sql("BEGIN IMMEDIATE")
            await connection.run_sync(run)
            await connection.commit()

    def _hot_path(self) -> SqliteHotPath | PostgresHotPath:
        if self._hot is None:
            raise DatabaseUnavailable
        return self._hot

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        with translated():
            connection = await self._engine.connect()
        try:
            yield connection
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError):
                # An answer may still be on its way: the connection must not serve anybody else.
                await connection.invalidate()
            raise
        finally:
            await connection.close()

    def _create_engine(self) -> AsyncEngine:
        if self.is_sqlite:
            path = str(self.url.database)

            async def connect(*_args: Any, **_options: Any) -> sqlite_inline.InlineConnection:
                return sqlite_inline.InlineConnection(sqlite_inline.connect(path))

            options: dict[str, Any] = {"connect_args": {"async_creator_fn": connect}}
        else:
            options = {
                "connect_args": {
                    "server_settings": _DURABLE,
                    "timeout": self._patience,
                    "command_timeout": 30,
                }
            }
        return create_async_engine(
            self.url,
            pool_size=self._pool_size,
            max_overflow=0,
            pool_timeout=self._patience,
            hide_parameters=True,
            **options,
        )

    async def _create_hot_pool(self) -> "asyncpg.Pool[asyncpg.Record]":
        return await asyncpg.create_pool(
            self.url.set(drivername="postgresql").render_as_string(hide_password=False),
            min_size=self._hot_pool_size,
            max_size=self._hot_pool_size,
            connection_class=TenantConnection,
            server_settings=_HOT,
            timeout=self._patience,
        )
