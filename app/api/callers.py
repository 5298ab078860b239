"""`/v1/callers`: who may speak to the vault, and with which keys."""

from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example
from app.api.schemas.callers import (
    CALLER_EXAMPLE,
    NEW_KEY_EXAMPLE,
    CallerIn,
    CallerOut,
    CallersOut,
    NewKeyOut,
    caller_json,
    new_key_json,
)
from app.identity.issue import Actor
from app.kernel.caller import Caller
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import Prefix, text_of
from app.web.gate import admitted
from app.web.idempotency import repeatable
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.problems import request_id
from app.web.query import path_id, query
from app.web.strict_json import read_body
from app.wiring.parts import Parts


def _creates(body: CallerIn) -> None:
    """What a creation declares."""


def _caller(caller_id: str) -> None:
    """Which caller."""


def _key(caller_id: str, key_id: str) -> None:
    """Which key of which caller."""


def callers_router(parts: Parts) -> APIRouter:
    """The routes of callers and keys."""
    router = APIRouter(route_class=LeanRoute, tags=["callers"])

    @router.get(
        "/v1/callers",
        response_model=CallersOut,
        summary="List callers",
        responses=example(200, {"items": [CALLER_EXAMPLE], "next": None}),
        openapi_extra=declared("callers"),
    )
    async def list_callers(request: Request) -> Response:
        caller = await admitted(request, parts)
        query(request, ())
        keys = await parts.identity.keys(caller.tenant)
        items = [caller_json(stored, keys) for stored in await parts.identity.callers(caller.tenant)]
        return answer({"items": items, "next": None})

    @router.post(
        "/v1/callers",
        status_code=201,
        response_model=CallerOut,
        dependencies=[Depends(_creates)],
        summary="Create a caller",
        responses=example(201, CALLER_EXAMPLE),
        openapi_extra=declared("callers", problems=(Kind.CONFLICT,)),
    )
    @repeatable(parts)
    async def create_caller(request: Request) -> Response:
        caller, actor = await _acting(request, parts)
        body = await read_body(request, CallerIn)
        known = (await parts.notices.table(caller.tenant)).notice.roles
        created = await parts.callers.create(caller.tenant, body.name, body.roles, known, actor)
        stored = await parts.identity.caller(caller.tenant, created.id)
        if stored is None:
            raise VaultError(Kind.CONFLICT, "the caller was removed while it was created; try again")
        return answer(caller_json(stored, []), 201, {"Location": f"/v1/callers/{text_of('clr', created.id)}"})

    @router.post(
        "/v1/callers/{caller_id}/keys",
        status_code=201,
        response_model=NewKeyOut,
        dependencies=[Depends(_caller)],
        summary="Issue a key, shown this once",
        responses=example(201, NEW_KEY_EXAMPLE),
        openapi_extra=declared("callers", problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def issue_key(request: Request) -> Response:
        caller, actor = await _acting(request, parts)
        issued = await parts.callers.issue_key(caller.tenant, _named(request, "caller_id", "clr"), actor)
        return answer(new_key_json(issued), 201)

    @router.post(
        "/v1/callers/{caller_id}/keys/{key_id}/revoke",
        status_code=204,
        dependencies=[Depends(_key)],
        summary="Revoke a key at once",
        openapi_extra=declared("callers", problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def revoke_key(request: Request) -> Response:
        caller, actor = await _acting(request, parts)
        of, key = _named(request, "caller_id", "clr"), _named(request, "key_id", "key")
        await parts.callers.revoke_key(caller.tenant, of, key, actor)
        return Response(status_code=204)

    @router.post(
        "/v1/callers/{caller_id}/disable",
        status_code=204,
        dependencies=[Depends(_caller)],
        summary="Stop a caller and all its keys at once",
        openapi_extra=declared("callers", problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def disable_caller(request: Request) -> Response:
        caller, actor = await _acting(request, parts)
        await parts.callers.disable(caller.tenant, _named(request, "caller_id", "clr"), actor)
        return Response(status_code=204)

    return router


def _named(request: Request, name: str, prefix: Prefix) -> UUID:
    found = path_id(request, name, prefix)
    if found is None:
        raise VaultError(Kind.NOT_FOUND, "there is no such caller or key")
    return found


async def _acting(request: Request, parts: Parts) -> tuple[Caller, Actor]:
    caller = await admitted(request, parts)
    return caller, Actor(caller, request_id(request.scope))
