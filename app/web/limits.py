"""What a request may weigh and how it may be addressed, before anybody reads it.

Pure ASGI: a body is counted while it arrives and never collected here, so that one without a declared
length is stopped at the limit too. Doubled or contradicting headers are refused, because a proxy in front
may have believed the other one (RFC 9112 sections 3.2 and 6.3). What the body says is decided in
`strict_json`.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kernel.errors import Kind
from app.web.problems import problem_response, request_id

MAX_BODY: Final = 1024 * 1024
BODY_SECONDS: Final = 20.0
MAX_HEADERS: Final = 100
MAX_HEADER_BYTES: Final = 32 * 1024
MAX_TARGET: Final = 8 * 1024

_ONCE: Final = (b"host", b"authorization", b"content-length", b"content-type", b"transfer-encoding")
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,64}\])(?::[0-9]{1,5})?")
_LENGTH: Final = re.compile(rb"[0-9]{1,15}")
_CLOSE: Final = {"Connection": "close"}


class Limits:
    """Refuses what can be read two ways, and bodies of more than `max_body` bytes or `seconds` under way.

    The time runs from the moment the body is first asked for. Refusals close the connection.
    """

    def __init__(self, app: ASGIApp, *, max_body: int = MAX_BODY, seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._max_body = max_body
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        complaint = next(_complaints(scope, headers), None)
        if complaint is None and int(headers.get(b"content-length", 0)) <= self._max_body:
            await self._app(scope, _Counted(receive, self._max_body, self._seconds), send)
            return
        kind = Kind.BAD_REQUEST if complaint else Kind.TOO_LARGE
        detail = complaint or "the body is larger than 1 MiB; send less at once"
        answer = problem_response(kind, detail, request_id=request_id(scope), headers=_CLOSE)
        await answer(scope, receive, send)


class _Counted:
    """The `receive` of one request. HTTPException is what FastAPI lets pass while it reads a body."""

    __slots__ = ("_deadline", "_left", "_open", "_receive", "_seconds")

    def __init__(self, receive: Receive, max_body: int, seconds: float) -> None:
        self._receive = receive
        self._left = max_body
        self._seconds = seconds
        self._deadline: float | None = None
        self._open = True

    async def __call__(self) -> Message:
        if not self._open:
            return await self._receive()
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, headers=_CLOSE) from None
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(413, headers=_CLOSE)
        self._open = message.get("more_body", False)
        return message


def _complaints(scope: Scope, values: dict[bytes, bytes]) -> Iterator[str]:
    target, query, headers = scope.get("raw_path") or b"/", scope["query_string"], scope["headers"]
    if len(target) + len(query) > MAX_TARGET:
        yield "the address is too long; put the question into a body"
    if not target.startswith(b"/") or not scope["path"].startswith("/"):
        yield "ask for a path, not for a whole address"
    if "\x00" in scope["path"] or b"%00" in query:
        yield "the address holds NUL; leave it out"
    if len(headers) > MAX_HEADERS:
        yield "there are too many headers; send at most 100"
    if sum([len(name) + len(value) for name, value in headers]) > MAX_HEADER_BYTES:
        yield "the headers are too large; send at most 32 KiB of them"
    if len(values) != len(headers):
        names = [name for name, _ in headers]
        yield from (
            f"{name.decode('ascii').title()} was sent twice; send it once"
            for name in _ONCE
            if names.count(name) > 1
        )
    if not _HOST.fullmatch(values.get(b"host", b"")):
        yield "send one header Host that names a host"
    if not _LENGTH.fullmatch(values.get(b"content-length", b"0")):
        yield "Content-Length must be a number"
    if b"content-length" in values and b"transfer-encoding" in values:
        yield "Content-Length and Transfer-Encoding contradict each other; send one"
