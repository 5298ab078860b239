"""What a driver's error becomes: fixed words.

A driver's message can carry values (`DETAIL: Key (email)=(…)`), so nothing of it is passed on: only whether the database
could not answer (`unavailable`: try again) or a row was already there (`Conflict`: the use case decides).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.kernel.errors import Kind, VaultError

_UNAVAILABLE: Final = "the vault's database cannot answer; try again"


class Conflict(Exception):
    """A row with the same key exists, or one that this row needs is gone; somebody else was first."""


class DatabaseUnavailable(VaultError):
    """The database did not answer, or refused for a reason that is not the caller's."""

    def __init__(self) -> None:
        super().__init__(Kind.UNAVAILABLE, _UNAVAILABLE)


@contextmanager
def translated() -> Iterator[None]:
    """Runs database calls so that only `Conflict` and `DatabaseUnavailable` come out of drivers."""
    try:
        yield
    except (IntegrityError, asyncpg.IntegrityConstraintViolationError, sqlite3.IntegrityError):
        raise Conflict from None
    except (
        TimeoutError,
        DBAPIError,
        PoolTimeout,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        sqlite3.Error,
        OSError,
    ):
        # The cause is dropped on purpose: its text can carry a row.
        raise DatabaseUnavailable from None
