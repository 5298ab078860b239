"""A copy of an SQLite database while the vault goes on serving: whole, checked, and what is in it.

On PostgreSQL its own tools make a better one; `dump_command` says how.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.engine import URL

from app.audit.tables import audit_events
from app.kernel.errors import Kind, VaultError
from app.storage.engine import Database
from app.storage.sqlite_copy import CopyFailed, FileBusy, Progress, copy_database, in_the_making, make_durable
from app.subjects.tables import subjects
from app.wiring.occupancy import in_use


@dataclass(frozen=True, slots=True)
class Contents:
    """What a copy holds: events of all logs, people of all tenants, and the version of its schema."""

    events: int
    people: int
    schema: str


def back_up(database: Database, file: Path, progress: Progress) -> Contents:
    """Makes `file`, which must not exist; `conflict` or `unavailable` with words for the operator otherwise."""
    with in_use(database), making(file) as part:
        if file.exists():
            raise VaultError(Kind.CONFLICT, f"{file} exists; give a name that is not taken")
        try:
            copy_database(Path(str(database.url.database)), part, progress)
            held = contents(part)
        except CopyFailed:
            words = "the database cannot be copied; `kin check` says whether it is well"
            raise VaultError(Kind.UNAVAILABLE, words) from None
        part.rename(file)
        make_durable(file.parent)
    return held


@contextmanager
def making(file: Path) -> Iterator[Path]:
    """`in_the_making` with words for the operator when the file cannot be made."""
    try:
        with in_the_making(file) as part:
            yield part
    except FileBusy:
        raise VaultError(Kind.CONFLICT, f"{file} is being made by another process; wait") from None
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise VaultError(Kind.UNAVAILABLE, f"{file} cannot be made ({reason})") from None


def contents(copy: Path) -> Contents:
    """What a copy that nobody writes to holds; `CopyFailed` when it is not a vault's."""
    try:
        with closing(sqlite3.connect(copy)) as connection:
            events, people, schema = (
                connection.execute(statement).fetchone()[0]
                for statement in (
                    str(select(func.count()).select_from(audit_events)),
                    str(select(func.count()).select_from(subjects)),
                    "SELECT version_num FROM alembic_version",
                )
            )
    except (sqlite3.Error, TypeError):
        raise CopyFailed from None
    return Contents(events, people, schema)


def dump_command(url: URL, file: Path) -> str:
    """What makes a backup of this PostgreSQL database; neither user nor password of the URL are in it.

    It needs a role that row-level security does not bind: pg_dump leaves no rows out, it refuses
    (postgresql.org/docs/current/app-pgdump.html).
    """
    host = {name: value for name, value in url.query.items() if name == "host"}
    there = URL.create("postgresql", host=url.host, port=url.port, database=url.database, query=host)
    return f"pg_dump --format=custom --username=postgres --dbname='{there}' --file='{file}'"
