"""`/v1/subjects/{id}/export`: a person's account of what is held of them, as JSON or as a page to read."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.api.answers import answer
from app.api.records import CaseHeader, OrderHeader, PurposeHeader, count, denied
from app.api.schemas.subject_export import EXPORT_EXAMPLE, ExportOut, export_json
from app.audit.author import NO_PERSON
from app.kernel.errors import Kind, VaultError
from app.rights.access_page import policy, render
from app.rights.access_words import Language
from app.rights.subject_access import MOST_RECORDS
from app.vault.disclosure import Denial
from app.web.gate import asking
from app.web.lean_route import LeanRoute
from app.web.metrics import Metrics
from app.web.permissions import OWN, declared
from app.web.query import id_parameter, page_size, path_id, query, word_parameter
from app.wiring.parts import Parts


class Format(StrEnum):
    """How the account is written."""

    JSON = "json"
    HTML = "html"


def _exports(
    subject_id: str,
    purpose: PurposeHeader,
    case: CaseHeader = None,
    order: OrderHeader = None,
    format: Annotated[  # noqa: A002  # the parameter's name in the API
        Format | None, Query(description="without it the header Accept decides; JSON otherwise")
    ] = None,
    language: Annotated[Language, Query(description="of the page")] = Language.VI,
    limit: Annotated[int, Query(ge=1, le=MOST_RECORDS)] = MOST_RECORDS,
    cursor: Annotated[str | None, Query(description="the `next` of the part before")] = None,
) -> None:
    """Whose account, and how it is written."""


def subject_export_router(parts: Parts, metrics: Metrics) -> APIRouter:
    """The route of the account."""
    router = APIRouter(route_class=LeanRoute, tags=["requests"])

    @router.get(
        "/v1/subjects/{subject_id}/export",
        response_model=ExportOut,
        dependencies=[Depends(_exports)],
        summary="Give a person the account of what is held of them, as JSON or as a page to read",
        responses={
            200: {
                "content": {
                    "application/json": {"example": EXPORT_EXAMPLE},
                    "text/html": {"schema": {"type": "string"}},
                }
            }
        },
        openapi_extra=declared(
            "requests", OWN, problems=(Kind.NOT_FOUND, Kind.PURPOSE_REQUIRED, Kind.DISCLOSURE_DENIED)
        ),
    )
    async def export_subject(request: Request) -> Response:
        ask = await asking(request, parts)
        found = query(request, ("format", "language", "limit", "cursor"))
        wanted = word_parameter(found, "format", Format) or _accepted(request)
        language = word_parameter(found, "language", Language) or Language.VI
        subject = path_id(request, "subject_id", "sub")
        if subject is None or ask.caller.subject not in {None, subject}:
            raise VaultError(Kind.NOT_FOUND, NO_PERSON)
        account = await parts.requests.access.account(
            ask,
            subject,
            limit=page_size(found, MOST_RECORDS, MOST_RECORDS),
            after=id_parameter(found, "cursor", "rec"),
        )
        if isinstance(account, Denial):
            count(metrics, [account])
            return denied(request, account)
        count(metrics, [record.answer for record in account.records])
        document = export_json(account, parts.clock.now())
        if wanted == Format.JSON:
            return answer(document)
        return HTMLResponse(
            render(document, Language(language)), headers={"Content-Security-Policy": policy()}
        )

    return router


def _accepted(request: Request) -> Format:
    """The page for who asks for HTML, as browsers do, and does not ask for JSON."""
    accepted = request.headers.get("accept", "")
    return Format.HTML if "text/html" in accepted and "application/json" not in accepted else Format.JSON
