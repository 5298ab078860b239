"""`/v1/statistics`: how many people share which generalised values, for research."""

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example
from app.api.records import CaseHeader, PurposeHeader, denied
from app.api.schemas.statistics import COUNTS_EXAMPLE, CountIn, CountsOut, counts_json
from app.kernel.errors import Kind
from app.vault.disclosure import Denial
from app.web.gate import asking
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.strict_json import read_body
from app.wiring.parts import Parts


def _counts(body: CountIn, purpose: PurposeHeader, case: CaseHeader = None) -> None:
    """What a count declares."""


def statistics_router(parts: Parts) -> APIRouter:
    """The route of statistics."""
    router = APIRouter(route_class=LeanRoute, tags=["statistics"])

    @router.post(
        "/v1/statistics",
        response_model=CountsOut,
        dependencies=[Depends(_counts)],
        summary="Count people by generalised fields; small groups are withheld",
        responses=example(200, COUNTS_EXAMPLE),
        openapi_extra=declared("statistics", problems=(Kind.DISCLOSURE_DENIED, Kind.PURPOSE_REQUIRED)),
    )
    async def count_people(request: Request) -> Response:
        ask = await asking(request, parts)
        count = (await read_body(request, CountIn)).count()
        counted = await parts.people_counter.count(ask, count)
        if isinstance(counted, Denial):
            return denied(request, counted)
        return answer(counts_json(count, counted))

    return router
