"""SQLite called in place, on the event loop's own thread.

aiosqlite pays two thread hops a statement; a point read of an embedded database takes less than one of them. This is the
connection object that SQLAlchemy's aiosqlite dialect asks for through `async_creator_fn`. A statement blocks the loop for
as long as SQLite works, so statements are short, transactions of one process take turns (`Database.transaction`), and
nothing waits for a lock that its own process holds.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, Self

from app.kernel.errors import Kind, VaultError

# TRUNCATE with FULL is durable at commit and does not meet the WAL-reset defect of versions before 3.44.6, 3.50.7, 3.51.3.
# cache_spill is off so that an open transaction never takes the lock that shuts readers out before it commits.
PRAGMAS: Final = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA cache_spill=OFF",
    "PRAGMA temp_store=MEMORY",
)


class JournalRefused(VaultError):
    """The file cannot be taken out of WAL mode now: another program has it open."""

    def __init__(self) -> None:
        super().__init__(
            Kind.UNAVAILABLE,
            "the database file is held in another journal mode; close the program that has it open",
        )


def connect(path: str) -> sqlite3.Connection:
    """A connection in autocommit mode with the vault's pragmas."""
    # A new file is its owner's alone. One that is there is not touched: closing a descriptor of it would drop every lock that
    # this process holds on it (POSIX advisory locks), in the middle of somebody's transaction.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    connection.execute("PRAGMA busy_timeout=5000")
    if _journal_mode(connection) != "truncate":
        connection.close()
        raise JournalRefused
    for pragma in PRAGMAS:
        connection.execute(pragma)
    return connection


def _journal_mode(connection: sqlite3.Connection) -> str | None:
    """The mode after asking for TRUNCATE; None when somebody else's hold on the file has outlasted the patience."""
    try:
        (mode,) = connection.execute("PRAGMA journal_mode=TRUNCATE").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            return None
        raise
    return str(mode)


class InlineCursor:
    """The part of aiosqlite's cursor that SQLAlchemy uses."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> Self:
        self._cursor.execute(operation, parameters)
        return self

    async def executemany(self, operation: str, parameters: Sequence[Sequence[Any]]) -> Self:
        self._cursor.executemany(operation, parameters)
        return self

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def close(self) -> None:
        self._cursor.close()

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid


class InlineConnection:
    """The part of aiosqlite's connection that SQLAlchemy uses."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def cursor(self) -> InlineCursor:
        return InlineCursor(self._connection.cursor())

    async def create_function(self, *args: Any, **options: Any) -> None:
        self._connection.create_function(*args, **options)

    async def commit(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("COMMIT")

    async def rollback(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    async def close(self) -> None:
        self._connection.close()

    def stop(self) -> None:
        self._connection.close()
