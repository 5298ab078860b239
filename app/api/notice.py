"""`/v1/notice`: the active notice, checked, shown as a matrix, and asked."""

import asyncio

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example
from app.api.schemas.notice import (
    EXPLANATION_EXAMPLE,
    FINDINGS_EXAMPLE,
    MATRIX_EXAMPLE,
    NOTICE_EXAMPLE,
    ActiveNoticeOut,
    ExplanationOut,
    FindingsOut,
    MatrixOut,
    NoticeIn,
    QuestionIn,
)
from app.kernel.errors import Kind, VaultError
from app.notice.check import check_source
from app.notice.explain import as_data as explanation_data
from app.notice.explain import explain
from app.notice.finding import has_errors
from app.notice.matrix import as_data as matrix_data
from app.notice.matrix import matrix
from app.notice.parse import parse
from app.web.gate import admitted
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.query import parameter, query, version_number
from app.web.strict_json import read_body
from app.wiring.parts import Parts


def _checks(body: NoticeIn) -> None:
    """What a check declares."""


def _shows(version: int | None = None) -> None:
    """What a matrix declares."""


def _asks(body: QuestionIn) -> None:
    """What a question declares."""


def notice_router(parts: Parts) -> APIRouter:
    """The routes of the notice."""
    router = APIRouter(route_class=LeanRoute, tags=["notice"])

    @router.get(
        "/v1/notice",
        response_model=ActiveNoticeOut,
        summary="Read the active notice",
        responses=example(200, NOTICE_EXAMPLE),
        openapi_extra=declared("notice.read"),
    )
    async def read_notice(request: Request) -> Response:
        caller = await admitted(request, parts)
        query(request, ())
        table = await parts.notices.table(caller.tenant)
        return answer(
            {
                "id": table.notice_id,
                "version": table.version,
                "digest": table.digest,
                "title": dict(table.notice.title),
                "source": await parts.notice_versions.source(caller.tenant, table.version),
            }
        )

    @router.post(
        "/v1/notice/check",
        response_model=FindingsOut,
        dependencies=[Depends(_checks)],
        summary="Check a notice without storing it",
        responses=example(200, FINDINGS_EXAMPLE),
        openapi_extra=declared("notice.read"),
    )
    async def check_notice(request: Request) -> Response:
        await admitted(request, parts)
        body = await read_body(request, NoticeIn)
        findings = await asyncio.to_thread(
            check_source, body.source
        )  # up to seconds for a notice at the limits
        items = [
            {
                "severity": finding.severity.value,
                "code": finding.code,
                "line": finding.line,
                "message": finding.message,
                "subject": finding.subject,
            }
            for finding in findings
        ]
        return answer({"fine": not has_errors(findings), "items": items})

    @router.get(
        "/v1/notice/matrix",
        response_model=MatrixOut,
        dependencies=[Depends(_shows)],
        summary="Show who can see what",
        responses=example(200, MATRIX_EXAMPLE),
        openapi_extra=declared("notice.read", problems=(Kind.NOT_FOUND,)),
    )
    async def show_matrix(request: Request) -> Response:
        caller = await admitted(request, parts)
        found = query(request, ("version",))
        version = parameter(found, "version", version_number, "use the version's number")
        notice = (await parts.notices.table(caller.tenant)).notice
        if version is not None:
            source = await parts.notice_versions.source(caller.tenant, version)
            if source is None:
                raise VaultError(Kind.NOT_FOUND, "there is no such version of the notice")
            notice = parse(source)
        return answer(matrix_data(matrix(notice)))

    @router.post(
        "/v1/notice/explain",
        response_model=ExplanationOut,
        dependencies=[Depends(_asks)],
        summary="Ask the notice a question and see the reasons",
        responses=example(200, EXPLANATION_EXAMPLE),
        openapi_extra=declared("notice.read"),
    )
    async def explain_question(request: Request) -> Response:
        caller = await admitted(request, parts)
        body = await read_body(request, QuestionIn)
        table = await parts.notices.table(caller.tenant)
        collection = table.notice.collections.get(body.collection)
        every_field = tuple(collection.fields) if collection else ()
        return answer(explanation_data(explain(table, body.question(every_field))))

    return router
