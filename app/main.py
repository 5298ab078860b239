"""create_app: settings in, the ASGI application out. Assembles, decides nothing."""

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from app.api.router import api_routers
from app.kernel.clock import Clock
from app.settings.settings import Settings, load
from app.web.docs_page import docs_router
from app.web.edge import Edge
from app.web.limits import Limits
from app.web.logs import LogEvent, configure_logging, log
from app.web.metrics import Metrics
from app.web.problems import install
from app.wiring.parts import build
from app.wiring.running import running
from app.worker.work import embedded, report

_LOGGER: Final = logging.getLogger(__name__)
_ABOUT: Final = (
    "A vault for personal data that runs the shop's privacy notice: every field is encrypted at rest, every read is decided by "
    "the notice for the caller's role and the declared purpose, every answer carries a receipt of the audit log."
)


def create_app() -> FastAPI:
    """The application with the settings of the environment; for `uvicorn --factory`."""
    settings = load()
    configure_logging(settings.log_level)
    app = create_app_from(settings)
    # What is built now lives as long as the process: taken out of the collector's sight, it stops costing pauses.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    return app


def create_app_from(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """The application with these settings; the machine's clock unless another is given."""
    metrics = Metrics()
    parts = build(settings, observe_commit=metrics.events_appended, clock=clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with running(parts, report=report), embedded(parts, metrics):
            log(_LOGGER, LogEvent.STARTED)
            yield
        log(_LOGGER, LogEvent.STOPPED)

    app = FastAPI(
        title="Kín",
        version="0.1.0",
        summary="A vault that runs the privacy notice",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=lifespan,
    )
    install(app)
    for router in [*api_routers(parts, metrics), docs_router(app)]:
        app.router.routes.extend(router.routes)
    app.add_middleware(Limits)
    app.add_middleware(Edge, metrics=metrics)
    app.state.parts = parts
    return app
