"""How an answer is written, and how OpenAPI shows one."""

import json
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from app.kernel.errors import VaultError
from app.web.problems import problem_document, request_id

_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def answer(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(_ENCODE(document).encode(), status, headers, "application/json")


def example(status: int, document: Any) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: its answer by example."""
    return {status: {"content": {"application/json": {"example": document}}}}


def failed_item(request: Request, error: VaultError) -> dict[str, Any]:
    """The problem of one item of a batch."""
    return problem_document(
        error.kind, error.detail, request_id=request_id(request.scope), errors=error.errors
    )
