"""The SQL of legal holds. Whether any stands is kept on the person's row as well (`SubjectStore.mark_held`)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update

from app.kernel.ids import bucket_of
from app.storage.engine import Database, UnitOfWork
from app.subjects.hold import Hold
from app.subjects.tables import holds


class HoldStore:
    """Rows of `holds`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, work: UnitOfWork, hold: Hold) -> None:
        """Adds a hold on a locked person."""
        await work.execute(
            insert(holds).values(
                bucket=bucket_of(hold.id),
                id=hold.id,
                tenant=work.tenant,
                subject=hold.subject,
                case_reference=hold.case,
                words=hold.words,
                placed_at=hold.placed_at,
                placed_by=hold.placed_by,
            )
        )

    async def release(self, work: UnitOfWork, hold: UUID, by: UUID, now: datetime) -> bool:
        """Ends a hold on a locked person; False when it does not stand."""
        statement = update(holds).where(
            holds.c.bucket == bucket_of(hold),
            holds.c.id == hold,
            holds.c.tenant == work.tenant,
            holds.c.released_at.is_(None),
        )
        return bool((await work.execute(statement.values(released_at=now, released_by=by))).rowcount)

    async def any_stands(self, work: UnitOfWork, subject: UUID) -> bool:
        """Whether a hold stands on a locked person."""
        statement = select(holds.c.id).where(
            holds.c.bucket == bucket_of(subject),
            holds.c.subject == subject,
            holds.c.tenant == work.tenant,
            holds.c.released_at.is_(None),
        )
        return (await work.execute(statement.limit(1))).first() is not None

    async def by_id(self, tenant: str, hold: UUID) -> Hold | None:
        """One hold, standing or released."""
        statement = select(holds).where(
            holds.c.bucket == bucket_of(hold), holds.c.id == hold, holds.c.tenant == tenant
        )
        rows = await self._database.read(tenant, statement)
        return _hold(rows[0]) if rows else None

    async def of_subject(self, tenant: str, subject: UUID) -> list[Hold]:
        """All holds on a person, oldest first."""
        statement = (
            select(holds)
            .where(holds.c.bucket == bucket_of(subject), holds.c.subject == subject, holds.c.tenant == tenant)
            .order_by(holds.c.id)
        )
        return [_hold(row) for row in await self._database.read(tenant, statement)]


def _hold(row: Row[Any]) -> Hold:
    return Hold(
        id=row.id,
        subject=row.subject,
        case=row.case_reference,
        words=row.words,
        placed_at=row.placed_at,
        placed_by=row.placed_by,
        released_at=row.released_at,
        released_by=row.released_by,
    )
