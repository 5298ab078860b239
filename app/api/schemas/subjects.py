"""What a person looks like on the wire: standing, purposes, consents, who looked; never a field."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

from app.api.schemas.receipt import RECEIPT_EXAMPLE, ReceiptOut, receipt_json
from app.api.schemas.spelling import Body, DurationText, Words
from app.kernel.clock import rfc3339
from app.kernel.ids import text_of
from app.kernel.plaintext import Plaintext
from app.subjects.assignment import Assignment
from app.subjects.binding import State
from app.subjects.consent import Act, Consent
from app.vault.describe_subject import Accesses, BindingView, HoldView, SubjectPage

_SUBJECT: Final = "sub_01k9v3c8vyb8saf0m1g2h3j4k5"
_RECORD: Final = "rec_01k9v3c8w0b8sa3q7m5e2t4x6z"
_STAFF: Final = "clr_01k9v3a1b2b8sc3d4e5f6g7h8j"


class FindIn(Body):
    """The shop's own reference of a customer."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"ref": "customer-8123"}]})

    ref: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=200)]


class FoundOut(BaseModel):
    """Who it is."""

    id: str
    receipt: ReceiptOut


class RestrictionIn(Body):
    """Why processing is restricted."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "khách hàng yêu cầu ngày 22/11"}]}
    )

    reason: Words


class LiftIn(Body):
    """Why a restriction is lifted; may be left out, as may the whole body."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    reason: Words | None = None


class RestrictionOut(BaseModel):
    """Whether processing is restricted now."""

    subject: str
    restricted: bool
    receipt: ReceiptOut


