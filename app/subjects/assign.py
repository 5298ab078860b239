"""Assigning a caller to a person, and ending that. Whether the caller exists is told by whoever calls; that is `identity`'s."""

from datetime import datetime
from typing import Final
from uuid import UUID

from app.audit.author import NO_PERSON, Author, FindPerson
from app.audit.event import Action
from app.audit.log import AuditLog, Receipt
from app.kernel.clock import Clock
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.ids import bucket_of, new_uuid, text_of
from app.storage.engine import Database
from app.subjects.assignment import Assignment
from app.subjects.assignment_store import AssignmentStore
from app.subjects.store import SubjectStore

_PAST: Final = FieldError("/until", "in-the-past", "give a time to come, at which the assignment ends")


class Assigner:
    """The use cases of assignments."""

    def __init__(
        self,
        database: Database,
        people: SubjectStore,
        store: AssignmentStore,
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

    async def assign(
        self, author: Author, subject: UUID, caller: UUID, case: str | None, until: datetime
    ) -> tuple[Assignment, Receipt]:
        """A new assignment until a time to come (else `invalid`). `not-found` when there is no such person."""
        now = self._clock.now()
        if until <= now:
            raise VaultError(Kind.INVALID, "the assignment has ended already; see errors", errors=(_PAST,))
        person = await self._find(author.tenant, subject)
        made = Assignment(new_uuid(bucket_of(subject)), subject, caller, case, now, author.caller.id, until)
        event = author.event(
            Action.ASSIGNMENT_MAKE, now, person=person, case=case, about=text_of("clr", caller)
        )
        async with self._database.transaction(author.tenant) as work:
            if await self._people.lock(work, subject) is None:
                raise VaultError(Kind.NOT_FOUND, NO_PERSON)
            await self._store.add(work, made)
            (receipt,) = await self._audit.record(work, [event])
        return made, receipt

    async def end(self, author: Author, subject: UUID, caller: UUID, case: str | None) -> tuple[int, Receipt]:
        """Ends the caller's live assignments to a person, of one case or of all: how many there were."""
        person, now = await self._find(author.tenant, subject), self._clock.now()
        async with self._database.transaction(author.tenant) as work:
            ended = await self._store.end(work, subject, caller, case, now)
            event = author.event(
                Action.ASSIGNMENT_END,
                now,
                person=person,
                case=case,
                about=text_of("clr", caller),
                inputs={"ended": str(ended)},
            )
            (receipt,) = await self._audit.record(work, [event])
        return ended, receipt
