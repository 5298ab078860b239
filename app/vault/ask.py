"""Who asks, why, and in which request: what every use case of the vault is told by its door."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.audit.author import Author, Person
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
from app.crypto.key_derivation import SubjectKeys
from app.kernel.caller import Caller
from app.notice.table import DecisionTable
from app.vault.record import StoredRecord


@dataclass(frozen=True, slots=True)
class Ask:
    """The caller, the declared purpose, the case and the approved order if they are named, and the id of the request."""

    caller: Caller
    purpose: str
    request: str
    case: str | None = None
    order: UUID | None = None

    def author(self, table: DecisionTable) -> Author:
        """Whoever asks, as the author of events under the notice that decides."""
        return Author(self.caller, self.request, notice_ref(table), self.case)

    def known_purpose(self, table: DecisionTable) -> str | None:
        """The purpose as events name it: one the notice does not know is a sender's text, and an event holds none."""
        return self.purpose if table.knows_purpose(self.purpose) else None

    def event(
        self,
        table: DecisionTable,
        action: Action,
        at: datetime,
        outcome: Outcome,
        *,
        person: Person | None = None,
        record: UUID | None = None,
        collection: str | None = None,
        recipient: UUID | None = None,
        fields: Mapping[str, FieldTrace] = NO_FIELDS,
        written: Mapping[str, Ciphertext] = NOT_WRITTEN,
        inputs: Mapping[str, str | bool] = NOTHING,
        reason: str | None = None,
    ) -> Event:
        """The event of what this ask came to, under the notice that decided it."""
        return self.author(table).event(
            action,
            at,
            outcome=outcome,
            purpose=self.known_purpose(table),
            person=person,
            record=record,
            collection=collection,
            recipient=recipient,
            fields=fields,
            written=written,
            inputs=inputs,
            reason=reason,
        )


def notice_ref(table: DecisionTable) -> NoticeRef:
    """Which notice decided, as events name it."""
    return NoticeRef(table.notice_id, table.version, table.digest)


def person_of(record: StoredRecord | None, keys: SubjectKeys | None) -> Person | None:
    """Whose record it is, for an event; None while the keys are not at hand."""
    return Person(record.subject, keys) if record and keys else None
