"""The schedule: which job, how often, and the use case it calls, once for each tenant.

Jobs are harmless beside each other and beside themselves in another process. Sequencing the audit log and taking up notices are
not here: they go on without a pause (`wiring/running`).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from app.vault.past_store import Past
from app.wiring.parts import Parts

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)


class NotDone(Exception):
    """A job could not do its work, or not all of it: a word for the log that says why."""


@dataclass(frozen=True, slots=True)
class Job:
    """Called for each tenant, it says how much there was to do; `every` is the pause between two runs."""

    name: str
    every: timedelta
    run: Callable[[str], Awaitable[int]]


def schedule(parts: Parts) -> tuple[Job, ...]:
    """All jobs."""
    return (
        Job("enter-erasures", _MINUTE, parts.erasing.ledger.catch_up),
        Job("sweep", _HOUR, partial(_sweep, parts)),
        Job("purge-answers", _HOUR, partial(_purge_answers, parts)),
        Job("purge-sessions", _HOUR, partial(_purge, parts, Past.SESSIONS)),
        Job("purge-budgets", _HOUR, partial(_purge, parts, Past.BUDGETS)),
        Job("purge-tokens", 24 * _HOUR, partial(_purge, parts, Past.TOKENS)),
    )


async def _sweep(parts: Parts, tenant: str) -> int:
    done = await parts.retention.sweeper.run(tenant)
    if done.trouble:
        raise NotDone(done.trouble.value)
    if done.failed:
        raise NotDone("people-failed")
    return done.people


async def _purge_answers(parts: Parts, tenant: str) -> int:
    await _believed(parts, tenant)
    return await parts.answers.purge(tenant)


async def _purge(parts: Parts, kind: Past, tenant: str) -> int:
    await _believed(parts, tenant)
    return await parts.retention.purger.purge(tenant, kind)


async def _believed(parts: Parts, tenant: str) -> None:
    """What is past by a clock that has jumped may not be past: nothing is removed by it."""
    if trouble := await parts.retention.sweeper.trouble(tenant):
        raise NotDone(trouble.value)
