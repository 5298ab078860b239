"""What people ask for, by when it is due, and what became of it. It is done by its own call (`erase`, `restrict` …)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from kin_client.answer import Model, Receipt, parsed
from kin_client.operation import Operation, Page, Pages, get, post
from kin_client.spelling import check_id, rfc3339


class PersonRequest(Model):
    """A request as it stands; `warning` says how much of its time is used up. Words are shown by `request` alone."""

    id: str
    subject: str
    kind: str
    state: str
    recipients_involved: bool
    received_at: datetime
    acknowledge_by: datetime
    due_at: datetime
    warning: str
    opened_at: datetime
    opened_by: str | None = None
    acknowledged_at: datetime | None = None
    extended_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    certificate: str | None = None
    words: Mapping[str, str] | None = Field(default=None, repr=False)
    receipt: Receipt | None = None


class _RequestPage(Model):
    items: tuple[PersonRequest, ...]
    next: str | None = None


def open_request(
    subject: str,
    kind: str,
    *,
    received_at: datetime | None = None,
    recipients_involved: bool = False,
    words: str | None = None,
) -> Operation[PersonRequest]:
    """Open a request: `access`, `rectification`, `erasure`, `restriction`, `objection` or `withdrawal`.

    `received_at` is when a letter or a call came, now when left out; `words` are what was said.
    """
    document: dict[str, Any] = {
        "subject": check_id("sub", subject),
        "kind": kind,
        "recipients_involved": recipients_involved,
    }
    if received_at is not None:
        document["received_at"] = rfc3339(received_at)
    if words is not None:
        document["words"] = words
    return parsed(PersonRequest, (yield post("/v1/requests", document)))


def request(request: str) -> Operation[PersonRequest]:
    """One request, with what was said."""
    return parsed(PersonRequest, (yield get(_path(request), {})))


def list_requests(
    *,
    state: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
    due_before: datetime | None = None,
    warning: str | None = None,
    page_size: int = 50,
) -> Pages[PersonRequest]:
    """Requests, the most urgent first, fetched as they are needed; state `open` stands for all still to be done."""
    wanted = {
        "state": state,
        "kind": kind,
        "subject": None if subject is None else check_id("sub", subject),
        "due_before": None if due_before is None else rfc3339(due_before),
        "warning": warning,
        "limit": str(page_size),
    }

    def fetch(cursor: str | None) -> Operation[Page[PersonRequest]]:
        page = parsed(_RequestPage, (yield get("/v1/requests", wanted | {"cursor": cursor})))
        return Page(page.items, page.next)

    return Pages(fetch)


def acknowledge_request(request: str) -> Operation[PersonRequest]:
    """Put on record that the person was told that their request has come."""
    return parsed(PersonRequest, (yield post(_path(request, "acknowledge"))))


def extend_request(request: str, *, reason: str) -> Operation[PersonRequest]:
    """Put the deadline off, once."""
    return parsed(PersonRequest, (yield post(_path(request, "extend"), {"reason": reason})))


def complete_request(request: str, *, certificate: str | None = None) -> Operation[PersonRequest]:
    """Put on record that what was asked for is done; an erasure names its certificate."""
    document = {} if certificate is None else {"certificate": check_id("crt", certificate)}
    return parsed(PersonRequest, (yield post(_path(request, "complete"), document)))


def refuse_request(request: str, *, reason: str) -> Operation[PersonRequest]:
    """Refuse a request, and say why."""
    return parsed(PersonRequest, (yield post(_path(request, "refuse"), {"reason": reason})))


def _path(request: str, *more: str) -> str:
    return "/".join(("/v1/requests", check_id("req", request), *more))
