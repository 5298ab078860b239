"""The SQL of kept answers."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.sql import ColumnElement

from app.crypto.blind_index import digest_bucket
from app.storage.engine import Database, UnitOfWork
from app.vault.tables import kept_answers as kept

_BEGUN = "begun"
_ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A request under a key: the digest of what it said, who carries it out, and the sealed answer once there is one."""

    body: bytes
    request: str
    answer: bytes | None
    begun_at: datetime


class KeptStore:
    """Rows of `kept_answers`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, work: UnitOfWork, digest: bytes, body: bytes, request: str, now: datetime, kept_for: timedelta
    ) -> None:
        """Begins a request; `Conflict` when its key is in use. What has expired in the same place makes room."""
        expired = (
            kept.c.bucket == digest_bucket(digest),
            kept.c.tenant == work.tenant,
            kept.c.expires_at <= now,
        )
        await work.execute(delete(kept).where(*expired))
        await work.execute(
            insert(kept).values(
                bucket=digest_bucket(digest),
                tenant=work.tenant,
                digest=digest,
                body=body,
                request=request,
                state=_BEGUN,
                begun_at=now,
                expires_at=now + kept_for,
            )
        )

    async def find(self, tenant: str, digest: bytes) -> KeptRow | None:
        """The request under a key."""
        rows = await self._database.read(tenant, select(kept).where(*_is(tenant, digest)))
        return KeptRow(rows[0].body, rows[0].request, rows[0].answer, rows[0].begun_at) if rows else None

    async def answer(self, work: UnitOfWork, digest: bytes, request: str, answer: bytes) -> bool:
        """Keeps the answer of the request that holds the key; False when another one does, or it has been answered."""
        mine = (*_is(work.tenant, digest), kept.c.request == request, kept.c.state == _BEGUN)
        result = await work.execute(update(kept).where(*mine).values(state=_ANSWERED, answer=answer))
        return bool(result.rowcount)

    async def take_over(self, work: UnitOfWork, digest: bytes, old: str, new: str, now: datetime) -> bool:
        """Gives the key of a lost request to another one; False when somebody else was first."""
        lost = (*_is(work.tenant, digest), kept.c.request == old, kept.c.state == _BEGUN)
        return bool(
            (await work.execute(update(kept).where(*lost).values(request=new, begun_at=now))).rowcount
        )

    async def remove(self, work: UnitOfWork, digest: bytes, request: str) -> None:
        """Gives the key of a refused request back."""
        mine = (*_is(work.tenant, digest), kept.c.request == request, kept.c.state == _BEGUN)
        await work.execute(delete(kept).where(*mine))


def _is(tenant: str, digest: bytes) -> tuple[ColumnElement[bool], ...]:
    return kept.c.bucket == digest_bucket(digest), kept.c.tenant == tenant, kept.c.digest == digest
