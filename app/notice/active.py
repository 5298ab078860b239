"""Which notice decides now: the compiled table of each tenant's active version, in every worker.

A table is compiled once and kept under the digest of its source. `refresh`, called every half second, asks the database which
version is active, so that a running server takes up an activated notice within a second and without a restart.
"""

from typing import Final

from app.kernel.errors import Kind, VaultError
from app.notice.parse import parse
from app.notice.store import NoticeStore
from app.notice.table import DecisionTable, compile_table

REFRESH_SECONDS: Final = 0.5


class ActiveNotices:
    """The decision tables of the tenants this process serves."""

    def __init__(self, store: NoticeStore) -> None:
        self._store = store
        self._tables: dict[str, DecisionTable] = {}

    async def table(self, tenant: str) -> DecisionTable:
        """The active table; `unavailable` when the tenant has no active notice, for then nothing may be decided."""
        return self._tables.get(tenant) or await self._load(tenant)

    async def refresh(self) -> None:
        """Takes up what was activated elsewhere."""
        for tenant, table in list(self._tables.items()):
            active = await self._store.active_version(tenant)
            if active != (table.version, table.digest):
                del self._tables[tenant]
                await self._load(tenant)

    async def _load(self, tenant: str) -> DecisionTable:
        active = await self._store.active_source(tenant)
        if active is None:
            raise VaultError(Kind.UNAVAILABLE, "the tenant has no active notice; activate one")
        version, source = active
        self._tables[tenant] = compile_table(parse(source), version)
        return self._tables[tenant]
