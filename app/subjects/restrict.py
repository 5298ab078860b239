"""Restricting the processing of a person's data, and lifting that. It acts on the next read in every process.

A restriction stops every purpose that needs a binding; standing purposes go on. That is `notice`'s decision; here is the fact.
"""

from typing import Final
from uuid import UUID

from app.audit.author import NO_PERSON, Author, FindPerson
from app.audit.event import Action
from app.audit.log import AuditLog, Receipt
from app.kernel.clock import Clock
from app.kernel.errors import Kind, VaultError
from app.kernel.plaintext import Plaintext
from app.storage.engine import Database
from app.subjects.store import SubjectStore
from app.subjects.words import seal_words

RESTRICTION: Final = "restriction.words"


class Restrictor:
    """The use cases of restriction (GDPR art. 18; Law 91/2025/QH15)."""

    def __init__(
        self, database: Database, store: SubjectStore, find: FindPerson, audit: AuditLog, clock: Clock
    ) -> None:
        self._database = database
        self._store = store
        self._find = find
        self._audit = audit
        self._clock = clock

    async def restrict(self, author: Author, subject: UUID, reason: Plaintext) -> Receipt:
        """Restricts; again with another reason replaces the reason. `not-found` when there is no such person."""
        person = await self._find(author.tenant, subject)
        words = seal_words(person.keys.field, author.tenant, subject, subject, RESTRICTION, reason)
        return await self._set(author, subject, words)

    async def lift(self, author: Author, subject: UUID) -> Receipt:
        """Lifts the restriction; nothing changes where there is none. `not-found` when there is no such person."""
        return await self._set(author, subject, None)

    async def _set(self, author: Author, subject: UUID, words: bytes | None) -> Receipt:
        person, now = await self._find(author.tenant, subject), self._clock.now()
        action = Action.SUBJECT_UNRESTRICT if words is None else Action.SUBJECT_RESTRICT
        async with self._database.transaction(author.tenant) as work:
            known = await self._store.lock(work, subject)
            if known is None:
                raise VaultError(Kind.NOT_FOUND, NO_PERSON)
            since = None if words is None else known.restricted_at or now
            await self._store.restrict(work, subject, since, words)
            (receipt,) = await self._audit.record(work, [author.event(action, now, person=person)])
        return receipt
