"""Placing and releasing legal holds. The reason is kept in words, sealed; the log names the case."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.audit.author import NO_PERSON, Author, FindPerson
from app.audit.event import Action
from app.audit.log import AuditLog, Receipt
from app.kernel.clock import Clock
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import bucket_of, new_uuid, text_of
from app.kernel.plaintext import Plaintext
from app.storage.engine import Database
from app.subjects.hold import Hold
from app.subjects.hold_store import HoldStore
from app.subjects.store import SubjectStore
from app.subjects.words import seal_words

HOLD: Final = "hold.words"
_NO_HOLD: Final = "there is no such hold for you: it is missing, or its person is gone"


@dataclass(frozen=True, slots=True)
class HoldChange:
    """A hold as it stands now, under the receipt of the change."""

    hold: UUID
    subject: UUID
    case: str
    receipt: Receipt


class HoldKeeper:
    """The use cases of legal holds."""

    def __init__(
        self,
        database: Database,
        people: SubjectStore,
        store: HoldStore,
        find: FindPerson,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._database = database
        self._people = people
        self._store = store
        self._find = find
        self._audit = audit
        self._clock = clock

    async def place(self, author: Author, subject: UUID, case: str, reason: Plaintext) -> HoldChange:
        """A new hold; a person may have several, each for its case. `not-found` when there is no such person."""
        person, now, tenant = await self._find(author.tenant, subject), self._clock.now(), author.tenant
        hold = new_uuid(bucket_of(subject))
        words = seal_words(person.keys.field, tenant, subject, hold, HOLD, reason)
        event = author.event(Action.HOLD_PLACE, now, person=person, case=case, about=text_of("hld", hold))
        async with self._database.transaction(tenant) as work:
            if await self._people.lock(work, subject) is None:
                raise VaultError(Kind.NOT_FOUND, NO_PERSON)
            await self._store.add(work, Hold(hold, subject, case, words, now, author.caller.id))
            await self._people.mark_held(work, subject, held=True)
            (receipt,) = await self._audit.record(work, [event])
        return HoldChange(hold, subject, case, receipt)

    async def release(self, author: Author, hold: UUID) -> HoldChange:
        """Ends a hold. `not-found` when there is none, `conflict` when it has been released before."""
        known = await self._store.by_id(author.tenant, hold)
        if known is None:
            raise VaultError(Kind.NOT_FOUND, _NO_HOLD)
        person, now = await self._find(author.tenant, known.subject), self._clock.now()
        event = author.event(
            Action.HOLD_RELEASE, now, person=person, case=known.case, about=text_of("hld", hold)
        )
        async with self._database.transaction(author.tenant) as work:
            if await self._people.lock(work, known.subject) is None:
                raise VaultError(Kind.NOT_FOUND, _NO_HOLD)
            if not await self._store.release(work, hold, author.caller.id, now):
                raise VaultError(Kind.CONFLICT, "this hold has been released already")
            await self._people.mark_held(
                work, known.subject, held=await self._store.any_stands(work, known.subject)
            )
            (receipt,) = await self._audit.record(work, [event])
        return HoldChange(hold, known.subject, known.case, receipt)
