"""`/v1/requests`: what people ask for, by when it is due, and what became of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example
from app.api.schemas.receipt import receipt_json
from app.api.schemas.requests import (
    ACKNOWLEDGED_EXAMPLE,
    COMPLETED_EXAMPLE,
    EXTENDED_EXAMPLE,
    OPENED_EXAMPLE,
    REFUSED_EXAMPLE,
    REQUEST_EXAMPLE,
    REQUESTS_EXAMPLE,
    CompleteIn,
    ReasonIn,
    RequestIn,
    RequestOut,
    RequestsOut,
    cursor_text,
    parse_cursor,
    request_json,
    view_json,
)
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import parse_id
from app.kernel.plaintext import Plaintext
from app.rights.deadline import DueWarning, RequestKind
from app.rights.handle_request import NO_REQUEST
from app.rights.request import State
from app.rights.request_store import RequestFilter
from app.web.gate import acting, theirs
from app.web.idempotency import repeatable
from app.web.lean_route import LeanRoute
from app.web.permissions import OWN, declared
from app.web.query import id_parameter, page_size, parameter, path_id, query, time_parameter, word_parameter
from app.web.strict_json import read_body
from app.wiring.parts import Parts

_LARGEST_PAGE: Final = 200
_DEFAULT_PAGE: Final = 50
_MOVES: Final = (Kind.NOT_FOUND, Kind.CONFLICT)
_FILTERS: Final = ("state", "kind", "subject", "due_before", "warning", "limit", "cursor")


def _opens(body: RequestIn) -> None:
    """What a request declares."""


def _request(request_id: str) -> None:
    """Which request."""


def _completes(request_id: str, body: CompleteIn | None = None) -> None:
    """What completing declares."""


def _reasons(request_id: str, body: ReasonIn) -> None:
    """What extending and refusing declare."""


def _lists(
    state: Annotated[State | None, Query(description="`open`: all that are still to be done")] = None,
    kind: RequestKind | None = None,
    subject: str | None = None,
    due_before: datetime | None = None,
    warning: DueWarning | None = None,
    limit: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = _DEFAULT_PAGE,
    cursor: Annotated[str | None, Query(description="the `next` of the page before")] = None,
) -> None:
    """Which requests are listed."""


def requests_router(parts: Parts) -> APIRouter:
    """The routes of people's requests."""
    router = APIRouter(route_class=LeanRoute, tags=["requests"])
    desk = parts.requests.desk

    @router.post(
        "/v1/requests",
        status_code=201,
        response_model=RequestOut,
        dependencies=[Depends(_opens)],
        summary="Open a person's request; the answer says by when it is due",
        responses=example(201, OPENED_EXAMPLE),
        openapi_extra=declared("requests", OWN, problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def open_request(request: Request) -> Response:
        author = await acting(request, parts)
        asked = (await read_body(request, RequestIn)).asked()
        theirs(author, asked.subject)
        return answer(view_json(await desk.open(author, asked), parts.clock.now()), 201)

    @router.get(
        "/v1/requests",
        response_model=RequestsOut,
        dependencies=[Depends(_lists)],
        summary="List people's requests, the most urgent first; a customer's own to them",
        responses=example(200, REQUESTS_EXAMPLE),
        openapi_extra=declared("requests", OWN, problems=(Kind.NOT_FOUND,)),
    )
    async def list_requests(request: Request) -> Response:
        author = await acting(request, parts)
        found = query(request, _FILTERS)
        wanted = _wanted(found)
        if wanted.subject is not None:
            theirs(author, wanted.subject)
        page, receipt = await desk.page(
            author,
            wanted,
            limit=page_size(found, _DEFAULT_PAGE, _LARGEST_PAGE),
            after=parameter(found, "cursor", parse_cursor, "give the `next` of the page before"),
        )
        now = parts.clock.now()
        return answer(
            {
                "items": [request_json(item, now) for item in page.items],
                "next": page.next and cursor_text(page.next),
                "receipt": receipt_json(receipt),
            }
        )

    @router.get(
        "/v1/requests/{request_id}",
        response_model=RequestOut,
        dependencies=[Depends(_request)],
        summary="Show one request, with what was said",
        responses=example(200, REQUEST_EXAMPLE),
        openapi_extra=declared("requests", OWN, problems=(Kind.NOT_FOUND,)),
    )
    async def show_request(request: Request) -> Response:
        author = await acting(request, parts)
        query(request, ())
        return answer(view_json(await desk.show(author, _named(request)), parts.clock.now()))

    @router.post(
        "/v1/requests/{request_id}/acknowledge",
        response_model=RequestOut,
        dependencies=[Depends(_request)],
        summary="Put on record that the person was answered",
        responses=example(200, ACKNOWLEDGED_EXAMPLE),
        openapi_extra=declared("requests", problems=_MOVES),
    )
    @repeatable(parts)
    async def acknowledge_request(request: Request) -> Response:
        author = await acting(request, parts)
        return answer(view_json(await desk.acknowledge(author, _named(request)), parts.clock.now()))

    @router.post(
        "/v1/requests/{request_id}/extend",
        response_model=RequestOut,
        dependencies=[Depends(_reasons)],
        summary="Put the deadline off, once",
        responses=example(200, EXTENDED_EXAMPLE),
        openapi_extra=declared("requests", problems=_MOVES),
    )
    @repeatable(parts)
    async def extend_request(request: Request) -> Response:
        author = await acting(request, parts)
        reason = Plaintext((await read_body(request, ReasonIn)).reason)
        return answer(view_json(await desk.extend(author, _named(request), reason), parts.clock.now()))

    @router.post(
        "/v1/requests/{request_id}/complete",
        response_model=RequestOut,
        dependencies=[Depends(_completes)],
        summary="Put on record that what was asked for is done; it is done by its own call",
        responses=example(200, COMPLETED_EXAMPLE),
        openapi_extra=declared("requests", problems=_MOVES),
    )
    @repeatable(parts)
    async def complete_request(request: Request) -> Response:
        author = await acting(request, parts)
        body = await read_body(request, CompleteIn) if await request.body() else CompleteIn()
        certificate = None if body.certificate is None else parse_id("crt", body.certificate)
        view = await desk.complete(author, _named(request), certificate)
        return answer(view_json(view, parts.clock.now()))

    @router.post(
        "/v1/requests/{request_id}/refuse",
        response_model=RequestOut,
        dependencies=[Depends(_reasons)],
        summary="Refuse a request, and say why",
        responses=example(200, REFUSED_EXAMPLE),
        openapi_extra=declared("requests", problems=_MOVES),
    )
    @repeatable(parts)
    async def refuse_request(request: Request) -> Response:
        author = await acting(request, parts)
        reason = Plaintext((await read_body(request, ReasonIn)).reason)
        return answer(view_json(await desk.refuse(author, _named(request), reason), parts.clock.now()))

    return router


def _named(request: Request) -> UUID:
    found = path_id(request, "request_id", "req")
    if found is None:
        raise VaultError(Kind.NOT_FOUND, NO_REQUEST)
    return found


def _wanted(found: Mapping[str, str]) -> RequestFilter:
    state, kind = word_parameter(found, "state", State), word_parameter(found, "kind", RequestKind)
    warning = word_parameter(found, "warning", DueWarning)
    return RequestFilter(
        state=None if state is None else State(state),
        kind=None if kind is None else RequestKind(kind),
        subject=id_parameter(found, "subject", "sub"),
        due_before=time_parameter(found, "due_before"),
        warning=None if warning is None else DueWarning(warning),
    )
