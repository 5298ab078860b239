"""How an error is answered: the one table from kinds to HTTP statuses, and RFC 9457 problem details.

A problem never holds a submitted value or the text of an exception. It decides no error itself; rooms raise
`VaultError`, and what nobody foresaw becomes `internal`.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Scope

from app.kernel.errors import FieldError, Kind, LimitReached, VaultError
from app.kernel.ids import text_of
from app.storage.failures import Conflict
from app.web.logs import log_failure
from app.web.rate_limit import Quota, rate_limit_headers
from app.web.validation import MAX_ERRORS, field_errors, parameter_error

MEDIA_TYPE: Final = "application/problem+json"
_LOGGER: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a kind of error looks like from outside."""

    status: int
    title: str
    headers: tuple[tuple[str, str], ...] = ()


PROBLEMS: Final[Mapping[Kind, Problem]] = MappingProxyType(
    {
        Kind.BAD_REQUEST: Problem(400, "Bad request"),
        Kind.PURPOSE_REQUIRED: Problem(400, "Purpose required"),
        Kind.UNAUTHENTICATED: Problem(401, "Unauthenticated", (("WWW-Authenticate", "Bearer"),)),
        Kind.NOT_PERMITTED: Problem(403, "Not permitted"),
        Kind.DISCLOSURE_DENIED: Problem(403, "Disclosure denied"),
        Kind.NOT_FOUND: Problem(404, "Not found"),
        Kind.METHOD_NOT_ALLOWED: Problem(405, "Method not allowed"),
        Kind.CONFLICT: Problem(409, "Conflict"),
        Kind.IDEMPOTENCY_IN_FLIGHT: Problem(409, "Request in flight"),
        Kind.PRECONDITION_FAILED: Problem(412, "Precondition failed"),
        Kind.TOO_LARGE: Problem(413, "Too large"),
        Kind.UNSUPPORTED_MEDIA_TYPE: Problem(415, "Unsupported media type"),
        Kind.INVALID: Problem(422, "Invalid"),
        Kind.NOT_COVERED: Problem(422, "Not covered by a purpose"),
        Kind.IDEMPOTENCY_MISMATCH: Problem(422, "Idempotency key used for another request"),
        Kind.PRECONDITION_REQUIRED: Problem(428, "Precondition required"),
        Kind.TOO_MANY_REQUESTS: Problem(429, "Too many requests"),
        Kind.INTERNAL: Problem(500, "Internal error"),
        Kind.UNAVAILABLE: Problem(503, "Unavailable", (("Retry-After", "1"),)),
    }
)

_FRAMEWORK: Final[Mapping[int, tuple[Kind, str]]] = MappingProxyType(
    {
        400: (Kind.BAD_REQUEST, "the request cannot be read"),
        404: (Kind.NOT_FOUND, "there is nothing here for you"),
        405: (Kind.METHOD_NOT_ALLOWED, "this address does not take this method; see the header Allow"),
        408: (Kind.BAD_REQUEST, "the body did not arrive in time; send the request again"),
        413: (Kind.TOO_LARGE, "the body is larger than 1 MiB; send less at once"),
        415: (Kind.UNSUPPORTED_MEDIA_TYPE, "send the body as application/json in UTF-8"),
    }
)


def request_id(scope: Scope) -> str:
    """The id that `edge` gave this request; empty where `edge` does not stand in front."""
    return str(scope.get("state", {}).get("request_id", ""))


def problem_document(
    kind: Kind,
    detail: str,
    *,
    request_id: str,
    errors: Iterable[FieldError] = (),
    reasons: Mapping[str, str] | None = None,
    event: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The problem as a JSON object, also for an item of a batch. `reasons`: field → reason code."""
    document: dict[str, Any] = {
        "type": f"urn:kin:problem:{kind.value}",
        "title": PROBLEMS[kind].title,
        "status": PROBLEMS[kind].status,
        "detail": detail,
        "code": kind.value,
        "request_id": request_id,
    }
    listed = [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in errors]
    if listed:
        document["errors"] = listed
    if reasons is not None:
        document["reasons"] = dict(reasons)
    if event is not None:
        document["event"] = event
    return document | dict(extra or {})


def problem_response(
    kind: Kind,
    detail: str,
    *,
    request_id: str,
    errors: Iterable[FieldError] = (),
    reasons: Mapping[str, str] | None = None,
    event: str | None = None,
    headers: Mapping[str, str] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Response:
    """The problem as an answer, with the kind's status and headers."""
    document = problem_document(
        kind, detail, request_id=request_id, errors=errors, reasons=reasons, event=event, extra=extra
    )
    return Response(
        json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode(),
        status_code=PROBLEMS[kind].status,
        headers=dict(PROBLEMS[kind].headers) | dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def internal_problem(scope: Scope, error: Exception) -> Response:
    """What nobody foresaw: logged by class and place, answered without a word of it."""
    log_failure(_LOGGER, error, request=request_id(scope))
    return problem_response(
        Kind.INTERNAL, "something failed here; tell the operator the request_id", request_id=request_id(scope)
    )


def install(app: FastAPI) -> None:
    """Answer every error of `app` as a problem."""
    app.add_exception_handler(VaultError, _on_vault_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(ClientDisconnect, _on_hang_up)
    app.add_exception_handler(Conflict, _on_conflict)
    app.add_exception_handler(Exception, _on_unforeseen)


async def _on_vault_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, VaultError):
        return internal_problem(request.scope, error)
    limit = error if isinstance(error, LimitReached) else None
    return problem_response(
        error.kind,
        error.detail,
        request_id=request_id(request.scope),
        errors=error.errors,
        event=text_of("evt", limit.event) if limit and limit.event else None,
        headers=_limit_headers(limit) if limit else None,
    )


def _limit_headers(limit: LimitReached) -> Mapping[str, str]:
    """When to come back (RFC 9110, 10.2.3), and under which policy."""
    return {
        "Retry-After": str(limit.seconds),
        **rate_limit_headers([Quota(limit.policy, limit.most, limit.window, 0, limit.seconds)]),
    }


async def _on_validation_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        return internal_problem(request.scope, error)
    mistakes = list(error.errors())
    body = [{**m, "loc": m["loc"][1:]} for m in mistakes if m["loc"][:1] == ("body",)]
    elsewhere = [parameter_error(m) for m in mistakes if m["loc"][:1] != ("body",)]
    return problem_response(
        Kind.INVALID,
        "the request does not fit this operation; see errors",
        request_id=request_id(request.scope),
        errors=[*elsewhere, *field_errors(body, error.body)][:MAX_ERRORS],
    )


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """The framework's own refusals; a status it should not raise is answered as `internal`."""
    if not isinstance(error, HTTPException) or error.status_code not in _FRAMEWORK:
        return internal_problem(request.scope, error)
    kind, detail = _FRAMEWORK[error.status_code]
    return problem_response(kind, detail, request_id=request_id(request.scope), headers=error.headers)


async def _on_hang_up(request: Request, _error: Exception) -> Response:
    """A client that went in the middle of its body: no failure of the vault, and nobody is there to read the answer."""
    kind, detail = _FRAMEWORK[408]
    return problem_response(kind, detail, request_id=request_id(request.scope))


async def _on_conflict(request: Request, error: Exception) -> Response:  # noqa: ARG001  # the framework's signature
    """Two requests met on one row, and the other was first."""
    detail = "another request changed this at the same moment; read it again and repeat yours"
    return problem_response(Kind.CONFLICT, detail, request_id=request_id(request.scope))


async def _on_unforeseen(request: Request, error: Exception) -> Response:
    return internal_problem(request.scope, error)
