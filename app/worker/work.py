"""The loop that keeps the schedule. A job that fails is reported and tried again next time; it stops no other."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from app.audit.publish import NotPublished
from app.web.logs import LogEvent, log, log_failure
from app.web.metrics import Metrics
from app.wiring.parts import Parts
from app.worker.schedule import Job, NotDone, schedule

_LOGGER: Final = logging.getLogger(__name__)
_FIRST: Final = 60.0
"""Seconds from the start of a process to the first run: what was just restarted has other things to do."""


@asynccontextmanager
async def working(parts: Parts, metrics: Metrics, *, first: float = _FIRST) -> AsyncIterator[None]:
    """Keeps the schedule until the block ends; the parts must be running."""
    tasks = [asyncio.create_task(_keep(parts, metrics, job, first)) for job in schedule(parts)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def embedded(parts: Parts, metrics: Metrics) -> AsyncIterator[None]:
    """In a serving process: keeps the schedule where that is this process's task, on SQLite or by the setting."""
    chosen = parts.settings.worker or ("embedded" if parts.database.is_sqlite else "separate")
    if chosen == "embedded":
        async with working(parts, metrics):
            yield
    else:
        yield


def report(error: Exception) -> None:
    """A failure of background work as a log line."""
    if isinstance(error, NotPublished):
        log(_LOGGER, LogEvent.CHECKPOINT_NOT_PUBLISHED, dependency=error.place)
    else:
        log_failure(_LOGGER, error)


async def run_once(parts: Parts, metrics: Metrics, job: Job) -> None:
    """Runs a job for every tenant; it has succeeded when it has for all of them."""
    try:
        tenants = await parts.identity.tenants()
    except Exception as error:  # noqa: BLE001  # the database is away: reported, and asked again next time
        _failed(metrics, job, error)
        return
    done = [await _attempted(metrics, job, tenant) for tenant in tenants]
    if all(done):
        metrics.job_done(job.name)


async def _keep(parts: Parts, metrics: Metrics, job: Job, first: float) -> None:
    await asyncio.sleep(min(first, job.every.total_seconds()))
    while True:
        await run_once(parts, metrics, job)
        await asyncio.sleep(job.every.total_seconds())


async def _attempted(metrics: Metrics, job: Job, tenant: str) -> bool:
    try:
        count = await job.run(tenant)
    except Exception as error:  # noqa: BLE001  # whatever went wrong for one tenant, the others have their turn
        _failed(metrics, job, error)
        return False
    if count:
        log(_LOGGER, LogEvent.JOB_DONE, job=job.name, count=count)
    return True


def _failed(metrics: Metrics, job: Job, error: Exception) -> None:
    metrics.job_failed(job.name)
    if isinstance(error, NotDone):
        log(_LOGGER, LogEvent.JOB_FAILED, job=job.name, exception=str(error))
    else:
        log(_LOGGER, LogEvent.JOB_FAILED, job=job.name, exception=type(error).__qualname__)
        log_failure(_LOGGER, error)
