"""The audit log: which data was stored, read, refused, by whom and why. Whoever asks is on record too."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import ConfigDict

from kin_client.answer import Model, NoticeRef, parsed
from kin_client.operation import Operation, Page, Pages, get
from kin_client.spelling import check_handle, check_id, rfc3339


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events; what is None does not matter.

    `subject` and `record` are handles as events show them, `subject` also an id; `since` is included, `until` is not.
    """

    subject: str | None = None
    record: str | None = None
    caller: str | None = None
    role: str | None = None
    purpose: str | None = None
    action: str | None = None
    outcome: str | None = None
    collection: str | None = None
    field: str | None = None
    form: str | None = None
    recipient: str | None = None
    clause: str | None = None
    case: str | None = None
    notice_version: int | None = None
    since: datetime | None = None
    until: datetime | None = None

    def params(self) -> dict[str, str | None]:
        """The filter as query parameters."""
        return dict(self._params())

    def _params(self) -> Iterator[tuple[str, str | None]]:
        for name in ("role", "purpose", "action", "outcome", "collection", "field", "form", "clause", "case"):
            yield name, getattr(self, name)
        yield "subject", self.subject and check_handle("sub", self.subject)
        yield "record", self.record and check_handle("rec", self.record)
        yield "caller", self.caller and check_id("clr", self.caller)
        yield "recipient", self.recipient and check_id("clr", self.recipient)
        yield "notice_version", None if self.notice_version is None else str(self.notice_version)
        yield "since", None if self.since is None else rfc3339(self.since)
        yield "until", None if self.until is None else rfc3339(self.until)


class FieldTrace(Model):
    """What happened to one field: in which form it was given, why, and by which clause."""

    given: str
    reason: str
    clause: str | None = None
    asked: str | None = None


class Event(Model):
    """One event. Members that this version of the client does not know are kept too."""

    model_config = ConfigDict(extra="allow")

    id: str
    at: datetime
    action: str
    outcome: str
    caller: str | None = None
    roles: tuple[str, ...] = ()
    purpose: str | None = None
    case: str | None = None
    request: str | None = None
    subject: str | None = None
    record: str | None = None
    collection: str | None = None
    recipient: str | None = None
    notice: NoticeRef | None = None
    fields: Mapping[str, FieldTrace] = {}


class Count(Model):
    """How many events fell into one group."""

    group: str
    events: int


class Summary(Model):
    """Counts by a group, most first."""

    by: str
    items: tuple[Count, ...]


class _EventPage(Model):
    items: tuple[Event, ...]
    next: str | None = None


def audit_events(where: EventFilter | None = None, *, page_size: int = 1000) -> Pages[Event]:
    """All events that fit, newest first, fetched as they are needed."""
    wanted = (where or EventFilter()).params() | {"limit": str(page_size)}

    def fetch(cursor: str | None) -> Operation[Page[Event]]:
        page = parsed(_EventPage, (yield get("/v1/audit/events", wanted | {"cursor": cursor})))
        return Page(page.items, page.next)

    return Pages(fetch)


def audit_event(event_id: str) -> Operation[Event]:
    """One event, such as that of a receipt."""
    return parsed(Event, (yield get(f"/v1/audit/events/{check_id('evt', event_id)}", {})))


def audit_summary(by: str, where: EventFilter | None = None) -> Operation[Summary]:
    """How many events there are by `hour`, `day`, `caller`, `role`, `purpose`, `outcome`, `action` or `form`."""
    params = (where or EventFilter()).params() | {"by": by}
    return parsed(Summary, (yield get("/v1/audit/summary", params)))
