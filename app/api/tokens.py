"""`/v1/tokens`: issue, resolve, revoke, list."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example, failed_item, owned, owned_items
from app.api.records import PurposeHeader, denied
from app.api.schemas.receipt import batch_receipt_json, receipt_json
from app.api.schemas.tokens import (
    ISSUED_EXAMPLE,
    RESOLVED_EXAMPLE,
    REVOKED_EXAMPLE,
    TOKENS_EXAMPLE,
    IssuedTokensOut,
    ResolvedListOut,
    ResolveIn,
    RevokedOut,
    RevokeIn,
    TokenIn,
    TokensOut,
    token_json,
)
from app.kernel.clock import rfc3339
from app.kernel.duration import Duration
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.ids import parse_id
from app.notice.model import Form
from app.vault.ask import Ask
from app.vault.disclosure import Denial, FieldAnswer
from app.vault.manage_token import TokenOrder
from app.web.gate import admitted, asking
from app.web.idempotency import repeatable
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.problems import request_id
from app.web.purpose import case
from app.web.query import id_parameter, query, refused
from app.web.strict_json import read_body
from app.wiring.parts import Parts


def _issues(body: TokenIn) -> None:
    """What an issue declares."""


def _resolves(body: ResolveIn, purpose: PurposeHeader) -> None:
    """What a resolution declares."""


def _revokes(body: RevokeIn) -> None:
    """What a revocation declares."""


def _lists(record: Annotated[str, Query(description="`rec_…`")]) -> None:
    """Whose tokens are listed."""


def tokens_router(parts: Parts) -> APIRouter:
    """The routes of tokens."""
    router = APIRouter(route_class=LeanRoute, tags=["tokens"])

    @router.post(
        "/v1/tokens/resolve",
        response_model=ResolvedListOut,
        dependencies=[Depends(_resolves)],
        summary="Resolve tokens that were issued to you",
        responses=example(200, RESOLVED_EXAMPLE),
        openapi_extra=declared("grants", problems=(Kind.PURPOSE_REQUIRED,)),
    )
    async def resolve_tokens(request: Request) -> Response:
        ask = await asking(request, parts)
        body = await read_body(request, ResolveIn)
        results, receipts = await parts.resolver.resolve(ask, body.tokens)
        items: list[tuple[UUID | None, dict[str, Any]]] = []
        for text, result in zip(body.tokens, results, strict=True):
            if isinstance(result, VaultError):
                items.append((None, {"token": text, "problem": failed_item(request, result)}))
            else:
                shown = {"form": result.answer.form.value, "value": result.answer.value}
                place = {"collection": result.collection, "field": result.field}
                items.append((result.subject, {"token": text, **place, **shown}))
        return owned_items(items, {"receipt": batch_receipt_json(ask.purpose, receipts)})

    @router.post(
        "/v1/tokens",
        response_model=IssuedTokensOut,
        dependencies=[Depends(_issues)],
        summary="Issue tokens for fields of a record",
        responses=example(200, ISSUED_EXAMPLE),
        openapi_extra=declared("tokens.issue", problems=(Kind.DISCLOSURE_DENIED, Kind.NOT_FOUND)),
    )
    @repeatable(parts)
    async def issue_tokens(request: Request) -> Response:
        caller = await admitted(request, parts)
        body = await read_body(request, TokenIn)
        ask = Ask(caller, body.purpose, request_id(request.scope), case(request.scope["headers"]))
        issued = await parts.tokens.issue(ask, _order(body, parts.clock.now()))
        if isinstance(issued, Denial):
            return denied(request, issued)
        items = [_issued(name, issued.fields[name]) for name in body.fields if name in issued.fields]
        return owned({"items": items, "receipt": receipt_json(issued.receipt)}, issued.record.subject)

    @router.post(
        "/v1/tokens/revoke",
        response_model=RevokedOut,
        dependencies=[Depends(_revokes)],
        summary="Revoke tokens, or all tokens of a record, at once",
        responses=example(200, REVOKED_EXAMPLE),
        openapi_extra=declared("tokens.issue", problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def revoke_tokens(request: Request) -> Response:
        caller = await admitted(request, parts)
        body = await read_body(request, RevokeIn)
        if body.record is not None:
            record = parse_id("rec", body.record)
            count, receipt = await parts.tokens.revoke_all(caller, request_id(request.scope), record)
        else:
            count, receipt = await parts.tokens.revoke(caller, request_id(request.scope), body.tokens or [])
        return answer({"revoked": count, "receipt": receipt_json(receipt)})

    @router.get(
        "/v1/tokens",
        response_model=TokensOut,
        dependencies=[Depends(_lists)],
        summary="List the live tokens of a record, without their texts",
        responses=example(200, TOKENS_EXAMPLE),
        openapi_extra=declared("tokens.issue", problems=(Kind.NOT_FOUND,)),
    )
    async def list_tokens(request: Request) -> Response:
        caller = await admitted(request, parts)
        record = id_parameter(query(request, ("record",)), "record", "rec")
        if record is None:
            raise refused("record", "say of which record: rec_…")
        rows = await parts.tokens.listed(caller, request_id(request.scope), record)
        return answer({"items": [token_json(row) for row in rows], "next": None})

    return router


def _order(body: TokenIn, now: datetime) -> TokenOrder:
    try:
        expires_at = Duration.parse(body.expires_in).after(now) if body.expires_in else None
        record, recipient = parse_id("rec", body.record), body.recipient and parse_id("clr", body.recipient)
    except (ValueError, OverflowError):
        error = FieldError(
            "", "bad-value", "write ids as the vault gave them and times as durations, such as P7D"
        )
        raise VaultError(Kind.INVALID, "the order cannot be read", errors=(error,)) from None
    return TokenOrder(record, tuple(dict.fromkeys(body.fields)), recipient or None, expires_at, body.uses)


def _issued(name: str, field: FieldAnswer) -> dict[str, object]:
    if field.form is not Form.TOKEN or field.expires_at is None:
        return {"field": name, "form": field.form.value, "reason": field.reason}
    return {
        "field": name,
        "token": field.value,
        "expires_at": rfc3339(field.expires_at),
        "uses": field.uses,
    }
