"""Which purposes a record joins because its person has agreed to them: at once, or when it is stored later.

A consent reaches the records whose collection has a field that its purpose covers, for as long as it is live; a withdrawn one
reaches none. The newest live consent to a purpose is the one that a binding names.
"""

from collections.abc import Container, Iterable
from datetime import datetime
from uuid import UUID

from app.kernel.ids import bucket_of, new_uuid
from app.notice.model import Basis
from app.notice.table import DecisionTable
from app.subjects.binding import Binding
from app.subjects.consent import Consent, live


def consent_purposes(table: DecisionTable, collection: str) -> frozenset[str]:
    """The purposes that a consent opens on records of the collection."""
    return frozenset(
        purpose.name
        for purpose in table.notice.purposes.values()
        if purpose.basis is Basis.CONSENT
        and not purpose.standing
        and any(name.partition(".")[0] == collection for name in purpose.covers)
    )


def joined(consent: Consent, record: UUID, now: datetime) -> Binding:
    """The purpose of a consent, open on a record of its person."""
    return Binding(
        id=new_uuid(bucket_of(consent.subject)),
        subject=consent.subject,
        record=record,
        purpose=consent.purpose,
        basis=Basis.CONSENT.value,
        opened_at=now,
        consent=consent.id,
    )


def joining(
    ledger: Iterable[Consent], purposes: Iterable[str], opened: Container[str], record: UUID, now: datetime
) -> list[Binding]:
    """What a new record of this person joins: those of the purposes that are not opened on it already, by live consents."""
    wanted = frozenset(purpose for purpose in purposes if purpose not in opened)
    newest = {consent.purpose: consent for consent in live(ledger, wanted)}
    return [joined(newest[purpose], record, now) for purpose in sorted(newest)]
