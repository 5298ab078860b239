"""`/v1/audit/log`: the log as a tree that existing tools read, and exports of it. Each call is on record too."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.api.audit_proofs import newest_checkpoint
from app.api.audit_question import FILTERS, filters, on_record, read_filter
from app.api.schemas.audit_log import (
    NOTE_EXAMPLE,
    text_example,
)
from app.audit.export import Format, form_of
from app.audit.tile import parse_path
from app.kernel.errors import Kind, VaultError
from app.web.gate import admitted
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.query import query, word_parameter
from app.wiring.parts import Parts

_TEXT: Final = "text/plain; charset=utf-8"
_TILE: Final = "application/octet-stream"


def _formats(fmt: Annotated[Format, Query(alias="format")] = Format.NDJSON) -> None:
    """How an export is written."""


def _path(path: str) -> None:
    """`<level>/<index>[.p/<width>]` or `entries/<index>[.p/<width>]`."""


def audit_log_router(parts: Parts) -> APIRouter:
    """The routes of the provable log."""
    router = APIRouter(route_class=LeanRoute, tags=["audit"])
    log = parts.audit_tree

    @router.get(
        "/v1/audit/log/checkpoint",
        response_class=Response,  # not JSON: the media types are those that are listed
        summary="Give the newest checkpoint as a signed note (C2SP tlog-tiles)",
        responses=text_example(NOTE_EXAMPLE),
        openapi_extra=declared("audit", problems=(Kind.NOT_FOUND,)),
    )
    async def show_note(request: Request) -> Response:
        caller = await admitted(request, parts)
        await on_record(parts, request, caller, "log")
        return Response(str(await newest_checkpoint(parts, caller.tenant)), media_type=_TEXT)

    @router.get(
        "/v1/audit/log/tile/{path:path}",
        response_class=Response,  # not JSON: the media types are those that are listed
        dependencies=[Depends(_path)],
        summary="Give a tile of the tree or a bundle of entries (C2SP tlog-tiles)",
        responses={200: {"content": {_TILE: {"schema": {"type": "string", "format": "binary"}}}}},
        openapi_extra=declared("audit", problems=(Kind.NOT_FOUND,)),
    )
    async def show_tile(request: Request) -> Response:
        caller = await admitted(request, parts)
        await on_record(parts, request, caller, "log")
        try:
            found = await log.prover.tile(caller.tenant, parse_path(request.path_params["path"]))
        except ValueError:
            found = None
        if found is None:
            raise VaultError(Kind.NOT_FOUND, "the log has no such tile under its newest checkpoint")
        return Response(found, media_type=_TILE)

    @router.get(
        "/v1/audit/export",
        response_class=Response,  # not JSON: the media types are those that are listed
        dependencies=[Depends(filters), Depends(_formats)],
        summary="Stream the log, or what a filter finds of it, with what a verifier needs",
        responses={
            200: {"content": {"application/x-ndjson": {}, "text/csv": {}}, "description": "A stream."}
        },
        openapi_extra=declared("audit"),
    )
    async def export(request: Request) -> Response:
        caller = await admitted(request, parts)
        found = query(request, (*FILTERS, "format"))
        form = form_of(Format(word_parameter(found, "format", Format) or Format.NDJSON))
        wanted = await read_filter(parts, caller, found)
        await on_record(parts, request, caller, "export")
        return StreamingResponse(log.exporter.export(caller.tenant, wanted, form), media_type=form.media_type)

    return router
