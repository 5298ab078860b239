"""The SQL of kept answers. A request under a key is begun, takes effect, and is answered; or begun and given back."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, insert, select, tuple_, update
from sqlalchemy.sql import ColumnElement

from app.crypto.blind_index import digest_bucket
from app.storage.engine import Database, UnitOfWork
from app.vault.tables import kept_answers as kept

_BEGUN: Final = "begun"
_EFFECTED: Final = "effected"
_ANSWERED: Final = "answered"


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A request under a key: what it said (a digest), who carries it out, whether it took effect, the sealed answer if any."""

    body: bytes
    request: str
    effected: bool
    answer: bytes | None
    begun_at: datetime


class KeptStore:
    """Rows of `kept_answers`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, work: UnitOfWork, digest: bytes, body: bytes, request: str, now: datetime, kept_for: timedelta
    ) -> None:
        """Begins a request; `Conflict` when its key is in use, which it is no more once it has expired."""
        await work.execute(delete(kept).where(*_is(work.tenant, digest), kept.c.expires_at <= now))
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
        if not rows:
            return None
        (row,) = rows
        return KeptRow(row.body, row.request, row.state == _EFFECTED, row.answer, row.begun_at)

    async def effect(self, work: UnitOfWork, digest: bytes, request: str) -> bool:
        """Notes that the request that holds the key takes effect in this transaction; False when another one holds it."""
        mine = (*_is(work.tenant, digest), kept.c.request == request, kept.c.state != _ANSWERED)
        return bool((await work.execute(update(kept).where(*mine).values(state=_EFFECTED))).rowcount)

    async def answer(self, work: UnitOfWork, digest: bytes, request: str, answer: bytes) -> bool:
        """Keeps the answer of the request that holds the key; False when another one does, or it has been answered.

        The row forgets the request, whose id events name beside handles: the answer is about people and may outlive them.
        """
        mine = (*_is(work.tenant, digest), kept.c.request == request, kept.c.state != _ANSWERED)
        result = await work.execute(
            update(kept).where(*mine).values(state=_ANSWERED, request="", answer=answer)
        )
        return bool(result.rowcount)

    async def take_over(self, work: UnitOfWork, digest: bytes, old: str, new: str, now: datetime) -> bool:
        """Gives the key of a lost request to another one; False when it took effect meanwhile, or somebody else was first."""
        lost = (*_is(work.tenant, digest), kept.c.request == old, kept.c.state == _BEGUN)
        return bool(
            (await work.execute(update(kept).where(*lost).values(request=new, begun_at=now))).rowcount
        )

    async def remove(self, work: UnitOfWork, digest: bytes, request: str) -> None:
        """Gives the key of a request back that took no effect."""
        mine = (*_is(work.tenant, digest), kept.c.request == request, kept.c.state == _BEGUN)
        await work.execute(delete(kept).where(*mine))

    async def purge(self, work: UnitOfWork, now: datetime, limit: int) -> int:
        """Deletes at most so many rows that have expired; how many there were."""
        key = (kept.c.bucket, kept.c.tenant, kept.c.digest)
        expired = (
            select(*key)
            .where(kept.c.tenant == work.tenant, kept.c.expires_at <= now)
            .order_by(kept.c.expires_at)
            .limit(limit)
        )
        return (await work.execute(delete(kept).where(tuple_(*key).in_(expired)))).rowcount


def _is(tenant: str, digest: bytes) -> tuple[ColumnElement[bool], ...]:
    return kept.c.bucket == digest_bucket(digest), kept.c.tenant == tenant, kept.c.digest == digest
