"""The SQL of tenants, callers and API keys."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Select, insert, select, update

from app.identity.tables import api_keys, callers, tenants
from app.kernel.caller import Caller
from app.storage.engine import Database, UnitOfWork


class CallerState(StrEnum):
    """Whether a caller may speak at all."""

    ACTIVE = "active"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class StoredCaller:
    """A caller with what the list of callers shows."""

    caller: Caller
    state: CallerState
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key as it is known: never its secret."""

    id: UUID
    caller: UUID
    created_at: datetime
    revoked_at: datetime | None


class IdentityStore:
    """Rows of `tenants`, `callers`, `api_keys`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tenants(self) -> list[str]:
        """The names of all tenants: the one list that no tenant fences."""
        rows = await self._database.read("", select(tenants.c.tenant).order_by(tenants.c.tenant))
        return [row.tenant for row in rows]

    async def has_tenant(self, tenant: str) -> bool:
        """Whether the tenant exists."""
        return bool(await self._database.read(tenant, select(tenants).where(tenants.c.tenant == tenant)))

    async def add_tenant(self, work: UnitOfWork, now: datetime) -> None:
        """Adds the tenant the unit of work is for; `Conflict` when it exists."""
        await work.execute(insert(tenants).values(tenant=work.tenant, created_at=now))

    async def add_caller(self, work: UnitOfWork, caller: Caller, now: datetime) -> None:
        """Adds a caller; `Conflict` when its name is taken."""
        await work.execute(
            insert(callers).values(
                tenant=work.tenant,
                id=caller.id,
                name=caller.name,
                roles=json.dumps(sorted(caller.roles)),
                state=CallerState.ACTIVE.value,
                created_at=now,
            )
        )

    async def disable(self, work: UnitOfWork, caller: UUID) -> bool:
        """Stops a caller; False when there is none."""
        statement = update(callers).where(callers.c.tenant == work.tenant, callers.c.id == caller)
        return bool((await work.execute(statement.values(state=CallerState.DISABLED.value))).rowcount)

    async def add_key(self, work: UnitOfWork, key: UUID, caller: UUID, digest: bytes, now: datetime) -> None:
        """Adds a key by its digest."""
        await work.execute(
            insert(api_keys).values(tenant=work.tenant, digest=digest, id=key, caller=caller, created_at=now)
        )

    async def revoke_key(self, work: UnitOfWork, caller: UUID, key: UUID, now: datetime) -> bool:
        """Ends a key; False when the caller has no such live key."""
        statement = update(api_keys).where(
            api_keys.c.tenant == work.tenant,
            api_keys.c.id == key,
            api_keys.c.caller == caller,
            api_keys.c.revoked_at.is_(None),
        )
        return bool((await work.execute(statement.values(revoked_at=now))).rowcount)

    async def by_digest(self, tenant: str, digest: bytes) -> Caller | None:
        """The active caller of a live key."""
        statement = (
            select(callers)
            .join(api_keys, (api_keys.c.tenant == callers.c.tenant) & (api_keys.c.caller == callers.c.id))
            .where(
                api_keys.c.tenant == tenant,
                api_keys.c.digest == digest,
                api_keys.c.revoked_at.is_(None),
                callers.c.state == CallerState.ACTIVE.value,
            )
        )
        found = await self._callers(tenant, statement)
        return found[0].caller if found else None

    async def callers(self, tenant: str) -> list[StoredCaller]:
        """All callers of a tenant, by name."""
        return await self._callers(
            tenant, select(callers).where(callers.c.tenant == tenant).order_by(callers.c.name)
        )

    async def caller(self, tenant: str, caller: UUID) -> StoredCaller | None:
        """One caller."""
        found = await self._callers(
            tenant, select(callers).where(callers.c.tenant == tenant, callers.c.id == caller)
        )
        return found[0] if found else None

    async def keys(self, tenant: str) -> list[StoredKey]:
        """All keys of a tenant, oldest first."""
        statement = select(api_keys).where(api_keys.c.tenant == tenant).order_by(api_keys.c.id)
        return [
            StoredKey(row.id, row.caller, row.created_at, row.revoked_at)
            for row in await self._database.read(tenant, statement)
        ]

    async def _callers(self, tenant: str, statement: Select[tuple[object, ...]]) -> list[StoredCaller]:
        return [
            StoredCaller(
                Caller(row.tenant, row.id, row.name, frozenset(json.loads(row.roles))),
                CallerState(row.state),
                row.created_at,
            )
            for row in await self._database.read(tenant, statement)
        ]
