"""A person's account of what is held of them, on the wire.

The shape has a name and a JSON Schema, shipped beside this file (docs/formats/access-export.md).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.receipt import RECEIPT_EXAMPLE, ReceiptOut, receipt_json
from app.api.schemas.subjects import subject_json
from app.kernel.clock import rfc3339
from app.kernel.ids import parse_id, text_of
from app.notice.model import Basis, Form, Notice
from app.rights.deadline import RequestKind
from app.rights.subject_access import Account, HeldField, HeldRecord, gave_something
from app.subjects.binding import Binding
from app.vault.describe_subject import Accesses
from app.vault.keeping import until

SCHEMA: Final = "urn:kin:schema:access-export:1"
Words = dict[str, str]
"""The notice's own words, by language."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NoticePart(_Part):
    """Under which notice the account was made."""

    id: str
    version: int
    digest: str
    title: Words


class PurposePart(_Part):
    """A purpose that is named in the account: the promise it carries out, and on which basis."""

    clause: str
    title: Words
    basis: Basis | None


class KeptForPart(_Part):
    """One purpose that keeps a field; `until` is null while it is open."""

    purpose: str
    until: str | None


class FieldPart(_Part):
    """One stored field. `verifier`: a password, of which only a check value is kept, that nobody can read."""

    form: Form
    value: Any = None
    reason: str | None = None
    expires_at: str | None = None
    verifier: bool
    kept_for: list[KeptForPart]


class HeldForPart(_Part):
    """One purpose a record is held for; `kept_until` is null while it is open."""

    purpose: str
    basis: str
    ref: str | None
    state: str
    opened_at: str
    closed_at: str | None
    kept_until: str | None


class RecordPart(_Part):
    """One record."""

    id: str
    collection: str
    created_at: str
    changed_at: str
    held_for: list[HeldForPart]
    fields: dict[str, FieldPart]
    event: str


class ConsentPart(_Part):
    """One consent, and when it was withdrawn."""

    purpose: str
    state: str
    given_at: str | None
    method: str | None
    wording: str | None
    notice_version: int
    withdrawn_at: str | None


class RestrictionPart(_Part):
    """Since when, and why, processing is restricted."""

    since: str | None
    reason: str | None


class RecipientPart(_Part):
    """Somebody outside the shop."""

    id: str
    kind: str | None
    name: str | None


class AccessPart(_Part):
    """One time somebody learnt something: who by role, for what, and which fields in which form."""

    at: str
    roles: list[str]
    purpose: str | None
    collection: str | None
    record: str | None
    fields: dict[str, str]
    recipient: RecipientPart | None


class AccessesPart(_Part):
    """Newest first; `next` is the cursor of `GET /v1/subjects/{id}/accesses` or `/recipients` for what is older."""

    items: list[AccessPart]
    next: str | None


class RightPart(_Part):
    """What the person may ask for, and how long the answer may take."""

    right: RequestKind
    within: str


class ExportOut(_Part):
    """The account. `next` is the `cursor` of the call for the records that are still to come."""

    model_config = ConfigDict(extra="forbid", title="Access export, version 1")

    schema_name: Annotated[Literal["urn:kin:schema:access-export:1"], Field(alias="schema")]
    made_at: str
    subject: str
    since: str | None
    notice: NoticePart
    purposes: dict[str, PurposePart]
    roles: dict[str, str]
    records: list[RecordPart]
    consents: list[ConsentPart]
    restriction: RestrictionPart | None
    accesses: AccessesPart
    recipients: AccessesPart
    rights: list[RightPart]
    next: str | None
    receipt: ReceiptOut


def export_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the account, as shipped in `access-export.schema.json`."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA}
    return dialect | ExportOut.model_json_schema(by_alias=True)


def export_json(account: Account, now: datetime) -> dict[str, Any]:
    """The account, every name of the notice explained in the notice's words."""
    notice, event = account.notice, account.receipt.event
    standing = subject_json(account.page)
    bindings = {binding["id"]: binding for binding in standing["bindings"]}
    whole: dict[str, Any] = {
        "schema": SCHEMA,
        "made_at": rfc3339(now),
        "subject": standing["id"],
        "since": standing["created_at"],
        "notice": event.notice
        and {
            "id": event.notice.id,
            "version": event.notice.version,
            "digest": event.notice.digest,
            "title": dict(notice.title),
        },
        "records": [_record(notice, bindings, record) for record in account.records],
        "consents": [
            {name: consent[name] for name in ConsentPart.model_fields} for consent in standing["consents"]
        ],
        "restriction": standing["restriction"],
        "accesses": _accesses(account, account.accesses),
        "recipients": _accesses(account, account.received),
        "rights": [
            {"right": kind.value, "within": str(term.within)}
            for kind, term in account.deadlines.terms.items()
        ],
        "next": account.next and text_of("rec", account.next),
        "receipt": receipt_json(account.receipt),
    }
    return whole | {"purposes": _purposes(notice, whole), "roles": _roles(notice, whole)}


def _record(notice: Notice, bindings: Mapping[str, Mapping[str, Any]], record: HeldRecord) -> dict[str, Any]:
    return {
        "id": text_of("rec", record.head.id),
        "collection": record.head.collection,
        "created_at": rfc3339(record.head.created_at),
        "changed_at": rfc3339(record.head.changed_at),
        "held_for": [
            _held_for(notice, view.binding, bindings[text_of("bnd", view.binding.id)])
            for view in record.bindings
        ],
        "fields": {name: _field(field) for name, field in record.fields.items()},
        "event": text_of("evt", record.answer.receipt.event.id),
    }


