"""A customer who is signed in: a short-lived credential that the shop's backend asks for and hands to its customer.

It authenticates as a caller of the one role `subject`, bound to the person, so that a grant under `own` holds for their data
and no other. Nothing about a session is remembered in a process: signing out ends all of a person's sessions on the next
request, everywhere. How the shop knows its customer is the shop's matter.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.audit.author import NO_PERSON, Author, FindPerson
from app.audit.event import Action
from app.audit.log import AuditLog, Receipt
from app.crypto.session_key import new_session_key, parse_session_key
from app.identity.session_store import SessionStore, customer
from app.kernel.clock import Clock
from app.kernel.duration import Duration
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.ids import bucket_of, new_uuid
from app.storage.engine import Database
from app.storage.failures import Conflict

LIVES: Final = Duration(seconds=15 * 60)
LONGEST: Final = Duration(seconds=24 * 3600)


@dataclass(frozen=True, slots=True, repr=False)
class StartedSession:
    """A new session. `credential` is given to the customer and kept nowhere."""

    credential: str
    expires_at: datetime
    receipt: Receipt


class SessionKeeper:
    """The use cases of sessions."""

    def __init__(
        self, database: Database, store: SessionStore, find: FindPerson, audit: AuditLog, clock: Clock
    ) -> None:
        self._database = database
        self._store = store
        self._find = find
        self._audit = audit
        self._clock = clock

    async def start(self, author: Author, subject: UUID, lives: Duration) -> StartedSession:
        """A session of a person. `invalid` when it would live too long or not at all; `not-found` without such a person."""
        now, tenant = self._clock.now(), author.tenant
        expires_at = lives.after(now)
        if not now < expires_at <= LONGEST.after(now):
            error = FieldError("/expires_in", "out-of-range", f"more than nothing, at most {LONGEST}")
            raise VaultError(Kind.INVALID, "the session cannot be started; see errors", errors=(error,))
        person = await self._find(tenant, subject)
        credential = new_session_key(tenant, bucket_of(subject))
        # The id is drawn elsewhere than in the person's bucket: it stays in the log when the person is gone.
        caller = customer(tenant, new_uuid(), subject)
        event = author.event(Action.SESSION_START, now, person=person)
        try:
            async with self._database.transaction(tenant) as work:
                await self._store.add(work, parse_session_key(credential), caller, now, expires_at)
                (receipt,) = await self._audit.record(work, [event])
        except Conflict:
            raise VaultError(Kind.NOT_FOUND, NO_PERSON) from None
        return StartedSession(credential, expires_at, receipt)

    async def end(self, author: Author, subject: UUID) -> tuple[int, Receipt]:
        """Ends all sessions of a person, at once and everywhere: how many there were. `not-found` without such a person."""
        person, now = await self._find(author.tenant, subject), self._clock.now()
        async with self._database.transaction(author.tenant) as work:
            ended = await self._store.end(work, subject, now)
            event = author.event(Action.SESSION_END, now, person=person, inputs={"ended": str(ended)})
            (receipt,) = await self._audit.record(work, [event])
        return ended, receipt
