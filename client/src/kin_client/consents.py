"""Consents: recorded with their evidence, withdrawn as easily. A consent opens its purpose, a withdrawal closes it at once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kin_client.answer import Model, Receipt, parsed
from kin_client.batch import Batch, batched, body, split
from kin_client.bindings import BindingState
from kin_client.operation import Operation, Request, post
from kin_client.spelling import check_id


@dataclass(frozen=True, slots=True)
class Consent:
    """A customer's consent to a purpose, with its evidence: when, by what means, to which wording."""

    purpose: str
    given_at: datetime
    method: str
    wording: str

    def __post_init__(self) -> None:
        if self.given_at.tzinfo is None:
            raise ValueError("given_at needs a time zone; use datetime.now(UTC)")

    def document(self) -> dict[str, str]:
        """The consent as the API takes it."""
        return {
            "purpose": self.purpose,
            "given_at": self.given_at.isoformat(),
            "method": self.method,
            "wording": self.wording,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentLine:
    """A consent that was given elsewhere; the person named by the shop's customer number or by the vault's id."""

    consent: Consent
    customer: str | None = field(default=None, repr=False)
    subject: str | None = None

    def __post_init__(self) -> None:
        if (self.customer is None) == (self.subject is None):
            raise ValueError("name the person by customer or by subject")

    def document(self) -> dict[str, Any]:
        """The line as the API takes it."""
        named = {"ref": self.customer} if self.subject is None else {"id": self.subject}
        return {"subject": named, **self.consent.document()}


class RecordedConsent(Model):
    """A consent on record, and what it opened."""

    id: str
    subject: str
    purpose: str
    recorded_at: datetime
    opened: tuple[BindingState, ...]
    receipt: Receipt


class ImportedConsent(RecordedConsent):
    """A consent on record; `added` is False when it was there before."""

    added: bool


class Withdrawal(Model):
    """A withdrawal on record (an entry of its own), and what it closed."""

    id: str
    withdraws: str
    subject: str
    purpose: str
    recorded_at: datetime
    closed: tuple[BindingState, ...]
    receipt: Receipt


def give_consent(subject: str, consent: Consent) -> Operation[RecordedConsent]:
    """Record a consent, given now or before."""
    path = f"/v1/subjects/{check_id('sub', subject)}/consents"
    return parsed(RecordedConsent, (yield post(path, consent.document())))


def import_consents(lines: Iterable[ConsentLine]) -> Operation[Batch[ImportedConsent]]:
    """Bring any number of consents from another system; each is recorded or refused alone, the same line once."""

    def ask(_number: int, group: list[bytes]) -> Request:
        return post("/v1/consents/import", body("items", group, {}))

    return (yield from batched(split(line.document() for line in lines), ask, ImportedConsent))


def withdraw_consent(consent: str) -> Operation[Withdrawal]:
    """Withdraw a consent: its purpose is over on the next read. Raises `Conflict` when it was withdrawn before."""
    return parsed(Withdrawal, (yield post(f"/v1/consents/{check_id('cns', consent)}/withdraw")))
