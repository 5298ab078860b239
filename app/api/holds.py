"""Legal holds, which keep a person's data from erasure, and assignments, which tie staff to customers."""

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example, owned
from app.api.schemas.holds import (
    ASSIGNMENT_EXAMPLE,
    ENDED_EXAMPLE,
    HOLD_EXAMPLE,
    RELEASED_EXAMPLE,
    AssignmentIn,
    AssignmentOut,
    EndAssignmentIn,
    EndedOut,
    HoldIn,
    HoldOut,
    assignment_json,
    hold_json,
)
from app.api.schemas.receipt import receipt_json
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.ids import parse_id
from app.kernel.plaintext import Plaintext
from app.web.gate import acting
from app.web.idempotency import repeatable
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.query import path_id
from app.web.strict_json import read_body
from app.wiring.parts import Parts


def _places(body: HoldIn) -> None:
    """What a hold declares."""


def _releases(hold_id: str) -> None:
    """Which hold."""


def _assigns(body: AssignmentIn) -> None:
    """What an assignment declares."""


def _ends(body: EndAssignmentIn) -> None:
    """What ending declares."""


def holds_router(parts: Parts) -> APIRouter:
    """The routes of holds and assignments."""
    router = APIRouter(route_class=LeanRoute, tags=["holds and assignments"])

    @router.post(
        "/v1/holds",
        status_code=201,
        response_model=HoldOut,
        dependencies=[Depends(_places)],
        summary="Place a legal hold: nothing of the person is erased while it stands",
        responses=example(201, HOLD_EXAMPLE),
        openapi_extra=declared("holds", problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def place_hold(request: Request) -> Response:
        author = await acting(request, parts)
        body = await read_body(request, HoldIn)
        subject = parse_id("sub", body.subject)
        change = await parts.people.holds.place(author, subject, body.case, Plaintext(body.reason))
        return owned(hold_json(change, "placed"), subject, 201)

    @router.post(
        "/v1/holds/{hold_id}/release",
        response_model=HoldOut,
        dependencies=[Depends(_releases)],
        summary="Release a legal hold",
        responses=example(200, RELEASED_EXAMPLE),
        openapi_extra=declared("holds", problems=(Kind.NOT_FOUND, Kind.CONFLICT)),
    )
    @repeatable(parts)
    async def release_hold(request: Request) -> Response:
        author = await acting(request, parts)
        hold = path_id(request, "hold_id", "hld")
        if hold is None:
            raise VaultError(Kind.NOT_FOUND, "there is no such hold for you")
        change = await parts.people.holds.release(author, hold)
        return owned(hold_json(change, "released"), change.subject)

    @router.post(
        "/v1/assignments",
        status_code=201,
        response_model=AssignmentOut,
        dependencies=[Depends(_assigns)],
        summary="Assign a caller to a person, until a time",
        responses=example(201, ASSIGNMENT_EXAMPLE),
        openapi_extra=declared("assignments", problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def assign(request: Request) -> Response:
        author = await acting(request, parts)
        body = await read_body(request, AssignmentIn)
        caller = parse_id("clr", body.caller)
        if await parts.identity.caller(author.tenant, caller) is None:
            error = FieldError("/caller", "not-found", "name a caller as the list of callers shows it")
            raise VaultError(Kind.INVALID, "there is no such caller; see errors", errors=(error,))
        subject = parse_id("sub", body.subject)
        made, receipt = await parts.people.assigner.assign(author, subject, caller, body.case, body.until)
        return owned(assignment_json(made, receipt), subject, 201)

    @router.delete(
        "/v1/assignments",
        response_model=EndedOut,
        dependencies=[Depends(_ends)],
        summary="End the live assignments of a caller to a person",
        responses=example(200, ENDED_EXAMPLE),
        openapi_extra=declared("assignments", problems=(Kind.NOT_FOUND,)),
    )
    async def end_assignments(request: Request) -> Response:
        author = await acting(request, parts)
        body = await read_body(request, EndAssignmentIn)
        subject, caller = parse_id("sub", body.subject), parse_id("clr", body.caller)
        ended, receipt = await parts.people.assigner.end(author, subject, caller, body.case)
        return answer({"ended": ended, "receipt": receipt_json(receipt)})

    return router
