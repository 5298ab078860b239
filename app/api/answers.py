"""How an answer is written, and how OpenAPI shows one."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from app.api.schemas.item_writer import json_text
from app.kernel.errors import VaultError
from app.vault.keep_answer import Segment
from app.web.idempotency import OwnedResponse
from app.web.problems import problem_document, request_id

_COMMA: Final = Segment(None, b",")


def answer(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return written(json_text(document), status, headers)


def written(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """The same of a document that is JSON text already."""
    return Response(text.encode(), status, headers, "application/json")


def owned(
    document: Any, owner: UUID, status: int = 200, headers: dict[str, str] | None = None
) -> OwnedResponse:
    """A JSON answer about one person."""
    return written_owned(json_text(document), owner, status, headers)


def written_owned(
    text: str, owner: UUID, status: int = 200, headers: dict[str, str] | None = None
) -> OwnedResponse:
    """The same of a document that is JSON text already."""
    return OwnedResponse([Segment(owner, text.encode())], status, headers)


def owned_items(items: Sequence[tuple[UUID | None, Any]], beside: dict[str, Any]) -> OwnedResponse:
    """A JSON answer with `items`, each about one person, and what stands beside them."""
    return written_items([(owner, json_text(item)) for owner, item in items], beside)


def written_items(items: Sequence[tuple[UUID | None, str]], beside: dict[str, Any]) -> OwnedResponse:
    """The same of items that are JSON text already."""
    segments = [Segment(None, b'{"items":[')]
    for number, (owner, item) in enumerate(items):
        if number:
            segments.append(_COMMA)
        segments.append(Segment(owner, item.encode()))
    rest = json_text(beside)[1:]
    segments.append(Segment(None, ("]," + rest if len(rest) > 1 else "]}").encode()))
    return OwnedResponse(segments, 200, None)


def example(status: int, document: Any) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: its answer by example."""
    return {status: {"content": {"application/json": {"example": document}}}}


def failed_item(request: Request, error: VaultError) -> dict[str, Any]:
    """The problem of one item of a batch."""
    return problem_document(
        error.kind, error.detail, request_id=request_id(request.scope), errors=error.errors
    )
