"""What consents and bindings look like on the wire."""

from collections.abc import Iterable
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.api.schemas.receipt import RECEIPT_EXAMPLE, ReceiptOut, receipt_json
from app.api.schemas.records import ConsentIn, SubjectIn
from app.api.schemas.spelling import BindingId, Body, Name, Reference, Words
from app.kernel.clock import rfc3339
from app.kernel.ids import parse_id, text_of
from app.kernel.plaintext import Plaintext
from app.subjects.binding import Binding
from app.subjects.consent import Consent
from app.vault.give_consent import ConsentChange, Objection
from app.vault.import_consents import ConsentLine
from app.vault.open_binding import Closed, Opened
from app.vault.submission import ConsentGiven

CONSENT_IN_EXAMPLE: Final[dict[str, Any]] = {
    "purpose": "marketing-sms",
    "given_at": "2026-11-22T08:00:00Z",
    "method": "checkbox",
    "wording": "shop/3#sms",
}


class NewConsentIn(ConsentIn):
    """A consent to record; `given_at` may lie in the past, for one that was given elsewhere."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [CONSENT_IN_EXAMPLE]})

    def given(self) -> ConsentGiven:
        """The body in the words of the vault."""
        return ConsentGiven(self.purpose, self.given_at, self.method, self.wording)


class ConsentLineIn(NewConsentIn):
    """Whose consent, to what, given when, how and in which words."""

    subject: SubjectIn

    def line(self) -> ConsentLine:
        """The line in the words of the vault."""
        return ConsentLine(
            reference=None if self.subject.ref is None else Plaintext(self.subject.ref),
            subject=None if self.subject.id is None else parse_id("sub", self.subject.id),
            given=self.given(),
        )


class ConsentsIn(Body):
    """Consents to import; every line is judged alone."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"items": [{"subject": {"ref": "customer-8123"}, **CONSENT_IN_EXAMPLE}]}]
        },
    )

    items: Annotated[list[Any], Field(min_length=1, max_length=1000)]


class BindingIn(Body):
    """A purpose to open on a record; `ref` is the shop's reference, such as an order number."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"purpose": "customer-care", "ref": "order-1001"}]},
    )

    purpose: Name
    ref: Reference | None = None


class CloseIn(Body):
    """What to close: all that is open for a purpose under a reference, or one binding."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"purpose": "delivery", "ref": "order-1001", "reason": "delivered"}]},
    )

    purpose: Name | None = None
    ref: Reference | None = None
    id: BindingId | None = None
    reason: Words | None = None

    @model_validator(mode="after")
    def one_of_both(self) -> "CloseIn":
        """Exactly one way to say what."""
        by_reference = self.purpose is not None and self.ref is not None
        if by_reference == (self.id is not None) or (self.id and (self.purpose or self.ref)):
            raise ValueError("say what to close by purpose and ref, or by id")
        return self

    def binding(self) -> UUID | None:
        """The binding named by id, or None."""
        return None if self.id is None else parse_id("bnd", self.id)

    def words(self) -> Plaintext | None:
        """The reason, if one is given."""
        return None if self.reason is None else Plaintext(self.reason)


