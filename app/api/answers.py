"""How an answer is written, and how OpenAPI shows one."""

import json
from typing import Any, Final

from starlette.responses import Response

_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def answer(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(_ENCODE(document).encode(), status, headers, "application/json")


def example(status: int, document: Any) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route: its answer by example."""
    return {status: {"content": {"application/json": {"example": document}}}}
