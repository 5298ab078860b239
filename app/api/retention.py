"""`/v1/erasures/due`: what the clock will erase next, and why."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example
from app.api.schemas.retention import DUE_EXAMPLE, DueOut, due_json
from app.audit.event import Action
from app.kernel.duration import Duration
from app.web.gate import acting
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.query import id_parameter, page_size, query, time_parameter
from app.wiring.parts import Parts

_LARGEST_PAGE: Final = 200
_DEFAULT_PAGE: Final = 50
_AHEAD: Final = Duration(days=30)


def _looks(
    before: Annotated[
        datetime | None,
        Query(description="what is to be erased by this time (RFC 3339); 30 days from now without"),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = _DEFAULT_PAGE,
    cursor: Annotated[
        str | None,
        Query(description="the `next` of the page before; a short or empty page can have one too"),
    ] = None,
) -> None:
    """How far ahead, and which page."""


def retention_router(parts: Parts) -> APIRouter:
    """The route of retention."""
    router = APIRouter(route_class=LeanRoute, tags=["erasure"])

    @router.get(
        "/v1/erasures/due",
        response_model=DueOut,
        dependencies=[Depends(_looks)],
        summary="List what the clock will erase, by record in the order of their places, and what keeps it",
        responses=example(200, DUE_EXAMPLE),
        openapi_extra=declared("erasure"),
    )
    async def due(request: Request) -> Response:
        author = await acting(request, parts)
        found, now = query(request, ("before", "limit", "cursor")), parts.clock.now()
        before = time_parameter(found, "before") or _AHEAD.after(now)
        limit = page_size(found, _DEFAULT_PAGE, _LARGEST_PAGE)
        after = id_parameter(found, "cursor", "rec")
        asked = author.event(Action.RETENTION_PREVIEW, now)
        return answer(due_json(await parts.retention.previewer.page(asked, before, limit=limit, after=after)))

    return router
