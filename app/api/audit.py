"""`/v1/audit`: what the compliance team asks. Whoever asks is on record too, before the answer leaves."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example
from app.api.audit_question import FILTERS, EventForm, filters, on_record, read_filter
from app.api.schemas.audit import (
    EVENT_EXAMPLE,
    EVENTS_EXAMPLE,
    SUMMARY_EXAMPLE,
    EventOut,
    EventsOut,
    SummaryOut,
)
from app.audit.query import LARGEST_PAGE, Group
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import text_of
from app.web.gate import admitted
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.query import id_parameter, parameter, path_id, query, refused, word_parameter
from app.wiring.parts import Parts

_DEFAULT_PAGE: Final = 100


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
        dependencies=[Depends(filters), Depends(_pages)],
        summary="List events, newest first",
        responses=example(200, EVENTS_EXAMPLE),
        openapi_extra=declared("audit"),
    )
    async def list_events(request: Request) -> Response:
        caller = await admitted(request, parts)
        found = query(request, (*FILTERS, "limit", "cursor"))
        wanted = await read_filter(parts, caller, found)
        limit = parameter(found, "limit", _page_size, f"use a number from 1 to {LARGEST_PAGE}")
        after = id_parameter(found, "cursor", "evt")
        page = await parts.audit_query.page(caller.tenant, wanted, limit=limit or _DEFAULT_PAGE, after=after)
        await on_record(parts, request, caller, "events")
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
        await on_record(parts, request, caller, "event")
        if event is None:
            raise VaultError(Kind.NOT_FOUND, "there is no such event")
        return answer(event)

    @router.get(
        "/v1/audit/summary",
        response_model=SummaryOut,
        dependencies=[Depends(filters), Depends(_groups)],
        summary="Count events by hour, day, caller, role, purpose, outcome, action or form",
        responses=example(200, SUMMARY_EXAMPLE),
        openapi_extra=declared("audit"),
    )
    async def summarise(request: Request) -> Response:
        caller = await admitted(request, parts)
        found = query(request, (*FILTERS, "by"))
        by = word_parameter(found, "by", Group)
        if by is None:
            raise refused("by", "say what to count by: " + ", ".join(Group))
        roles = sorted((await parts.notices.table(caller.tenant)).notice.roles)
        words = {Group.ROLE: roles, Group.FORM: [form.value for form in EventForm]}
        wanted = await read_filter(parts, caller, found)
        counts = await parts.audit_query.summary(caller.tenant, wanted, Group(by), words)
        await on_record(parts, request, caller, "summary")
        return answer({"by": by, "items": [{"group": group, "events": count} for group, count in counts]})

    return router


def _page_size(text: str) -> int:
    size = int(text)
    if not 1 <= size <= LARGEST_PAGE:
        raise ValueError("out of range")
    return size
