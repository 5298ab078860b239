"""The outermost layer of ours: every request gets an id, every answer its headers, a log line and its place
in the metrics.

It also answers what every other layer let through, as `internal`. The log line names the route's template,
never the path that was asked for: a path is a sender's text.
"""

import logging
import re
import time
from collections.abc import Callable
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kernel.ids import new_uuid, text_of
from app.web.logs import LogEvent, LogFields, log
from app.web.metrics import Metrics
from app.web.problems import internal_problem
from app.web.rate_limit import Quota, rate_limit_headers

_LOGGER: Final = logging.getLogger(__name__)
_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?"
)
_HUNG_UP: Final = 499  # nginx's code for a client that left before the answer began


class Edge:
    """Wraps the application; `add_middleware(Edge, metrics=…)` last, so that it stands outside all others."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        state = scope.setdefault("state", {})
        state["request_id"] = text_of("req", new_uuid())
        answer = _Answer(send, state)
        self._metrics.request_began()
        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            problem = internal_problem(scope, error)
            if answer.status != _HUNG_UP:
                raise  # half an answer has left; only a broken connection tells the client so
            await problem(scope, receive, answer)
        finally:
            self._record(scope, answer.status, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = route_template(scope)
        self._metrics.request_ended(method, route, status, seconds)
        fields: LogFields = {
            "request": scope["state"]["request_id"],
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 2),
        }
        if caller := scope["state"].get("caller_id"):
            fields["caller"] = caller
        if trace := _trace(scope):
            fields["trace"] = trace
        log(_LOGGER, LogEvent.REQUEST, **fields)


class _Answer:
    """The `send` of one request: adds the headers that the answer lacks, and keeps its status."""

    __slots__ = ("_send", "_state", "status")

    def __init__(self, send: Send, state: dict[str, Any]) -> None:
        self._send = send
        self._state = state
        self.status = _HUNG_UP

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.get("headers", [])
            present = {name for name, _ in headers}
            missing = [header for header in _HEADERS if header[0] not in present]
            request_id = self._state["request_id"].encode("ascii")
            quotas = () if b"ratelimit" in present else self._quotas()
            message["headers"] = [*headers, *missing, *quotas, (b"vault-request", request_id)]
        await self._send(message)

    def _quotas(self) -> list[tuple[bytes, bytes]]:
        """What is left of the budgets that the caller has used, where a budget may have been used."""
        quotas: Callable[[], list[Quota]] | None = self._state.get("quotas")
        told = rate_limit_headers(quotas()) if quotas else {}
        return [(name.lower().encode("ascii"), value.encode("ascii")) for name, value in told.items()]


def route_template(scope: Scope) -> str:
    """The matched route's `/v1/records/{record_id}`, prefixes included; `none` without a match."""
    # A route knows its path without the prefix it was included under; FastAPI keeps the whole.
    matched: Any = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    return getattr(matched, "path_format", None) or "none"


def _trace(scope: Scope) -> str | None:
    """The trace id of a valid `traceparent` (W3C Trace Context, section 3.2)."""
    for name, value in scope["headers"]:
        if name == b"traceparent":
            match = _TRACEPARENT.fullmatch(value)
            return match[1].decode("ascii") if match else None
    return None
