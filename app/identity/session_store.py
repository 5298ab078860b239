"""The SQL of customers' sessions. A session lives with its person, and is found by the bucket and the digest."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from app.crypto.session_key import ParsedSessionKey, session_digest
from app.identity.tables import sessions
from app.kernel.caller import Caller
from app.kernel.ids import bucket_of
from app.storage.engine import Database, UnitOfWork

ROLE: Final = "subject"
_NAME: Final = "customer"


class SessionStore:
    """Rows of `sessions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, work: UnitOfWork, parsed: ParsedSessionKey, caller: Caller, now: datetime, expires_at: datetime
    ) -> None:
        """Adds a session by its digest; `Conflict` when the person is gone."""
        await work.execute(
            insert(sessions).values(
                bucket=parsed.bucket,
                digest=session_digest(parsed.secret),
                tenant=work.tenant,
                id=caller.id,
                subject=caller.subject,
                started_at=now,
                expires_at=expires_at,
            )
        )

    async def caller(self, parsed: ParsedSessionKey, now: datetime) -> Caller | None:
        """The customer whose session lives."""
        statement = select(sessions.c.id, sessions.c.subject).where(
            sessions.c.bucket == parsed.bucket,
            sessions.c.digest == session_digest(parsed.secret),
            sessions.c.tenant == parsed.tenant,
            sessions.c.ended_at.is_(None),
            sessions.c.expires_at > now,
        )
        rows = await self._database.read(parsed.tenant, statement)
        return customer(parsed.tenant, rows[0].id, rows[0].subject) if rows else None

    async def end(self, work: UnitOfWork, subject: UUID, now: datetime) -> int:
        """Ends a person's live sessions; says how many there were."""
        statement = update(sessions).where(
            sessions.c.bucket == bucket_of(subject),
            sessions.c.subject == subject,
            sessions.c.tenant == work.tenant,
            sessions.c.ended_at.is_(None),
            sessions.c.expires_at > now,
        )
        return (await work.execute(statement.values(ended_at=now))).rowcount

    async def remove(self, work: UnitOfWork, subject: UUID) -> None:
        """Removes all sessions of a person who is erased."""
        of_person = sessions.c.bucket == bucket_of(subject), sessions.c.subject == subject
        await work.execute(delete(sessions).where(*of_person, sessions.c.tenant == work.tenant))


def customer(tenant: str, session: UUID, subject: UUID) -> Caller:
    """The caller that a session authenticates as."""
    return Caller(tenant, session, _NAME, frozenset({ROLE}), subject)