class ObjectionIn(Body):
    """What the customer objects to: all marketing when no purpose is named."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"purposes": ["marketing-sms"]}, {}]}
    )

    purposes: list[Name] | None = Field(default=None, min_length=1, max_length=32)


class BindingStateOut(BaseModel):
    """A purpose on a record."""

    id: str
    record: str
    purpose: str
    state: str


class ConsentOut(BaseModel):
    """A consent that was recorded, and what it opened."""

    id: str
    subject: str
    purpose: str
    recorded_at: str
    opened: list[BindingStateOut]
    receipt: ReceiptOut


class ImportedOut(BaseModel):
    """One outcome a line, in order: the consent, `added` false when it was on record already; or a problem."""

    items: list[dict[str, Any]]


class WithdrawnOut(BaseModel):
    """A withdrawal (an entry of its own), and what it closed."""

    id: str
    withdraws: str
    subject: str
    purpose: str
    recorded_at: str
    closed: list[BindingStateOut]
    receipt: ReceiptOut


class ObjectionOut(BaseModel):
    """The purposes that are over for the customer."""

    subject: str
    purposes: list[str]
    withdrawn: list[str]
    closed: list[BindingStateOut]
    receipt: ReceiptOut


class OpenedOut(BindingStateOut):
    """A binding that was opened."""

    receipt: ReceiptOut


class ClosedOut(BaseModel):
    """The bindings that this call closed."""

    closed: list[BindingStateOut]
    receipt: ReceiptOut


def consent_json(change: ConsentChange) -> dict[str, Any]:
    """The answer to a consent."""
    return {
        **_entry_json(change.entry),
        "opened": _states(change.bindings),
        "receipt": receipt_json(change.receipt),
    }


def imported_json(change: ConsentChange) -> dict[str, Any]:
    """The outcome of a line."""
    return {**consent_json(change), "added": change.added}


def withdrawn_json(change: ConsentChange) -> dict[str, Any]:
    """The answer to a withdrawal."""
    return {
        **_entry_json(change.entry),
        "withdraws": change.entry.withdraws and text_of("cns", change.entry.withdraws),
        "closed": _states(change.bindings),
        "receipt": receipt_json(change.receipt),
    }


def objection_json(subject: str, objection: Objection) -> dict[str, Any]:
    """The answer to an objection."""
    return {
        "subject": subject,
        "purposes": list(objection.purposes),
        "withdrawn": [text_of("cns", consent) for consent in objection.consents],
        "closed": _states(objection.bindings),
        "receipt": receipt_json(objection.receipt),
    }


def opened_json(opened: Opened) -> dict[str, Any]:
    """The answer to an opening."""
    return {**_state_json(opened.binding), "receipt": receipt_json(opened.receipt)}


def closed_json(closed: Closed) -> dict[str, Any]:
    """The answer to a closing."""
    return {"closed": _states(closed.bindings), "receipt": receipt_json(closed.receipt)}


def _entry_json(entry: Consent) -> dict[str, Any]:
    return {
        "id": text_of("cns", entry.id),
        "subject": text_of("sub", entry.subject),
        "purpose": entry.purpose,
        "recorded_at": rfc3339(entry.recorded_at),
    }


def _states(bindings: Iterable[Binding]) -> list[dict[str, Any]]:
    return [_state_json(binding) for binding in bindings]


def _state_json(binding: Binding) -> dict[str, Any]:
    return {
        "id": text_of("bnd", binding.id),
        "record": text_of("rec", binding.record),
        "purpose": binding.purpose,
        "state": binding.state.value,
    }


_SUBJECT: Final = "sub_01k9v3c8vyb8saf0m1g2h3j4k5"
_BINDING: Final[dict[str, Any]] = {
    "id": "bnd_01k9v3c8w1b8sb4r8n6f3v5y70",
    "record": "rec_01k9v3c8w0b8sa3q7m5e2t4x6z",
    "purpose": "marketing-sms",
    "state": "open",
}
_RECEIPT: Final[dict[str, Any]] = RECEIPT_EXAMPLE | {"purpose": "marketing-sms", "clauses": {}}
_CLOSED: Final = [_BINDING | {"state": "closed"}]
CONSENT_EXAMPLE: Final[dict[str, Any]] = {
    "id": "cns_01k9v3c8w2b8sc5s9p7g4w6z81",
    "subject": _SUBJECT,
    "purpose": "marketing-sms",
    "recorded_at": "2026-11-22T08:00:01.000Z",
    "opened": [_BINDING],
    "receipt": _RECEIPT,
}
IMPORTED_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        CONSENT_EXAMPLE | {"added": True},
        {
            "type": "urn:kin:problem:conflict",
            "title": "Conflict",
            "status": 409,
            "detail": "the person has withdrawn their consent to this purpose since; ask them again",
            "code": "conflict",
            "request_id": "req_01k9v3c8w0b8sa3q7m5e2t4x6z",
        },
    ]
}
WITHDRAWN_EXAMPLE: Final[dict[str, Any]] = {
    "id": "cns_01k9v3c8w3b8sd6t0q8h5x70a2",
    "withdraws": "cns_01k9v3c8w2b8sc5s9p7g4w6z81",
    "subject": _SUBJECT,
    "purpose": "marketing-sms",
    "recorded_at": "2026-12-01T08:00:00.000Z",
    "closed": _CLOSED,
    "receipt": _RECEIPT,
}
OBJECTION_EXAMPLE: Final[dict[str, Any]] = {
    "subject": _SUBJECT,
    "purposes": ["marketing-call", "marketing-email", "marketing-letter", "marketing-sms"],
    "withdrawn": ["cns_01k9v3c8w2b8sc5s9p7g4w6z81"],
    "closed": _CLOSED,
    "receipt": _RECEIPT | {"purpose": None},
}
OPENED_EXAMPLE: Final[dict[str, Any]] = _BINDING | {"purpose": "customer-care", "receipt": _RECEIPT}
CLOSED_EXAMPLE: Final[dict[str, Any]] = {"closed": _CLOSED, "receipt": _RECEIPT}
