"""What an audit event may say: a typed allow-list, and its bytes.

No personal value, no hash of one, no free text: names from the notice, ids of callers, codes from closed lists, a case
reference of a fixed pattern, and *handles* of people and records (HMAC under a key that dies with the person). The bytes are
canonical JSON (RFC 8785): keys sorted, no spaces, integers and strings only. Format: docs/formats/audit-event.md.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple
from uuid import UUID

from app.kernel.clock import rfc3339
from app.kernel.ids import text_of

WITHHELD: Final = "withheld"
"""The form in which nothing is given."""


class Action(StrEnum):
    """What was done or attempted; the list is closed."""

    RECORD_STORE = "record.store"
    RECORD_DISCLOSE = "record.disclose"
    RECORD_SEARCH = "record.search"
    RECORD_CHANGE = "record.change"
    RECORD_DELETE = "record.delete"
    RECORD_ERASE = "record.erase"
    RECORD_VERIFY = "record.verify"
    TOKEN_ISSUE = "token.issue"
    TOKEN_RESOLVE = "token.resolve"
    TOKEN_REVOKE = "token.revoke"
    TOKEN_LIST = "token.list"
    BUDGET_EXCEED = "budget.exceed"
    STATISTICS_COUNT = "statistics.count"
    SUBJECT_READ = "subject.read"
    SUBJECT_EXPORT = "subject.export"
    SUBJECT_FIND = "subject.find"
    SUBJECT_RESTRICT = "subject.restrict"
    SUBJECT_UNRESTRICT = "subject.unrestrict"
    SUBJECT_OBJECT = "subject.object"
    SUBJECT_ERASE = "subject.erase"
    CERTIFICATE_READ = "certificate.read"
    CONSENT_GIVE = "consent.give"
    CONSENT_WITHDRAW = "consent.withdraw"
    BINDING_OPEN = "binding.open"
    BINDING_CLOSE = "binding.close"
    HOLD_PLACE = "hold.place"
    HOLD_RELEASE = "hold.release"
    ASSIGNMENT_MAKE = "assignment.make"
    ASSIGNMENT_END = "assignment.end"
    ORDER_REQUEST = "order.request"
    ORDER_APPROVE = "order.approve"
    ORDER_REJECT = "order.reject"
    REQUEST_OPEN = "request.open"
    REQUEST_ACKNOWLEDGE = "request.acknowledge"
    REQUEST_EXTEND = "request.extend"
    REQUEST_COMPLETE = "request.complete"
    REQUEST_REFUSE = "request.refuse"
    REQUEST_LIST = "request.list"
    SESSION_START = "session.start"
    SESSION_END = "session.end"
    AUTH_FAIL = "auth.fail"
    PERMISSION_DENY = "permission.deny"
    RETENTION_PREVIEW = "retention.preview"
    RETENTION_SWEEP = "retention.sweep"
    AUDIT_QUERY = "audit.query"
    NOTICE_ACTIVATE = "notice.activate"
    LOG_BEGIN = "log.begin"
    TENANT_CREATE = "tenant.create"
    CALLER_CREATE = "caller.create"
    CALLER_DISABLE = "caller.disable"
    KEY_ISSUE = "api-key.issue"
    KEY_REVOKE = "api-key.revoke"


READS: Final = frozenset(
    {
        Action.RECORD_DISCLOSE,
        Action.RECORD_SEARCH,
        Action.RECORD_VERIFY,
        Action.TOKEN_LIST,
        Action.AUTH_FAIL,
        Action.PERMISSION_DENY,
        Action.RETENTION_PREVIEW,
        Action.CERTIFICATE_READ,
        Action.AUDIT_QUERY,
        Action.BUDGET_EXCEED,
        Action.STATISTICS_COUNT,
    }
)
"""What changes nothing and may be done again."""


class Outcome(StrEnum):
    """How it ended."""

    ALLOWED = "allowed"
    PARTIAL = "partial"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FieldTrace:
    """What happened to one field: the form asked for (if any), the form given, why, and under which clause."""

    given: str
    reason: str
    clause: str | None = None
    asked: str | None = None


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """What was written for one field: its version and the SHA-256 of the sealed bytes, to find rolled back rows."""

    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class NoticeRef:
    """Which notice decided."""

    id: str
    version: int
    digest: str


NO_FIELDS: Final[Mapping[str, FieldTrace]] = {}
NOT_WRITTEN: Final[Mapping[str, Ciphertext]] = {}
NOTHING: Final[Mapping[str, str | bool]] = {}


class Event(NamedTuple):
    """One thing that was done, attempted or refused. `subject` and `record` are handles.

    A tuple, since a batch makes one a record, and a frozen dataclass of so many members costs five times that.
    """

    id: UUID
    at: datetime
    tenant: str
    action: Action
    outcome: Outcome
    request: str | None = None
    caller: UUID | None = None
    roles: tuple[str, ...] = ()
    purpose: str | None = None
    case: str | None = None
    subject: str | None = None
    record: str | None = None
    collection: str | None = None
    recipient: UUID | None = None
    notice: NoticeRef | None = None
    fields: Mapping[str, FieldTrace] = NO_FIELDS
    written: Mapping[str, Ciphertext] = NOT_WRITTEN
    inputs: Mapping[str, str | bool] = NOTHING
    about: str | None = None  # the id of the caller, key or notice version that was changed
    reason: str | None = None  # a code from a closed list


_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True, check_circular=False
)


def as_json(event: Event) -> dict[str, Any]:
    """The event as the API shows it and as its bytes hold it; what does not apply is absent."""
    notice = event.notice
    whole: dict[str, Any] = {
        "id": text_of("evt", event.id),
        "at": rfc3339(event.at),
        "tenant": event.tenant,
        "action": event.action.value,
        "outcome": event.outcome.value,
        "request": event.request,
        "caller": event.caller and text_of("clr", event.caller),
        "roles": sorted(event.roles),
        "purpose": event.purpose,
        "case": event.case,
        "subject": event.subject,
        "record": event.record,
        "collection": event.collection,
        "recipient": event.recipient and text_of("clr", event.recipient),
        "notice": notice and {"id": notice.id, "version": notice.version, "digest": notice.digest},
        "fields": {name: _trace(trace) for name, trace in event.fields.items()},
        "written": {n: {"version": c.version, "digest": c.digest} for n, c in event.written.items()},
        "inputs": dict(event.inputs),
        "about": event.about,
        "reason": event.reason,
    }
    return {name: value for name, value in whole.items() if value}


def canonical(event: Event) -> bytes:
    """The bytes of the event (RFC 8785): what is stored, hashed and proven. `writing` writes the same, faster."""
    return _ENCODER.encode(as_json(event)).encode()


def facets(event: Event) -> str:
    """What an event has several of, as one text to look into: `|role:support|field:phone|form:masked|`."""
    words = {f"role:{role}" for role in event.roles}
    for name, trace in event.fields.items():
        words.add(f"field:{name}")
        words.add(f"form:{trace.given}")
        words.add(f"{name}={trace.given}")
        if trace.clause:
            words.add(f"clause:{trace.clause}")
    return "|" + "".join(f"{word}|" for word in sorted(words))


def _trace(trace: FieldTrace) -> dict[str, str]:
    shown = {"given": trace.given, "reason": trace.reason}
    if trace.clause:
        shown["clause"] = trace.clause
    if trace.asked:
        shown["asked"] = trace.asked
    return shown
