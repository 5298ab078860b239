"""A whole SQLite database copied while others write to it, and a file that is either there whole or not at all.

The online backup API begins again whenever another process commits. So the part copied in one step, during which writers wait,
grows each time it is overtaken, and the copy ends however busy the database is (sqlite.org/backup.html).
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

_PAGES: Final = 1024
"""Copied in one step at first: 4 MiB, some milliseconds."""
_PAUSE: Final = 0.02
"""Seconds between two steps, in which writers get their turn."""

Progress = Callable[[int, int], None]
"""Told how many pages are copied, of how many."""


class CopyFailed(Exception):
    """What was to be copied is no whole database, or cannot be read."""


class FileBusy(Exception):
    """Somebody else is making this file at this moment."""


class _Overtaken(Exception):
    """Somebody has committed, and the backup has begun again."""


@contextmanager
def in_the_making(path: Path) -> Iterator[Path]:
    """A new file beside `path`, its owner's alone, for the block to fill and to move into place; removed when it raises.

    What a killed process has left of one is begun anew. `FileBusy` while another process is at it, `OSError` when the directory
    cannot be written.
    """
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FileBusy from None
        if not _is_at(part, descriptor):  # moved into place while this process waited for its turn
            raise FileBusy
        journal_of(part).unlink(missing_ok=True)
        os.ftruncate(descriptor, 0)
        try:
            yield part
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        finally:
            journal_of(part).unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def journal_of(path: Path) -> Path:
    """The rollback journal of a database file (sqlite.org/tempfiles.html)."""
    return path.with_name(path.name + "-journal")


def make_durable(path: Path) -> None:
    """Returns when a file, or the names in a directory, would survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_database(source: Path, target: Path, progress: Progress) -> None:
    """Copies a database as it stands at one moment into an empty file, and checks the copy; `CopyFailed` otherwise."""
    try:
        with closing(_reading(source)) as held, closing(sqlite3.connect(target)) as copy:
            copy.execute("PRAGMA journal_mode=MEMORY")
            copy.execute("PRAGMA synchronous=OFF")
            pages = _PAGES
            while not _copied(held, copy, pages, progress):
                pages *= 2
            found = copy.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error:
        raise CopyFailed from None
    if found != ("ok",):
        raise CopyFailed
    make_durable(target)


def _reading(source: Path) -> sqlite3.Connection:
    # Not read-only: what a killed process has left in a journal must be undone before anything is read.
    connection = sqlite3.connect(f"file:{source.absolute()}?mode=rw", uri=True)
    connection.execute("PRAGMA busy_timeout=5000")
    return connection


def _copied(held: sqlite3.Connection, copy: sqlite3.Connection, pages: int, progress: Progress) -> bool:
    """One try; False when it was overtaken."""
    before: int | None = None

    def watch(status: int, remaining: int, total: int) -> None:
        nonlocal before
        if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return
        if before is not None and remaining >= before:
            raise _Overtaken
        before = remaining
        progress(total - remaining, total)

    try:
        held.backup(copy, pages=pages, progress=watch, sleep=_PAUSE)
    except _Overtaken:
        return False
    return True
