"""Who has an SQLite database in use: everybody who works with it, or one who replaces its file, never both.

An idle connection holds no lock of SQLite's own, so there is a lock file beside the database. On PostgreSQL there is nothing to
hold.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.kernel.errors import Kind, VaultError
from app.storage.engine import Database
from app.storage.failures import translated


@contextmanager
def in_use(database: Database) -> Iterator[None]:
    """Keeps the database's file from being replaced until the block ends; `conflict` while it is."""
    if not database.is_sqlite:
        yield
        return
    with _locked(Path(str(database.url.database)), fcntl.LOCK_SH, "the database is being restored; wait"):
        yield


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keeps everybody else from the database's file until the block ends; `conflict` while somebody uses it."""
    with _locked(path, fcntl.LOCK_EX, "the database is in use; stop what serves on it or works with it"):
        yield


@contextmanager
def _locked(path: Path, how: int, busy: str) -> Iterator[None]:
    with translated():
        place = path.resolve()
        descriptor = os.open(
            place.with_name(place.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
    try:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            raise VaultError(Kind.CONFLICT, busy) from None
        yield
    finally:
        os.close(descriptor)
