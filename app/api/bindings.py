"""Bindings: a purpose opened on a record that is stored already, and purposes closed when they are over."""

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example, owned
from app.api.schemas.bindings import (
    CLOSED_EXAMPLE,
    OPENED_EXAMPLE,
    BindingIn,
    ClosedOut,
    CloseIn,
    OpenedOut,
    closed_json,
    opened_json,
)
from app.kernel.errors import Kind, VaultError
from app.vault.disclosure import NOTHING_HERE
from app.web.gate import acting
from app.web.idempotency import repeatable
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.query import path_id
from app.web.strict_json import read_body
from app.wiring.parts import Parts


def _opens(record_id: str, body: BindingIn) -> None:
    """What an opening declares."""


def _closes(body: CloseIn) -> None:
    """What a closing declares."""


def bindings_router(parts: Parts) -> APIRouter:
    """The routes of bindings."""
    router = APIRouter(route_class=LeanRoute, tags=["bindings"])

    @router.post(
        "/v1/records/{record_id}/bindings",
        status_code=201,
        response_model=OpenedOut,
        dependencies=[Depends(_opens)],
        summary="Open a purpose on a stored record",
        responses=example(201, OPENED_EXAMPLE),
        openapi_extra=declared("bindings", problems=(Kind.NOT_FOUND, Kind.NOT_COVERED)),
    )
    @repeatable(parts)
    async def open_binding(request: Request) -> Response:
        author = await acting(request, parts)
        record = path_id(request, "record_id", "rec")
        body = await read_body(request, BindingIn)
        if record is None:
            raise VaultError(Kind.NOT_FOUND, NOTHING_HERE)
        opened = await parts.people.bindings.open_on(author, record, body.purpose, body.ref)
        return owned(opened_json(opened), opened.binding.subject, 201)

    @router.post(
        "/v1/bindings/close",
        response_model=ClosedOut,
        dependencies=[Depends(_closes)],
        summary="Close a purpose by its reference, or one binding",
        responses=example(200, CLOSED_EXAMPLE),
        openapi_extra=declared("bindings", problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def close_bindings(request: Request) -> Response:
        author = await acting(request, parts)
        body = await read_body(request, CloseIn)
        keeper, binding = parts.people.bindings, body.binding()
        if binding is not None:
            closed = await keeper.close_one(author, binding, body.words())
        else:
            closed = await keeper.close_referenced(author, body.purpose or "", body.ref or "", body.words())
        return answer(closed_json(closed))

    return router