class SessionIn(Body):
    """How long the customer is signed in; 15 minutes when left out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"expires_in": "PT15M"}]})

    expires_in: DurationText = "PT15M"


class SessionOut(BaseModel):
    """A session; `credential` is shown this once, and sent as `Authorization: Bearer`."""

    subject: str
    credential: str
    expires_at: str
    receipt: ReceiptOut


class SessionsEndedOut(BaseModel):
    """How many sessions there were to end."""

    ended: int
    receipt: ReceiptOut


class SubjectOut(BaseModel):
    """A person: how they stand and what is held for which purpose. For the person themselves without holds and assignments."""

    model_config = ConfigDict(extra="allow")

    id: str
    created_at: str | None
    restriction: dict[str, Any] | None
    held: bool | None = None
    records: list[dict[str, Any]]
    bindings: list[dict[str, Any]]
    consents: list[dict[str, Any]]
    holds: list[dict[str, Any]] | None = None
    assignments: list[dict[str, Any]] | None = None
    receipt: ReceiptOut


class AccessesOut(BaseModel):
    """Who learnt what, newest first; a record that is still stored is named by its id."""

    items: list[dict[str, Any]]
    next: str | None
    receipt: ReceiptOut


def subject_json(page: SubjectPage) -> dict[str, Any]:
    """The page of a person."""
    subject = page.subject
    shown: dict[str, Any] = {
        "id": text_of("sub", subject.id),
        "created_at": subject.created_at and rfc3339(subject.created_at),
        "restriction": _restriction(page) if subject.restricted else None,
        "records": [
            {
                "id": text_of("rec", record.id),
                "collection": record.collection,
                "version": record.version,
                "created_at": rfc3339(record.created_at),
                "changed_at": rfc3339(record.changed_at),
            }
            for record in page.records
        ],
        "bindings": [_binding(view) for view in page.bindings],
        "consents": _consents(page.ledger),
    }
    if page.holds is not None:
        shown["held"] = subject.held
        shown["holds"] = [_hold(view) for view in page.holds]
    if page.assignments is not None:
        shown["assignments"] = [_assignment(made) for made in page.assignments]
    return shown | {"receipt": receipt_json(page.receipt)}


def accesses_json(accesses: Accesses) -> dict[str, Any]:
    """The list of who learnt what."""
    return {
        "items": [_access(item, accesses) for item in accesses.items],
        "next": accesses.next and text_of("evt", accesses.next),
        "receipt": receipt_json(accesses.receipt),
    }


_TOLD: Final = (
    "at",
    "action",
    "outcome",
    "caller",
    "roles",
    "purpose",
    "case",
    "collection",
    "recipient",
    "fields",
)


def _access(event: Mapping[str, Any], accesses: Accesses) -> dict[str, Any]:
    record = accesses.records.get(event.get("record", ""))
    told = {name: event[name] for name in _TOLD if name in event}
    return {"event": event["id"], **told, "record": record and text_of("rec", record)}


def _restriction(page: SubjectPage) -> dict[str, Any]:
    since = page.subject.restricted_at
    return {"since": since and rfc3339(since), "reason": _shown(page.restriction)}


def _binding(view: BindingView) -> dict[str, Any]:
    binding = view.binding
    shown: dict[str, Any] = {
        "id": text_of("bnd", binding.id),
        "record": text_of("rec", binding.record),
        "collection": view.collection,
        "purpose": binding.purpose,
        "basis": binding.basis,
        "ref": _shown(view.reference),
        "state": binding.state.value,
        "opened_at": rfc3339(binding.opened_at),
    }
    if binding.consent is not None:
        shown["consent"] = text_of("cns", binding.consent)
    if binding.state is State.CLOSED:
        shown["closed_at"] = binding.closed_at and rfc3339(binding.closed_at)
        shown["closed_because"] = binding.closed_because and binding.closed_because.value
        shown["reason"] = _shown(view.reason)
    return shown


def _consents(ledger: Sequence[Consent]) -> list[dict[str, Any]]:
    withdrawals = {entry.withdraws: entry for entry in ledger if entry.act is Act.WITHDRAW}
    return [_consent(entry, withdrawals.get(entry.id)) for entry in ledger if entry.withdraws is None]


def _consent(entry: Consent, withdrawal: Consent | None) -> dict[str, Any]:
    """A consent and when it was withdrawn; or an objection to what the person had not agreed to."""
    objected = entry.act is Act.WITHDRAW
    ended = entry if objected else withdrawal
    return {
        "id": text_of("cns", entry.id),
        "purpose": entry.purpose,
        "state": "objected" if objected else "withdrawn" if withdrawal else "given",
        "given_at": entry.given_at and rfc3339(entry.given_at),
        "method": entry.method,
        "wording": entry.wording,
        "notice_version": entry.notice_version,
        "recorded_at": rfc3339(entry.recorded_at),
        "recorded_by": text_of("clr", entry.recorded_by),
        "withdrawn_at": ended and rfc3339(ended.recorded_at),
    }


def _hold(view: HoldView) -> dict[str, Any]:
    hold = view.hold
    return {
        "id": text_of("hld", hold.id),
        "case": hold.case,
        "reason": _shown(view.reason),
        "placed_at": rfc3339(hold.placed_at),
        "placed_by": text_of("clr", hold.placed_by),
        "released_at": hold.released_at and rfc3339(hold.released_at),
    }


def _assignment(made: Assignment) -> dict[str, Any]:
    return {
        "id": text_of("asg", made.id),
        "caller": text_of("clr", made.caller),
        "case": made.case,
        "until": rfc3339(made.until),
        "ended_at": made.ended_at and rfc3339(made.ended_at),
    }


def _shown(words: Plaintext | None) -> Any:
    return None if words is None else words.reveal()


_RECEIPT: Final[dict[str, Any]] = RECEIPT_EXAMPLE | {"purpose": None, "clauses": {}}
FOUND_EXAMPLE: Final[dict[str, Any]] = {"id": _SUBJECT, "receipt": _RECEIPT}
RESTRICTED_EXAMPLE: Final[dict[str, Any]] = {"subject": _SUBJECT, "restricted": True, "receipt": _RECEIPT}
LIFTED_EXAMPLE: Final[dict[str, Any]] = RESTRICTED_EXAMPLE | {"restricted": False}
SESSION_EXAMPLE: Final[dict[str, Any]] = {
    "subject": _SUBJECT,
    "credential": "kis_shop_…",
    "expires_at": "2026-11-22T08:15:00.000Z",
    "receipt": _RECEIPT,
}
SESSIONS_ENDED_EXAMPLE: Final[dict[str, Any]] = {"ended": 2, "receipt": _RECEIPT}
SUBJECT_EXAMPLE: Final[dict[str, Any]] = {
    "id": _SUBJECT,
    "created_at": "2026-11-22T08:00:00.000Z",
    "restriction": None,
    "held": False,
    "records": [
        {
            "id": _RECORD,
            "collection": "buyer",
            "version": 1,
            "created_at": "2026-11-22T08:00:00.000Z",
            "changed_at": "2026-11-22T08:00:00.000Z",
        }
    ],
    "bindings": [
        {
            "id": "bnd_01k9v3c8w1b8sb4r8n6f3v5y70",
            "record": _RECORD,
            "collection": "buyer",
            "purpose": "order",
            "basis": "contract",
            "ref": "order-1001",
            "state": "open",
            "opened_at": "2026-11-22T08:00:00.000Z",
        }
    ],
    "consents": [
        {
            "id": "cns_01k9v3c8w2b8sc5s9p7g4w6z81",
            "purpose": "marketing-sms",
            "state": "given",
            "given_at": "2026-11-22T08:00:00.000Z",
            "method": "checkbox",
            "wording": "shop/3#sms",
            "notice_version": 1,
            "recorded_at": "2026-11-22T08:00:01.000Z",
            "recorded_by": _STAFF,
            "withdrawn_at": None,
        }
    ],
    "holds": [],
    "assignments": [],
    "receipt": _RECEIPT,
}
ACCESSES_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "event": "evt_01k9v3c8w0b8sa3q7m5e2t4x6z",
            "at": "2026-11-22T08:00:00.000Z",
            "action": "record.disclose",
            "outcome": "partial",
            "caller": _STAFF,
            "roles": ["shipping"],
            "purpose": "delivery",
            "collection": "delivery",
            "fields": {"recipient": {"given": "plain", "reason": "granted", "clause": "third-parties"}},
            "record": _RECORD,
        }
    ],
    "next": None,
    "receipt": _RECEIPT,
}
