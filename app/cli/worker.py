"""`kin worker`: the schedule and the sequencing of the audit log, as a process of their own, beside servers on PostgreSQL."""

import asyncio
import signal
from contextlib import AsyncExitStack
from typing import Annotated

import typer
from prometheus_client import start_http_server

from app.settings.settings import load
from app.web.logs import configure_logging
from app.web.metrics import Metrics
from app.wiring.parts import Parts, build
from app.wiring.running import running
from app.worker.work import report, working


def worker(
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Serve the metrics on this port of 127.0.0.1.")
    ] = None,
) -> None:
    """Keep the schedule: sequence the log, sweep what is due, remove what is past; until it is stopped."""
    settings, metrics = load(), Metrics()
    configure_logging(settings.log_level)
    parts = build(settings, observe_commit=metrics.events_appended)
    if parts.database.is_sqlite:
        raise typer.BadParameter("an SQLite database has one process; its server keeps the schedule itself")
    if metrics_port:
        try:
            start_http_server(metrics_port, "127.0.0.1", metrics.registry)
        except OSError as error:
            words = f"port {metrics_port} of 127.0.0.1: {(error.strerror or 'cannot be used').lower()}; name another"
            raise typer.BadParameter(words, param_hint="--metrics-port") from None
    asyncio.run(_work(parts, metrics))


async def _work(parts: Parts, metrics: Metrics) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(parts, report=report, sequencing=True))
        await stack.enter_async_context(working(parts, metrics))
        await stopped.wait()
