"""`/v1/audit`: proofs: that an event is in the log, that a checkpoint continues another. Each call is on record too."""

from base64 import b64encode
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example
from app.api.audit_question import on_record
from app.api.schemas.audit_log import (
    CHECKPOINT_EXAMPLE,
    CONSISTENCY_EXAMPLE,
    PROOF_EXAMPLE,
    CheckpointOut,
    ConsistencyOut,
    text_example,
)
from app.audit.checkpoint import parse_checkpoint
from app.audit.note import parse_note
from app.audit.tree_store import StoredCheckpoint
from app.kernel.clock import rfc3339
from app.kernel.errors import Kind, VaultError
from app.web.gate import admitted
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.query import parameter, path_id, query, refused
from app.wiring.parts import Parts

_TEXT: Final = "text/plain; charset=utf-8"
_SIZES: Final = "use sizes with 0 < from <= to, and to no larger than the newest checkpoint's"


def _sizes(
    older: Annotated[int, Query(alias="from", gt=0, description="the size of the older tree")],
    newer: Annotated[int, Query(alias="to", gt=0, description="the size of the newer tree")],
) -> None:
    """Between which two trees."""


def _event(event_id: str) -> None:
    """Which event."""


def audit_proofs_router(parts: Parts) -> APIRouter:
    """The routes of proofs."""
    router = APIRouter(route_class=LeanRoute, tags=["audit"])
    log = parts.audit_tree

    @router.get(
        "/v1/audit/events/{event_id}/proof",
        response_class=Response,  # not JSON: the media types are those that are listed
        dependencies=[Depends(_event)],
        summary="Prove that an event is in the log: one file, to be verified offline",
        responses=text_example(PROOF_EXAMPLE),
        openapi_extra=declared("audit", problems=(Kind.NOT_FOUND, Kind.CONFLICT)),
    )
    async def prove_event(request: Request) -> Response:
        caller = await admitted(request, parts)
        event_id = path_id(request, "event_id", "evt")
        proof = await log.prover.proof_file(caller.tenant, event_id) if event_id else None
        known = proof or (event_id and await parts.audit_query.one(caller.tenant, event_id))
        await on_record(parts, request, caller, "proof")
        if not known:
            raise VaultError(Kind.NOT_FOUND, "there is no such event")
        if proof is None:
            raise VaultError(Kind.CONFLICT, "the event is not under a checkpoint yet; ask again in a second")
        return Response(str(proof), media_type=_TEXT)

    @router.get(
        "/v1/audit/checkpoint",
        response_model=CheckpointOut,
        summary="Give the newest checkpoint and the key it is signed with",
        responses=example(200, CHECKPOINT_EXAMPLE),
        openapi_extra=declared("audit", problems=(Kind.NOT_FOUND,)),
    )
    async def show_checkpoint(request: Request) -> Response:
        caller = await admitted(request, parts)
        await on_record(parts, request, caller, "checkpoint")
        newest = await newest_checkpoint(parts, caller.tenant)
        said = parse_checkpoint(parse_note(newest.note).text)
        key = await log.key(caller.tenant)
        return answer(
            {
                "origin": said.origin,
                "size": said.size,
                "root": b64encode(said.root).decode(),
                "signed_at": rfc3339(newest.at),
                "key": key and str(key),
                "note": str(newest),
            }
        )

    @router.get(
        "/v1/audit/consistency",
        response_model=ConsistencyOut,
        dependencies=[Depends(_sizes)],
        summary="Prove that the log's older tree is the beginning of its newer one",
        responses=example(200, CONSISTENCY_EXAMPLE),
        openapi_extra=declared("audit", problems=(Kind.NOT_FOUND,)),
    )
    async def prove_consistency(request: Request) -> Response:
        caller = await admitted(request, parts)
        found = query(request, ("from", "to"))
        old, new = (parameter(found, name, int, _SIZES) for name in ("from", "to"))
        newest = await newest_checkpoint(parts, caller.tenant)
        if old is None or new is None or not 0 < old <= new <= newest.size:
            raise refused("from", _SIZES)
        await on_record(parts, request, caller, "consistency")
        proof = await log.prover.consistency(caller.tenant, old, new)
        return answer({"from": old, "to": new, "proof": [b64encode(one).decode() for one in proof]})

    return router


async def newest_checkpoint(parts: Parts, tenant: str) -> StoredCheckpoint:
    """The newest checkpoint; `not-found` while nothing is signed."""
    newest = await parts.audit_tree.prover.checkpoint(tenant)
    if newest is None:
        raise VaultError(Kind.NOT_FOUND, "nothing of this log is signed yet")
    return newest
