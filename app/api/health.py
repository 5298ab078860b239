"""`/livez`, `/readyz`, `/metrics`: for those who run the vault, without seeing data."""

import hmac

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from app.api.answers import answer, example
from app.kernel.errors import Kind, VaultError
from app.web.caller import bearer
from app.web.lean_route import LeanRoute
from app.web.metrics import CONTENT_TYPE, Metrics
from app.web.permissions import declared
from app.wiring.health import readiness
from app.wiring.parts import Parts


def health_router(parts: Parts, metrics: Metrics) -> APIRouter:
    """The routes of health and metrics."""
    router = APIRouter(route_class=LeanRoute, tags=["health"])

    @router.get(
        "/livez",
        summary="Say that the process runs",
        responses=example(200, {"status": "ok"}),
        openapi_extra=declared("public"),
    )
    async def live(request: Request) -> Response:  # noqa: ARG001  # a lean endpoint takes the request
        return answer({"status": "ok"})

    @router.get(
        "/readyz",
        summary="Say whether database, key provider, audit and migrations are ready",
        responses=example(
            200,
            {
                "status": "ok",
                "database": "ok",
                "keys": "ok",
                "audit": "ok",
                "migrations": "ok",
                "checkpoints": "ok",
                "erasures": "ok",
                "sweep": "ok",
            },
        ),
        openapi_extra=declared("public"),
    )
    async def ready(request: Request) -> Response:  # noqa: ARG001  # a lean endpoint takes the request
        found = await readiness(parts)
        fine = all(state != "unavailable" for state in found.values())
        return answer({"status": "ok" if fine else "unavailable", **found}, 200 if fine else 503)

    @router.get(
        "/metrics",
        response_class=PlainTextResponse,
        summary="Give the metrics in Prometheus' text format, to who has the metrics token",
        openapi_extra=declared("public", problems=(Kind.UNAUTHENTICATED, Kind.NOT_FOUND)),
    )
    async def show_metrics(request: Request) -> Response:
        token = parts.settings.metrics_token
        if token is None:
            raise VaultError(Kind.NOT_FOUND, "metrics are off; set KIN_METRICS_TOKEN to turn them on")
        if not hmac.compare_digest((bearer(request.scope["headers"]) or "").encode(), token.encode()):
            raise VaultError(Kind.UNAUTHENTICATED, "send the metrics token as `Authorization: Bearer …`")
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    return router
