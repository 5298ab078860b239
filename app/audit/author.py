"""Who makes a change, and the event that says so. What is changed, and whether it may be, others decide."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.audit.event import (
    NO_FIELDS,
    NOT_WRITTEN,
    NOTHING,
    Action,
    Ciphertext,
    Event,
    FieldTrace,
    NoticeRef,
    Outcome,
)
from app.crypto.handle import handle
from app.crypto.key_derivation import SubjectKeys
from app.kernel.caller import Caller
from app.kernel.ids import new_uuid


@dataclass(frozen=True, slots=True)
class Person:
    """A person whose keys are at hand, so that an event can name them by their handle."""

    id: UUID
    keys: SubjectKeys

    def handle(self, thing: UUID | None = None) -> str:
        """The name of the person, or of a thing of theirs, in the log."""
        return handle(self.keys.handle, thing or self.id)


FindPerson = Callable[[str, UUID], Awaitable[Person]]
"""How the room that has the keys lends a person: tenant and id to `Person`; `not-found` when there is none, `unavailable`
when the key does not pass its check."""

NO_PERSON: Final = "there is no such person for you: missing, erased, or not yours"


@dataclass(frozen=True, slots=True)
class Author:
    """An admitted caller in one request, under one version of the notice."""

    caller: Caller
    request: str
    notice: NoticeRef
    case: str | None = None

    @property
    def tenant(self) -> str:
        """The tenant whose data is changed."""
        return self.caller.tenant

    def event(
        self,
        action: Action,
        at: datetime,
        *,
        person: Person | None = None,
        record: UUID | None = None,
        collection: str | None = None,
        purpose: str | None = None,
        case: str | None = None,
        about: str | None = None,
        reason: str | None = None,
        recipient: UUID | None = None,
        fields: Mapping[str, FieldTrace] = NO_FIELDS,
        written: Mapping[str, Ciphertext] = NOT_WRITTEN,
        inputs: Mapping[str, str | bool] = NOTHING,
        outcome: Outcome = Outcome.ALLOWED,
    ) -> Event:
        """An event of this author; `case` goes before the case of the request."""
        return Event(
            id=new_uuid(),
            at=at,
            tenant=self.tenant,
            action=action,
            outcome=outcome,
            request=self.request,
            caller=self.caller.id,
            roles=tuple(self.caller.roles),
            purpose=purpose,
            case=case or self.case,
            subject=person.handle() if person else None,
            record=person.handle(record) if person and record else None,
            collection=collection,
            recipient=recipient,
            notice=self.notice,
            fields=fields,
            written=written,
            inputs=inputs,
            about=about,
            reason=reason,
        )
