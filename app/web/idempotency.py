"""`Idempotency-Key` on POSTs: the second of two equal requests gets the answer of the first.

Only what succeeded is kept; a request that failed without an effect gives its key back. Reads, searches, checks
and resolutions by POST disclose and keep nothing: they are decided anew, so that a withdrawal acts on the next of them
(docs/adr/0005-idempotency-keys.md).
"""

import contextlib
import json
import re
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from app.kernel.errors import Kind, VaultError
from app.storage.failures import DatabaseUnavailable
from app.vault.keep_answer import KeptAnswer, Segment
from app.vault.key_fence import Begun
from app.web.caller import bearer
from app.web.headers import single
from app.web.problems import problem_document, problem_response, request_id
from app.wiring.parts import Parts

_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}")
_KEPT_HEADERS: Final = ("location", "etag", "content-type")
_GONE: Final = "there is nothing here for you any more"
Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


class OwnedResponse(Response):
    """An answer that says which stretch of it is about whom, and whether it was kept in the transaction of its effect."""

    kept_with_effect = False

    def __init__(self, segments: Sequence[Segment], status: int, headers: dict[str, str] | None) -> None:
        super().__init__(b"".join(segment.text for segment in segments), status, headers, "application/json")
        self.segments = segments

    def kept(self) -> KeptAnswer:
        """The answer as it is kept."""
        return KeptAnswer(self.status_code, _kept_headers(self), self.segments)


def repeatable(parts: Parts) -> Callable[[Endpoint], Endpoint]:
    """Wraps a POST's endpoint so that it heeds the header."""

    def wrap(endpoint: Endpoint) -> Endpoint:
        @wraps(endpoint)
        async def once(request: Request) -> Response:
            key = single(request.scope["headers"], b"idempotency-key")
            if key is None:
                return await endpoint(request)
            if not _KEY.fullmatch(key):
                raise VaultError(
                    Kind.BAD_REQUEST, "Idempotency-Key must be 1 to 128 printable characters without spaces"
                )
            begun = await _begun(request, parts, key)
            if isinstance(begun, KeptAnswer):
                return _again(request, begun)
            return await _carried_out(request, parts, begun, endpoint)

        return once

    return wrap


def begun_of(request: Request) -> Begun | None:
    """The right under which this request is carried out; None without the header."""
    begun: Begun | None = request.scope["state"].get("begun")
    return begun


async def _begun(request: Request, parts: Parts, key: str) -> Begun | KeptAnswer:
    scope = request.scope
    caller = await parts.authenticator.authenticate(bearer(scope["headers"]), request_id(scope))
    purpose = request.headers.get("vault-purpose", "")
    said = b"\n".join((scope["path"].encode(), purpose.encode(), await request.body()))
    return await parts.answers.begin(caller.tenant, caller.id, key, said, request_id(scope))


async def _carried_out(request: Request, parts: Parts, begun: Begun, endpoint: Endpoint) -> Response:
    request.scope["state"]["begun"] = begun
    try:
        with parts.key_fence.holding(begun):
            response = await endpoint(request)
    except Exception:
        # The failure is what is answered: where the database is away, the key is free again only after a while.
        with contextlib.suppress(DatabaseUnavailable):
            await parts.answers.abandon(begun)
        raise
    if response.status_code >= 300:
        await parts.answers.abandon(begun)
        return response
    if isinstance(response, OwnedResponse) and response.kept_with_effect:
        return response
    whole = [Segment(None, bytes(response.body))]
    kept = response.kept() if isinstance(response, OwnedResponse) else None
    await parts.answers.finish(
        begun, kept or KeptAnswer(response.status_code, _kept_headers(response), whole)
    )
    return response


def _kept_headers(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}


def _again(request: Request, kept: KeptAnswer) -> Response:
    """The kept answer; an item about somebody who is not here any more is not found, like any other."""
    gone = problem_document(Kind.NOT_FOUND, _GONE, request_id=request_id(request.scope))
    if list(kept.segments) == [None]:
        return problem_response(Kind.NOT_FOUND, _GONE, request_id=request_id(request.scope))
    instead = json.dumps(gone, ensure_ascii=False).encode()
    body = b"".join(instead if segment is None else segment.text for segment in kept.segments)
    return Response(body, kept.status, {**kept.headers, "Idempotency-Replayed": "true"})
