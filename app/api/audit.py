"""`/v1/audit`: what the compliance team asks. Whoever asks is on record too, before the answer leaves."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example
from app.api.schemas.audit import (
    EVENT_EXAMPLE,
    EVENTS_EXAMPLE,
    SUMMARY_EXAMPLE,
    EventOut,
    EventsOut,
    SummaryOut,
)
from app.audit.event import Action, Event, NoticeRef, Outcome
from app.audit.query import LARGEST_PAGE, Filter, Group
from app.kernel.caller import Caller
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import new_uuid, random_bucket, text_of
from app.notice.model import Form
from app.web.gate import admitted
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.problems import request_id
from app.web.query import id_parameter, parameter, path_id, query, refused, word_parameter
from app.wiring.parts import Parts

_FILTERS: Final = (
    "subject",
    "record",
    "caller",
    "role",
    "purpose",
    "action",
    "outcome",
    "collection",
    "field",
    "form",
    "recipient",
    "clause",
    "case",
    "notice_version",
    "since",
    "until",
)
_DEFAULT_PAGE: Final = 100
_NO_HANDLE: Final = "-"


class EventForm(StrEnum):
    """What an event can say about a field: the forms of a read, or that it was stored."""

    WITHHELD = Form.WITHHELD.value
    VERIFIED = Form.VERIFIED.value
    TOKEN = Form.TOKEN.value
    GENERALISED = Form.GENERALISED.value
    MASKED = Form.MASKED.value
    PLAIN = Form.PLAIN.value
    STORED = "stored"


def _filters(
    subject: Annotated[
        str | None, Query(description="a person, `sub_…`, or a handle as events show it")
    ] = None,
    record: Annotated[str | None, Query(description="a record's handle as events show it")] = None,
    caller: Annotated[str | None, Query(description="`clr_…`")] = None,
    role: str | None = None,
    purpose: str | None = None,
    action: Action | None = None,
    outcome: Outcome | None = None,
    collection: str | None = None,
    field: str | None = None,
    form: EventForm | None = None,
    recipient: Annotated[str | None, Query(description="an outside caller, `clr_…`")] = None,
    clause: str | None = None,
    case: str | None = None,
    notice_version: int | None = None,
    since: Annotated[datetime | None, Query(description="from this time on (RFC 3339)")] = None,
    until: Annotated[datetime | None, Query(description="before this time (RFC 3339)")] = None,
) -> None:
    """What a question can be narrowed by."""


def _pages(
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = _DEFAULT_PAGE,
    cursor: Annotated[str | None, Query(description="the `next` of the page before")] = None,
) -> None:
    """How a list is paged."""


def _groups(by: Group) -> None:
    """What a summary counts by."""


def _one(event_id: str) -> None:
    """Which event."""


def audit_router(parts: Parts) -> APIRouter:
    """The routes of the audit log."""
    router = APIRouter(route_class=LeanRoute, tags=["audit"])

    @router.get(
        "/v1/audit/events",
        response_model=EventsOut,
        response_model_exclude_none=True,
        dependencies=[Depends(_filters), Depends(_pages)],
        summary="List events, newest first",
        responses=example(200, EVENTS_EXAMPLE),
        openapi_extra=declared("audit"),
    )
    async def list_events(request: Request) -> Response:
        caller = await admitted(request, parts)
        found = query(request, (*_FILTERS, "limit", "cursor"))
        wanted = await _filter(parts, caller, found)
        limit = parameter(found, "limit", _page_size, f"use a number from 1 to {LARGEST_PAGE}")
        after = id_parameter(found, "cursor", "evt")
        page = await parts.audit_query.page(caller.tenant, wanted, limit=limit or _DEFAULT_PAGE, after=after)
        await _on_record(parts, request, caller, "events")
        return answer({"items": page.items, "next": page.next and text_of("evt", page.next)})

    @router.get(
        "/v1/audit/events/{event_id}",
        response_model=EventOut,
        response_model_exclude_none=True,
        dependencies=[Depends(_one)],
        summary="Read one event",
        responses=example(200, EVENT_EXAMPLE),
        openapi_extra=declared("audit", problems=(Kind.NOT_FOUND,)),
    )
    async def read_event(request: Request) -> Response:
        caller = await admitted(request, parts)
        event_id = path_id(request, "event_id", "evt")
        event = await parts.audit_query.one(caller.tenant, event_id) if event_id else None
        await _on_record(parts, request, caller, "event")
        if event is None:
            raise VaultError(Kind.NOT_FOUND, "there is no such event")
        return answer(event)

    @router.get(
        "/v1/audit/summary",
        response_model=SummaryOut,
        dependencies=[Depends(_filters), Depends(_groups)],
        summary="Count events by hour, day, caller, role, purpose, outcome, action or form",
        responses=example(200, SUMMARY_EXAMPLE),
        openapi_extra=declared("audit"),
    )
    async def summarise(request: Request) -> Response:
        caller = await admitted(request, parts)
        found = query(request, (*_FILTERS, "by"))
        by = word_parameter(found, "by", Group)
        if by is None:
            raise refused("by", "say what to count by: " + ", ".join(Group))
        roles = sorted((await parts.notices.table(caller.tenant)).notice.roles)
        words = {Group.ROLE: roles, Group.FORM: [form.value for form in EventForm]}
        wanted = await _filter(parts, caller, found)
        counts = await parts.audit_query.summary(caller.tenant, wanted, Group(by), words)
        await _on_record(parts, request, caller, "summary")
        return answer({"by": by, "items": [{"group": group, "events": count} for group, count in counts]})

    return router


async def _filter(parts: Parts, caller: Caller, found: Mapping[str, str]) -> Filter:
    texts: dict[str, Any] = {
        name: parameter(found, name, _word, "use the name as the notice or the event shows it")
        for name in ("record", "role", "purpose", "collection", "field", "clause", "case")
    }
    return Filter(
        **texts,
        subject=await _subject_handle(parts, caller, found),
        caller=id_parameter(found, "caller", "clr"),
        recipient=id_parameter(found, "recipient", "clr"),
        action=word_parameter(found, "action", Action),
        outcome=word_parameter(found, "outcome", Outcome),
        form=word_parameter(found, "form", EventForm),
        notice_version=parameter(found, "notice_version", int, "use the version's number"),
        since=parameter(found, "since", _moment, "use a time with its offset, such as 2026-11-22T08:00:00Z"),
        until=parameter(found, "until", _moment, "use a time with its offset, such as 2026-11-22T08:00:00Z"),
    )


async def _subject_handle(parts: Parts, caller: Caller, found: Mapping[str, str]) -> str | None:
    """The handle of the person asked about. A person who is gone matches nothing, as one who never was."""
    text = found.get("subject")
    if text is None or not text.startswith("sub_"):
        return parameter(found, "subject", _word, "give a person as sub_…, or a handle")
    subject = id_parameter(found, "subject", "sub")
    return (await parts.subjects.handle(caller.tenant, subject) if subject else None) or _NO_HANDLE


def _word(text: str) -> str:
    if not 0 < len(text) <= 128:
        raise ValueError("empty or too long")
    return text


def _page_size(text: str) -> int:
    size = int(text)
    if not 1 <= size <= LARGEST_PAGE:
        raise ValueError("out of range")
    return size


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("without an offset")
    return moment


async def _on_record(parts: Parts, request: Request, caller: Caller, about: str) -> None:
    table = await parts.notices.table(caller.tenant)
    await parts.audit.append(
        Event(
            id=new_uuid(random_bucket()),
            at=parts.clock.now(),
            tenant=caller.tenant,
            action=Action.AUDIT_QUERY,
            outcome=Outcome.ALLOWED,
            request=request_id(request.scope),
            caller=caller.id,
            roles=tuple(caller.roles),
            notice=NoticeRef(table.notice_id, table.version, table.digest),
            about=about,
        )
    )