def _held_for(notice: Notice, binding: Binding, shown: Mapping[str, Any]) -> dict[str, Any]:
    purpose = notice.purposes.get(binding.purpose)
    kept_until = until(purpose, binding) if purpose else binding.closed_at
    held = {name: shown.get(name) for name in HeldForPart.model_fields}
    return held | {"kept_until": kept_until and rfc3339(kept_until)}


def _field(field: HeldField) -> dict[str, Any]:
    answer = field.answer
    return {
        "form": answer.form.value,
        "value": answer.value,
        "reason": answer.reason,
        "expires_at": answer.expires_at and rfc3339(answer.expires_at),
        "verifier": field.verifier,
        "kept_for": [
            {"purpose": keeper.purpose, "until": keeper.until and rfc3339(keeper.until)}
            for keeper in field.keepers
        ],
    }


def _accesses(account: Account, accesses: Accesses) -> dict[str, Any]:
    items = [_access(account, accesses, event) for event in accesses.items if gave_something(event)]
    return {"items": items, "next": accesses.next and text_of("evt", accesses.next)}


def _access(account: Account, accesses: Accesses, event: Mapping[str, Any]) -> dict[str, Any]:
    record, recipient = accesses.records.get(event.get("record", "")), event.get("recipient")
    known = account.recipients.get(parse_id("clr", recipient)) if recipient else None
    return {
        "at": event["at"],
        "roles": event.get("roles", []),
        "purpose": event.get("purpose"),
        "collection": event.get("collection"),
        "record": record and text_of("rec", record),
        "fields": {
            name: trace["given"]
            for name, trace in event.get("fields", {}).items()
            if trace["given"] != Form.WITHHELD.value
        },
        "recipient": recipient
        and {"id": recipient, "kind": known and known.kind, "name": known and known.name},
    }


def _purposes(notice: Notice, whole: Mapping[str, Any]) -> dict[str, Any]:
    used = {held["purpose"] for record in whole["records"] for held in record["held_for"]}
    used |= {part["purpose"] for part in whole["consents"]}
    used |= {item["purpose"] for part in ("accesses", "recipients") for item in whole[part]["items"]}
    return {
        name: {
            "clause": purpose.clause,
            "title": dict(notice.clauses[purpose.clause].title),
            "basis": purpose.basis and purpose.basis.value,
        }
        for name, purpose in notice.purposes.items()
        if name in used
    }


def _roles(notice: Notice, whole: Mapping[str, Any]) -> dict[str, str]:
    used = {
        role for part in ("accesses", "recipients") for item in whole[part]["items"] for role in item["roles"]
    }
    return {name: role.says for name, role in notice.roles.items() if name in used}


EXPORT_EXAMPLE: Final[dict[str, Any]] = {
    "schema": SCHEMA,
    "made_at": "2026-11-22T08:00:00.000Z",
    "subject": "sub_01k9v3c8vyb8saf0m1g2h3j4k5",
    "since": "2026-11-20T08:00:00.000Z",
    "notice": {
        "id": "shop",
        "version": 1,
        "digest": "sha256:9f2c…",
        "title": {"vi": "Chính sách bảo mật", "en": "Privacy notice"},
    },
    "purposes": {
        "order": {
            "clause": "trade",
            "title": {"vi": "Thu thập để mua bán và giao hàng", "en": "Collected so that an order succeeds"},
            "basis": "contract",
        }
    },
    "roles": {"checkout": "stores buyers and their orders"},
    "records": [
        {
            "id": "rec_01k9v3c8w0b8sa3q7m5e2t4x6z",
            "collection": "buyer",
            "created_at": "2026-11-20T08:00:00.000Z",
            "changed_at": "2026-11-20T08:00:00.000Z",
            "held_for": [
                {
                    "purpose": "order",
                    "basis": "contract",
                    "ref": "order-1001",
                    "state": "open",
                    "opened_at": "2026-11-20T08:00:00.000Z",
                    "closed_at": None,
                    "kept_until": None,
                }
            ],
            "fields": {
                "full_name": {
                    "form": "plain",
                    "value": "Nguyễn Văn An",
                    "reason": None,
                    "expires_at": None,
                    "verifier": False,
                    "kept_for": [{"purpose": "order", "until": None}],
                }
            },
            "event": "evt_01k9v3c8w0b8sa3q7m5e2t4x6z",
        }
    ],
    "consents": [],
    "restriction": None,
    "accesses": {
        "items": [
            {
                "at": "2026-11-21T08:00:00.000Z",
                "roles": ["checkout"],
                "purpose": "order",
                "collection": "buyer",
                "record": "rec_01k9v3c8w0b8sa3q7m5e2t4x6z",
                "fields": {"full_name": "plain"},
                "recipient": None,
            }
        ],
        "next": None,
    },
    "recipients": {"items": [], "next": None},
    "rights": [{"right": "access", "within": "P10D"}],
    "next": None,
    "receipt": RECEIPT_EXAMPLE | {"purpose": "subject-request", "clauses": {}},
}
