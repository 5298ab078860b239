"""`PATCH` and `DELETE /v1/records/{id}`, and `/verify`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example
from app.api.records import CaseHeader, PurposeHeader, denied
from app.api.schemas.receipt import receipt_json
from app.api.schemas.records import (
    CHANGED_EXAMPLE,
    VERIFIED_EXAMPLE,
    ChangedOut,
    ChangeIn,
    VerifiedOut,
    VerifyIn,
    changed_json,
)
from app.kernel.errors import Kind, VaultError
from app.kernel.plaintext import Plaintext
from app.vault.disclosure import NOTHING_HERE, Denial
from app.web.gate import asking
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.preconditions import if_match
from app.web.query import path_id, query
from app.web.strict_json import read_body
from app.wiring.parts import Parts

_IfMatch = Annotated[
    str, Header(alias="If-Match", description="the ETag the change was made from", examples=['"1"'])
]


def _changes(
    record_id: str, body: ChangeIn, purpose: PurposeHeader, version: _IfMatch, case: CaseHeader = None
) -> None:
    """What a change declares."""


def _deletes(record_id: str, purpose: PurposeHeader, version: _IfMatch = "", case: CaseHeader = None) -> None:
    """What a deletion declares."""


def _verifies(record_id: str, body: VerifyIn, purpose: PurposeHeader, case: CaseHeader = None) -> None:
    """What a check declares."""


def record_changes_router(parts: Parts) -> APIRouter:
    """The routes that change a record, or check a value of it."""
    router = APIRouter(route_class=LeanRoute, tags=["records"])

    @router.patch(
        "/v1/records/{record_id}",
        response_model=ChangedOut,
        dependencies=[Depends(_changes)],
        summary="Change fields of a record, or remove them",
        responses=example(200, CHANGED_EXAMPLE),
        openapi_extra=declared(
            "grants",
            problems=(
                Kind.DISCLOSURE_DENIED,
                Kind.NOT_FOUND,
                Kind.CONFLICT,
                Kind.NOT_COVERED,
                Kind.PRECONDITION_FAILED,
                Kind.PRECONDITION_REQUIRED,
                Kind.PURPOSE_REQUIRED,
            ),
        ),
    )
    async def change_record(request: Request) -> Response:
        ask = await asking(request, parts)
        version = if_match(request.scope["headers"])
        if version is None:
            raise VaultError(
                Kind.PRECONDITION_REQUIRED, "send If-Match with the ETag of the version you change"
            )
        body = await read_body(request, ChangeIn)
        changed = await parts.changer.change(ask, _record(request), version, body.values())
        if isinstance(changed, Denial):
            return denied(request, changed)
        return answer(changed_json(changed), headers={"ETag": f'"{changed.version}"'})

    @router.delete(
        "/v1/records/{record_id}",
        status_code=204,
        dependencies=[Depends(_deletes)],
        summary="Delete a record",
        openapi_extra=declared(
            "grants",
            problems=(
                Kind.DISCLOSURE_DENIED,
                Kind.NOT_FOUND,
                Kind.CONFLICT,
                Kind.PRECONDITION_FAILED,
                Kind.PURPOSE_REQUIRED,
            ),
        ),
    )
    async def delete_record(request: Request) -> Response:
        ask = await asking(request, parts)
        query(request, ())
        deleted = await parts.changer.delete(ask, _record(request), if_match(request.scope["headers"]))
        return denied(request, deleted) if isinstance(deleted, Denial) else Response(status_code=204)

    @router.post(
        "/v1/records/{record_id}/verify",
        response_model=VerifiedOut,
        dependencies=[Depends(_verifies)],
        summary="Check a value, such as a password, without learning the stored one",
        responses=example(200, VERIFIED_EXAMPLE),
        openapi_extra=declared(
            "grants",
            problems=(Kind.DISCLOSURE_DENIED, Kind.NOT_FOUND, Kind.TOO_MANY_REQUESTS, Kind.PURPOSE_REQUIRED),
        ),
    )
    async def verify_value(request: Request) -> Response:
        ask = await asking(request, parts)
        body = await read_body(request, VerifyIn)
        verified = await parts.verifier.verify(ask, _record(request), body.field, Plaintext(body.value))
        if isinstance(verified, Denial):
            return denied(request, verified)
        return answer({"matches": verified.matches, "receipt": receipt_json(verified.receipt)})

    return router


def _record(request: Request) -> UUID:
    found = path_id(request, "record_id", "rec")
    if found is None:
        raise VaultError(Kind.NOT_FOUND, NOTHING_HERE)
    return found
