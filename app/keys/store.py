"""The SQL of tenant keys."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from app.keys.hierarchy import KeyKind, KeyState
from app.keys.tables import tenant_keys
from app.storage.engine import Database, UnitOfWork


@dataclass(frozen=True, slots=True)
class WrappedTenantKey:
    """One version of one kind, wrapped by the root key."""

    kind: KeyKind
    version: int
    state: KeyState
    wrapped: bytes
    created_at: datetime


class KeyStore:
    """Rows of `tenant_keys`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_tenant(self, tenant: str) -> list[WrappedTenantKey]:
        """All versions of all kinds; empty when the tenant is unknown."""
        statement = select(tenant_keys).where(tenant_keys.c.tenant == tenant)
        return [
            WrappedTenantKey(KeyKind(row.kind), row.version, KeyState(row.state), row.wrapped, row.created_at)
            for row in await self._database.read(tenant, statement)
        ]

    async def add(self, work: UnitOfWork, keys: list[WrappedTenantKey]) -> None:
        """Adds versions."""
        rows = [
            {
                "tenant": work.tenant,
                "kind": key.kind.value,
                "version": key.version,
                "state": key.state.value,
                "wrapped": key.wrapped,
                "created_at": key.created_at,
            }
            for key in keys
        ]
        await work.execute(insert(tenant_keys), rows)
