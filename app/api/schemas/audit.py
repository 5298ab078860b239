"""What the audit log's answers look like on the wire; an event's members are those of docs/formats/audit-event.md."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict


class FieldTraceOut(BaseModel):
    """What happened to one field."""

    given: str
    reason: str
    clause: str | None = None
    asked: str | None = None


class EventOut(BaseModel):
    """An event; what does not apply is absent."""

    model_config = ConfigDict(extra="allow")

    id: str
    at: str
    tenant: str
    action: str
    outcome: str
    request: str | None = None
    caller: str | None = None
    roles: list[str] | None = None
    purpose: str | None = None
    case: str | None = None
    subject: str | None = None
    record: str | None = None
    collection: str | None = None
    fields: dict[str, FieldTraceOut] | None = None


class EventsOut(BaseModel):
    """A page of events, newest first."""

    items: list[EventOut]
    next: str | None


class CountOut(BaseModel):
    """How many events fell into one group."""

    group: str
    events: int


class SummaryOut(BaseModel):
    """Counts by a group, most first."""

    by: str
    items: list[CountOut]


EVENT_EXAMPLE: Final[dict[str, Any]] = {
    "id": "evt_01k9v3c8w0b8sa3q7m5e2t4x6z",
    "at": "2026-11-22T08:00:00.000Z",
    "tenant": "shop",
    "action": "record.disclose",
    "outcome": "partial",
    "request": "req_01k9v3c8w0b8s90b5c8d7f3g2h",
    "caller": "clr_01k9v3a1b2b8sc3d4e5f6g7h8j",
    "roles": ["shipping"],
    "purpose": "delivery",
    "subject": "5f0c8e6d2a914b7c8d3e6f1a2b3c4d5e",
    "record": "a41f5e2b7c9d4e6f8a1b2c3d4e5f6071",
    "collection": "delivery",
    "notice": {"id": "shop", "version": 1, "digest": "sha256:9f2c…"},
    "fields": {
        "recipient": {"given": "plain", "reason": "granted", "clause": "third-parties"},
        "note": {"given": "withheld", "reason": "not-granted", "clause": "third-parties"},
    },
    "inputs": {"binding": "open", "case": False, "channel": "direct", "restricted": False},
}
EVENTS_EXAMPLE: Final[dict[str, Any]] = {"items": [EVENT_EXAMPLE], "next": None}
SUMMARY_EXAMPLE: Final[dict[str, Any]] = {
    "by": "purpose",
    "items": [{"group": "delivery", "events": 4211}, {"group": "customer-care", "events": 187}],
}
