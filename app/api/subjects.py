"""`/v1/subjects`: how a person stands, who looked at their data, and the restriction of its processing."""

from typing import Annotated, Final

from fastapi import APIRouter, Body, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example
from app.api.schemas.receipt import receipt_json
from app.api.schemas.subjects import (
    ACCESSES_EXAMPLE,
    FOUND_EXAMPLE,
    LIFTED_EXAMPLE,
    RESTRICTED_EXAMPLE,
    SUBJECT_EXAMPLE,
    AccessesOut,
    FindIn,
    FoundOut,
    LiftIn,
    RestrictionIn,
    RestrictionOut,
    SubjectOut,
    accesses_json,
    subject_json,
)
from app.audit.query import LARGEST_PAGE
from app.kernel.errors import Kind
from app.kernel.ids import text_of
from app.kernel.plaintext import Plaintext
from app.web.gate import acting, theirs
from app.web.lean_route import LeanRoute
from app.web.permissions import OWN, declared
from app.web.query import id_parameter, page_size, path_id, query
from app.web.strict_json import read_body
from app.wiring.parts import Parts

_DEFAULT_PAGE: Final = 100


def _finds(body: FindIn) -> None:
    """What a look-up declares."""


def _subject(subject_id: str) -> None:
    """Which person."""


def _pages(
    subject_id: str,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = _DEFAULT_PAGE,
    cursor: Annotated[str | None, Query(description="the `next` of the page before")] = None,
) -> None:
    """Which person, and which page."""


def _restricts(subject_id: str, body: RestrictionIn) -> None:
    """What a restriction declares."""


def _lifts(subject_id: str, body: Annotated[LiftIn | None, Body(examples=[{}])] = None) -> None:
    """What lifting declares."""


def subjects_router(parts: Parts) -> APIRouter:
    """The routes of people."""
    router = APIRouter(route_class=LeanRoute, tags=["subjects"])

    @router.post(
        "/v1/subjects/find",
        response_model=FoundOut,
        dependencies=[Depends(_finds)],
        summary="Find a person by the shop's own reference",
        responses=example(200, FOUND_EXAMPLE),
        openapi_extra=declared("subjects", problems=(Kind.NOT_FOUND,)),
    )
    async def find_subject(request: Request) -> Response:
        author = await acting(request, parts)
        body = await read_body(request, FindIn)
        subject, receipt = await parts.people.describer.find(author, Plaintext(body.ref))
        return answer({"id": text_of("sub", subject), "receipt": receipt_json(receipt)})

    @router.get(
        "/v1/subjects/{subject_id}",
        response_model=SubjectOut,
        dependencies=[Depends(_subject)],
        summary="Show how a person stands: purposes, consents, restriction, holds; no field",
        responses=example(200, SUBJECT_EXAMPLE),
        openapi_extra=declared("subjects", OWN, problems=(Kind.NOT_FOUND,)),
    )
    async def show_subject(request: Request) -> Response:
        author = await acting(request, parts)
        query(request, ())
        subject = theirs(author, path_id(request, "subject_id", "sub"))
        return answer(subject_json(await parts.people.describer.page(author, subject)))

    @router.get(
        "/v1/subjects/{subject_id}/accesses",
        response_model=AccessesOut,
        dependencies=[Depends(_pages)],
        summary="List who read what of a person, and why",
        responses=example(200, ACCESSES_EXAMPLE),
        openapi_extra=declared("subjects.accesses", "subjects", OWN, problems=(Kind.NOT_FOUND,)),
    )
    async def list_accesses(request: Request) -> Response:
        return await _accesses(request, parts, outside=False)

    @router.get(
        "/v1/subjects/{subject_id}/recipients",
        response_model=AccessesOut,
        dependencies=[Depends(_pages)],
        summary="List what of a person went to recipients outside the shop",
        responses=example(200, ACCESSES_EXAMPLE),
        openapi_extra=declared("subjects.accesses", "subjects", OWN, problems=(Kind.NOT_FOUND,)),
    )
    async def list_recipients(request: Request) -> Response:
        return await _accesses(request, parts, outside=True)

    @router.put(
        "/v1/subjects/{subject_id}/restriction",
        response_model=RestrictionOut,
        dependencies=[Depends(_restricts)],
        summary="Restrict processing: only standing purposes go on",
        responses=example(200, RESTRICTED_EXAMPLE),
        openapi_extra=declared("subjects", OWN, problems=(Kind.NOT_FOUND,)),
    )
    async def restrict(request: Request) -> Response:
        author = await acting(request, parts)
        subject = theirs(author, path_id(request, "subject_id", "sub"))
        body = await read_body(request, RestrictionIn)
        receipt = await parts.people.restrictor.restrict(author, subject, Plaintext(body.reason))
        shown = {"subject": text_of("sub", subject), "restricted": True}
        return answer({**shown, "receipt": receipt_json(receipt)})

    @router.delete(
        "/v1/subjects/{subject_id}/restriction",
        response_model=RestrictionOut,
        dependencies=[Depends(_lifts)],
        summary="Lift a restriction",
        responses=example(200, LIFTED_EXAMPLE),
        openapi_extra=declared("subjects", OWN, problems=(Kind.NOT_FOUND,)),
    )
    async def lift_restriction(request: Request) -> Response:
        author = await acting(request, parts)
        subject = theirs(author, path_id(request, "subject_id", "sub"))
        if await request.body():
            await read_body(request, LiftIn)
        receipt = await parts.people.restrictor.lift(author, subject)
        shown = {"subject": text_of("sub", subject), "restricted": False}
        return answer({**shown, "receipt": receipt_json(receipt)})

    return router


async def _accesses(request: Request, parts: Parts, *, outside: bool) -> Response:
    author = await acting(request, parts)
    found = query(request, ("limit", "cursor"))
    subject = theirs(author, path_id(request, "subject_id", "sub"))
    accesses = await parts.people.describer.accesses(
        author,
        subject,
        outside=outside,
        limit=page_size(found, _DEFAULT_PAGE, LARGEST_PAGE),
        after=id_parameter(found, "cursor", "evt"),
    )
    return answer(accesses_json(accesses))
