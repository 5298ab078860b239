"""From a person or a record to their names in the audit log, and from the shop's reference to the person."""

from uuid import UUID

from app.crypto.blind_index import blind_index
from app.crypto.handle import handle
from app.crypto.refused import Refused
from app.keys.hierarchy import SubjectKeyRow
from app.keys.keyring import TenantKeyring
from app.subjects.store import SubjectStore


class SubjectFinder:
    """Looks people up for those who may ask about them without seeing their data."""

    def __init__(self, store: SubjectStore, keyring: TenantKeyring) -> None:
        self._store = store
        self._keyring = keyring

    async def by_reference(self, tenant: str, reference: str) -> UUID | None:
        """The person the shop calls so."""
        key = (await self._keyring.tenant(tenant)).customer_references
        return await self._store.by_reference(tenant, blind_index(key, reference))

    async def handle(self, tenant: str, subject: UUID) -> str | None:
        """The person's handle; None when there is no such person, or their key is gone."""
        stored = await self._store.by_id(tenant, subject)
        if stored is None:
            return None
        row = SubjectKeyRow.of(stored.wrapped_key, stored.commitment, stored.kek_version)
        try:
            return handle((await self._keyring.subject(tenant, subject, row)).handle, subject)
        except Refused:
            return None
