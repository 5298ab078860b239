"""From rows to this room's values: rows do not leave it. A word that is none of its list is `DamagedRow`."""

from typing import Any

from sqlalchemy import Row

from app.storage.stored_word import stored_word
from app.subjects.binding import Binding, Cause, State
from app.subjects.consent import Act, Consent
from app.subjects.subject import Subject


def subject_of(row: Row[Any]) -> Subject:
    """A person."""
    return Subject(
        id=row.id,
        tenant=row.tenant,
        kek_version=row.kek_version,
        wrapped_key=row.wrapped_key,
        commitment=row.commitment,
        restricted=row.restricted,
        held=row.held,
        created_at=row.created_at,
        restricted_at=row.restricted_at,
        restricted_words=row.restricted_words,
    )


def consent_of(row: Row[Any]) -> Consent:
    """An entry of the ledger."""
    return Consent(
        id=row.id,
        subject=row.subject,
        purpose=row.purpose,
        act=stored_word(Act, row.act),
        notice_version=row.notice_version,
        wording=row.wording,
        method=row.method,
        given_at=row.given_at,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        withdraws=row.withdraws,
    )


def binding_of(row: Row[Any]) -> Binding:
    """A binding."""
    return Binding(
        id=row.id,
        subject=row.subject,
        record=row.record,
        purpose=row.purpose,
        basis=row.basis,
        opened_at=row.opened_at,
        reference_digest=row.reference_digest,
        reference_sealed=row.reference_sealed,
        consent=row.consent,
        state=stored_word(State, row.state),
        closed_at=row.closed_at,
        closed_because=stored_word(Cause, row.closed_because) if row.closed_because else None,
        closed_words=row.closed_words,
    )
