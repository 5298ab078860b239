"""The SQL of assignments."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, insert, select, update

from app.kernel.ids import bucket_of
from app.storage.engine import Database, UnitOfWork
from app.subjects.assignment import Assignment
from app.subjects.tables import assignments


class AssignmentStore:
    """Rows of `assignments`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, work: UnitOfWork, made: Assignment) -> None:
        """Adds an assignment to a locked person."""
        await work.execute(
            insert(assignments).values(
                bucket=bucket_of(made.id),
                id=made.id,
                tenant=work.tenant,
                subject=made.subject,
                caller=made.caller,
                case_reference=made.case,
                made_at=made.made_at,
                made_by=made.made_by,
                until=made.until,
            )
        )

    async def end(
        self, work: UnitOfWork, subject: UUID, caller: UUID | None, case: str | None, now: datetime
    ) -> int:
        """Ends the live assignments to a person, of a caller or of all, of one case or of all; says how many there were."""
        statement = update(assignments).where(
            *_of({subject}, work.tenant), assignments.c.ended_at.is_(None), assignments.c.until > now
        )
        if caller is not None:
            statement = statement.where(assignments.c.caller == caller)
        if case is not None:
            statement = statement.where(assignments.c.case_reference == case)
        return (await work.execute(statement.values(ended_at=now))).rowcount

    async def to_caller(self, tenant: str, subjects: Collection[UUID], caller: UUID) -> list[Assignment]:
        """The assignments of one caller to these people that no call has ended."""
        if not subjects:
            return []
        statement = select(assignments).where(
            *_of(subjects, tenant), assignments.c.caller == caller, assignments.c.ended_at.is_(None)
        )
        return [_assignment(row) for row in await self._database.read(tenant, statement)]

    async def of_subject(self, tenant: str, subject: UUID) -> list[Assignment]:
        """All assignments to a person, oldest first."""
        statement = select(assignments).where(*_of({subject}, tenant)).order_by(assignments.c.id)
        return [_assignment(row) for row in await self._database.read(tenant, statement)]


def _of(subjects: Collection[UUID], tenant: str) -> tuple[ColumnElement[bool], ...]:
    return (
        assignments.c.bucket.in_({bucket_of(subject) for subject in subjects}),
        assignments.c.subject.in_(subjects),
        assignments.c.tenant == tenant,
    )


def _assignment(row: Row[Any]) -> Assignment:
    return Assignment(
        id=row.id,
        subject=row.subject,
        caller=row.caller,
        case=row.case_reference,
        made_at=row.made_at,
        made_by=row.made_by,
        until=row.until,
        ended_at=row.ended_at,
    )
