"""Customers' sessions: asked for by the shop's backend, ended by either side, everywhere at once."""

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example, owned
from app.api.schemas.receipt import receipt_json
from app.api.schemas.subjects import (
    SESSION_EXAMPLE,
    SESSIONS_ENDED_EXAMPLE,
    SessionIn,
    SessionOut,
    SessionsEndedOut,
)
from app.kernel.clock import rfc3339
from app.kernel.duration import Duration
from app.kernel.errors import Kind
from app.kernel.ids import text_of
from app.web.gate import acting, theirs
from app.web.idempotency import repeatable
from app.web.lean_route import LeanRoute
from app.web.permissions import OWN, declared
from app.web.query import path_id
from app.web.strict_json import read_body
from app.wiring.parts import Parts


def _starts(subject_id: str, body: SessionIn) -> None:
    """What a session declares."""


def _subject(subject_id: str) -> None:
    """Whose sessions."""


def sessions_router(parts: Parts) -> APIRouter:
    """The routes of sessions."""
    router = APIRouter(route_class=LeanRoute, tags=["sessions"])

    @router.post(
        "/v1/subjects/{subject_id}/sessions",
        status_code=201,
        response_model=SessionOut,
        dependencies=[Depends(_starts)],
        summary="Sign a customer in: a short-lived credential for their own data",
        responses=example(201, SESSION_EXAMPLE),
        openapi_extra=declared("subjects", problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def start_session(request: Request) -> Response:
        author = await acting(request, parts)
        subject = theirs(author, path_id(request, "subject_id", "sub"))
        body = await read_body(request, SessionIn)
        started = await parts.people.sessions.start(author, subject, Duration.parse(body.expires_in))
        shown = {
            "subject": text_of("sub", subject),
            "credential": started.credential,
            "expires_at": rfc3339(started.expires_at),
            "receipt": receipt_json(started.receipt),
        }
        return owned(shown, subject, 201)

    @router.post(
        "/v1/subjects/{subject_id}/sessions/end",
        response_model=SessionsEndedOut,
        dependencies=[Depends(_subject)],
        summary="Sign a customer out everywhere",
        responses=example(200, SESSIONS_ENDED_EXAMPLE),
        openapi_extra=declared("subjects", OWN, problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def end_sessions(request: Request) -> Response:
        author = await acting(request, parts)
        subject = theirs(author, path_id(request, "subject_id", "sub"))
        ended, receipt = await parts.people.sessions.end(author, subject)
        return answer({"ended": ended, "receipt": receipt_json(receipt)})

    @router.post(
        "/v1/sessions/end",
        response_model=SessionsEndedOut,
        summary="Sign out everywhere, as the customer who is signed in",
        responses=example(200, SESSIONS_ENDED_EXAMPLE),
        openapi_extra=declared(OWN, problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def sign_out(request: Request) -> Response:
        author = await acting(request, parts)
        ended, receipt = await parts.people.sessions.end(author, theirs(author, author.caller.subject))
        return answer({"ended": ended, "receipt": receipt_json(receipt)})

    return router
