"""The three forms of an export, byte for byte (docs/formats/audit-log.md). Pure.

In each, an event's own bytes stand as they were hashed, with the leaf they are, the hash the tree holds for it, and, where only
some events are given, a proof for each; the checkpoint that all of it leads to is in the file too.
"""

import csv
import io
import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol

FORMAT: Final = "kin-audit-export/1"
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_MEMBERS: Final = ("id", "at", "action", "outcome", "caller", "roles", "purpose", "case", "subject", "record")
_MORE_MEMBERS: Final = ("collection", "recipient", "about", "reason", "request")
CSV_COLUMNS: Final = (
    "leaf",
    *_MEMBERS,
    *_MORE_MEMBERS,
    "notice",
    "fields",
    "hash",
    "proof",
    "event",
    "checkpoint",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_OCSF_VERSION: Final = "1.3.0"
_API_ACTIVITY: Final = 6003
_OCSF_ACTIVITIES: Final[Mapping[str, int]] = {
    "record.store": 1,
    "token.issue": 1,
    "record.disclose": 2,
    "record.search": 2,
    "token.resolve": 2,
    "audit.query": 2,
    "record.change": 3,
    "record.delete": 4,
}
_OTHER: Final = 99
_NEVER: Final = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Head:
    """What an export says about itself. `checkpoint` is empty when nothing is signed; `complete` when no event was left out."""

    origin: str
    size: int
    complete: bool
    checkpoint: str


@dataclass(frozen=True, slots=True)
class ExportedEvent:
    """One event; `hash` is what the tree holds, empty when the tree has lost it."""

    leaf: int
    hash: bytes
    proof: Sequence[bytes] | None
    body: bytes


class Form(Protocol):
    """One way to write an export."""

    media_type: str

    def head(self, head: Head) -> bytes:
        """What goes before the events."""
        ...

    def event(self, event: ExportedEvent) -> bytes:
        """One event."""
        ...

    def tail(self, events: int) -> bytes:
        """What goes after them."""
        ...


class Ndjson:
    """One JSON object a line: the head, the events, the end."""

    media_type = "application/x-ndjson"

    def head(self, head: Head) -> bytes:
        document = {"format": FORMAT, "origin": head.origin, "size": head.size, "complete": head.complete}
        return _line({**document, "checkpoint": head.checkpoint})

    def event(self, event: ExportedEvent) -> bytes:
        proof = b"" if event.proof is None else b',"proof":' + _ENCODE(_base64(event.proof)).encode()
        return b'{"leaf":%d,"hash":"%s"%s,"event":%s}\n' % (
            event.leaf,
            b64encode(event.hash),
            proof,
            event.body,
        )

    def tail(self, events: int) -> bytes:
        return _line({"end": True, "events": events})


class Csv:
    """A table for people: every cell in quotes, none that a spreadsheet would run; the first row holds the checkpoint alone."""

    media_type = "text/csv; charset=utf-8; header=present"

    def head(self, head: Head) -> bytes:
        first = {
            "leaf": f"{'all' if head.complete else 'some'} of {head.size}",
            "checkpoint": head.checkpoint,
        }
        return _cells(CSV_COLUMNS) + _cells([first.get(name, "") for name in CSV_COLUMNS])

    def event(self, event: ExportedEvent) -> bytes:
        cells = {
            **_made_of(event.body, _columns),
            "leaf": str(event.leaf),
            "hash": event.hash.hex(),
            "proof": "" if event.proof is None else " ".join(one.hex() for one in event.proof) or "none",
            "event": event.body.decode(errors="replace"),
        }
        return _cells([cells.get(name, "") for name in CSV_COLUMNS])

    def tail(self, events: int) -> bytes:
        return _cells([f"end of {events}", *[""] * (len(CSV_COLUMNS) - 1)])


class Ocsf:
    """Open Cybersecurity Schema Framework 1.3, API Activity; the event's bytes are `raw_data`, its leaf `metadata.sequence`."""

    media_type = "application/x-ndjson"

    def __init__(self) -> None:
        self._checkpoint: str | None = None

    def head(self, head: Head) -> bytes:
        self._checkpoint = head.checkpoint
        return b""

    def event(self, event: ExportedEvent) -> bytes:
        unmapped: dict[str, Any] = {"hash": b64encode(event.hash).decode()}
        if event.proof is not None:
            unmapped["proof"] = _base64(event.proof)
        if self._checkpoint is not None:
            unmapped["checkpoint"], self._checkpoint = self._checkpoint, None
        return _line(
            {
                **_made_of(event.body, partial(_api_activity, leaf=event.leaf)),
                "raw_data": event.body.decode(errors="replace"),
                "unmapped": unmapped,
            }
        )

    def tail(self, events: int) -> bytes:  # noqa: ARG002  # the form has no end of its own
        return b""


def _api_activity(read: Mapping[str, Any], leaf: int) -> dict[str, Any]:
    activity = _OCSF_ACTIVITIES.get(read.get("action", ""), _OTHER)
    done = read.get("outcome") in {"allowed", "partial"}
    caller = read.get("caller", "nobody")
    return {
        "category_uid": 6,
        "class_uid": _API_ACTIVITY,
        "activity_id": activity,
        "type_uid": _API_ACTIVITY * 100 + activity,
        "severity_id": 1 if done else 2,
        "status_id": 1 if done else 2,
        "status_detail": read.get("outcome", ""),
        "time": int(datetime.fromisoformat(read.get("at", _NEVER)).timestamp() * 1000),
        "metadata": {
            "version": _OCSF_VERSION,
            "uid": read.get("id", ""),
            "sequence": leaf,
            "tenant_uid": read.get("tenant", ""),
            "product": {"name": "Kín", "vendor_name": "Kín"},
        },
        "actor": {"user": {"uid": caller, "groups": [{"name": role} for role in read.get("roles", ())]}},
        "api": {"operation": read.get("action", ""), "request": {"uid": read.get("request", "")}},
        "src_endpoint": {"uid": caller},
    }


def _made_of(body: bytes, make: Callable[[Mapping[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """What is shown of an event. One whose bytes somebody has damaged is shown without, for the verifier to find."""
    try:
        return make(json.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError):
        return make({})


def _columns(read: Mapping[str, Any]) -> dict[str, str]:
    notice = read.get("notice", {})
    return {
        **{name: _cell(read.get(name, "")) for name in (*_MEMBERS, *_MORE_MEMBERS)},
        "notice": f"{notice['id']}/{notice['version']}" if notice else "",
        "fields": " ".join(f"{name}={trace['given']}" for name, trace in read.get("fields", {}).items()),
    }


def _line(document: Mapping[str, Any]) -> bytes:
    return _ENCODE(document).encode() + b"\n"


def _base64(hashes: Sequence[bytes]) -> list[str]:
    return [b64encode(one).decode() for one in hashes]


def _cell(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value)


def _cells(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    safe = ["'" + cell if cell.startswith(_FORMULA) else cell for cell in cells]
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(safe)
    return out.getvalue().encode()
