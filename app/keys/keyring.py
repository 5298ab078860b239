"""Which tenant keys are unwrapped in this process.

They are unwrapped once and kept, so that reads go on while the key provider is away. A row that names a KEK version not
known here makes the keyring look again: another process has rotated.
"""

import asyncio
from uuid import UUID

from app.crypto.key_derivation import SubjectKeys
from app.crypto.key_wrap import new_key
from app.crypto.refused import Refused
from app.kernel.clock import Clock
from app.keys.hierarchy import KeyKind, KeyState, SubjectKeyRow, TenantKeys
from app.keys.provider import KeyProvider
from app.keys.store import KeyStore, WrappedTenantKey
from app.storage.engine import UnitOfWork


class UnknownTenant(LookupError):
    """No tenant of this name has keys."""


class TenantKeyring:
    """The unwrapped keys of the tenants this process serves."""

    def __init__(self, provider: KeyProvider, store: KeyStore, clock: Clock) -> None:
        self._provider = provider
        self._store = store
        self._clock = clock
        self._unwrapped: dict[str, TenantKeys] = {}
        self._looking = asyncio.Lock()

    async def tenant(self, tenant: str) -> TenantKeys:
        """The tenant's keys; `UnknownTenant`, or `KeyProviderUnavailable` when they are not unwrapped yet and cannot be."""
        return self._unwrapped.get(tenant) or await self._look(tenant)

    async def subject(self, tenant: str, subject: UUID, row: SubjectKeyRow) -> SubjectKeys:
        """A person's keys; `Refused` when the row was changed or moved."""
        keys = await self.tenant(tenant)
        if not keys.knows(row):
            keys = await self._look(tenant, again=True)
            if not keys.knows(row):
                raise Refused  # the row names a version that never was
        return keys.subject(subject, row)

    async def create(self, work: UnitOfWork) -> TenantKeys:
        """Makes the first version of every kind for a new tenant, in the tenant's own transaction."""
        now = self._clock.now()
        fresh = {kind: new_key() for kind in KeyKind}
        rows = [
            WrappedTenantKey(
                kind,
                1,
                KeyState.PRIMARY,
                await self._provider.wrap(key, tenant=work.tenant, kind=kind.value, version=1),
                now,
            )
            for kind, key in fresh.items()
        ]
        await self._store.add(work, rows)
        return TenantKeys(
            work.tenant, {kind: {1: key} for kind, key in fresh.items()}, dict.fromkeys(KeyKind, 1)
        )

    async def versions(self, tenant: str) -> list[WrappedTenantKey]:
        """All versions of all kinds, still wrapped; empty when the tenant is unknown."""
        return await self._store.of_tenant(tenant)

    async def check(self) -> None:
        """Returns when the key provider answers; `KeyProviderUnavailable` otherwise."""
        await self._provider.check()

    async def _look(self, tenant: str, *, again: bool = False) -> TenantKeys:
        async with self._looking:
            if not again and tenant in self._unwrapped:
                return self._unwrapped[tenant]
            rows = await self._store.of_tenant(tenant)
            if not rows:
                raise UnknownTenant(tenant)
            keys: dict[KeyKind, dict[int, bytes]] = {kind: {} for kind in KeyKind}
            for row in rows:
                keys[row.kind][row.version] = await self._provider.unwrap(
                    row.wrapped, tenant=tenant, kind=row.kind.value, version=row.version
                )
            primary = {row.kind: row.version for row in rows if row.state is KeyState.PRIMARY}
            self._unwrapped[tenant] = TenantKeys(tenant, keys, primary)
            return self._unwrapped[tenant]
