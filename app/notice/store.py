"""The SQL of notice versions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, insert, select

from app.notice.tables import notice_versions
from app.storage.engine import Database, UnitOfWork


class VersionState(StrEnum):
    """The life of a version; exactly one is active."""

    DRAFT = "draft"
    APPROVED = "approved"
    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class NoticeVersion:
    """A version as stored: its source is the TOML text as it was approved."""

    version: int
    digest: str
    state: VersionState
    author: UUID | None
    approver: UUID | None
    created_at: datetime
    activated_at: datetime | None


class NoticeStore:
    """Rows of `notice_versions`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_active(
        self, work: UnitOfWork, version: int, digest: str, source: str, now: datetime
    ) -> None:
        """Adds a version that is active from the start: the first one of a tenant."""
        await work.execute(
            insert(notice_versions).values(
                tenant=work.tenant,
                version=version,
                digest=digest,
                source=source,
                state=VersionState.ACTIVE.value,
                created_at=now,
                activated_at=now,
            )
        )

    async def active_version(self, tenant: str) -> tuple[int, str] | None:
        """Number and digest of the active version."""
        found = await self._active(tenant, select(notice_versions.c.version, notice_versions.c.digest))
        return (found.version, found.digest) if found else None

    async def active_source(self, tenant: str) -> tuple[int, str] | None:
        """Number and source of the active version."""
        found = await self._active(tenant, select(notice_versions.c.version, notice_versions.c.source))
        return (found.version, found.source) if found else None

    async def versions(self, tenant: str) -> list[NoticeVersion]:
        """All versions, newest first, without their sources."""
        columns = [column for column in notice_versions.c if column.name not in {"tenant", "source", "state"}]
        statement = (
            select(*columns, notice_versions.c.state)
            .where(notice_versions.c.tenant == tenant)
            .order_by(notice_versions.c.version.desc())
        )
        return [
            NoticeVersion(**{**row._mapping, "state": VersionState(row.state)})  # noqa: SLF001  # SQLAlchemy's documented name
            for row in await self._database.read(tenant, statement)
        ]

    async def source(self, tenant: str, version: int) -> str | None:
        """The source of one version."""
        statement = select(notice_versions.c.source).where(
            notice_versions.c.tenant == tenant, notice_versions.c.version == version
        )
        rows = await self._database.read(tenant, statement)
        return rows[0].source if rows else None

    async def _active(self, tenant: str, statement: Select[Any]) -> Any:
        rows = await self._database.read(
            tenant,
            statement.where(
                notice_versions.c.tenant == tenant, notice_versions.c.state == VersionState.ACTIVE.value
            ),
        )
        return rows[0] if rows else None
