"""From a person or a record to their names in the audit log, and from the shop's reference to the person."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from app.audit.author import NO_PERSON, Person
from app.crypto.blind_index import blind_index
from app.crypto.refused import Refused
from app.kernel.errors import Kind, VaultError
from app.kernel.plaintext import Plaintext
from app.keys.hierarchy import SubjectKeyRow
from app.keys.keyring import TenantKeyring
from app.subjects.store import SubjectStore

_DAMAGED: Final = "this person's key does not pass its check; tell the operator"


class SubjectFinder:
    """Looks people up for those who may ask about them without seeing their data."""

    def __init__(self, store: SubjectStore, keyring: TenantKeyring) -> None:
        self._store = store
        self._keyring = keyring

    async def by_reference(self, tenant: str, reference: Plaintext) -> UUID | None:
        """The person the shop calls so."""
        key = (await self._keyring.tenant(tenant)).customer_references
        return await self._store.by_reference(tenant, blind_index(key, reference.reveal()))

    async def person(self, tenant: str, subject: UUID) -> Person:
        """The person with their keys; `not-found` when there is none, `unavailable` when the key does not pass its check."""
        found = await self.people(tenant, {subject})
        if not found:
            raise VaultError(Kind.NOT_FOUND, NO_PERSON)
        return found[0]

    async def people(self, tenant: str, subjects: Collection[UUID]) -> list[Person]:
        """Those of these people who are there, with their keys, by id."""
        rows = await self._store.wrapped_keys(tenant, subjects)
        try:
            return [
                Person(one, await self._keyring.subject(tenant, one, SubjectKeyRow.of(*rows[one])))
                for one in sorted(rows)
            ]
        except Refused:
            raise VaultError(Kind.UNAVAILABLE, _DAMAGED) from None

    async def sound(self, tenant: str, subject: UUID) -> Person | None:
        """The person with their keys; None when there is none, and when the key does not pass its check."""
        row = (await self._store.wrapped_keys(tenant, {subject})).get(subject)
        try:
            return row and Person(
                subject, await self._keyring.subject(tenant, subject, SubjectKeyRow.of(*row))
            )
        except Refused:
            return None

    async def handle(self, tenant: str, subject: UUID) -> str | None:
        """The person's handle; None when there is no such person, or their key is gone."""
        person = await self.sound(tenant, subject)
        return person.handle() if person else None
