"""Keeping every log sequenced and its checkpoints published, for as long as a process runs.

Any number of processes may keep the same logs: the lease decides which one works, the others look once a second whether it is
free. Sequencing and publishing run beside each other: a witness that does not answer holds nothing up. What goes wrong is
reported once, when it begins, and stays visible in `troubles` until it is over.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from app.audit.publish import NotPublished, Publishing
from app.audit.sequence import Sequencer, Step
from app.audit.tree_store import LogDamaged

# With the step itself, well within the second that an event may wait for its leaf.
_PAUSE: Final = 0.7
_LOOK: Final = 1.0
_RETRY: Final = 5.0

Report = Callable[[Exception], None]


class LogsBehind(Exception):
    """Logs that could not be signed or published; `left` says in words which, and why."""

    def __init__(self, left: Sequence[str]) -> None:
        super().__init__("; ".join(left))
        self.left = left


class LogKeeper:
    """The background work of the audit log; `tenants` lists whose logs there are."""

    def __init__(
        self,
        sequencer: Sequencer,
        publishing: Publishing,
        tenants: Callable[[], Awaitable[Sequence[str]]],
    ) -> None:
        self._sequencer = sequencer
        self._publishing = publishing
        self._tenants = tenants
        self._unsigned: dict[str, str] = {}
        self._published: set[str] = set()

    @property
    def troubles(self) -> Sequence[str]:
        """`damaged` when a log is not signed any more, and the names of the places that are behind or cannot be asked."""
        return sorted({*self._unsigned.values(), *self._publishing.behind})

    async def run(self, report: Report) -> None:
        """Works until cancelled, then gives the logs back."""
        work = [asyncio.create_task(each) for each in (self._sequence(report), self._publish(report))]
        try:
            await asyncio.gather(*work)
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await self._sequencer.let_go()

    async def catch_up(self) -> None:
        """Sequences, signs and publishes all there is: for a command. `LogsBehind` afterwards, when something was left.

        A log that cannot be signed does not keep the others waiting.
        """
        left: list[str] = []
        try:
            for tenant in await self._tenants():
                try:
                    while (step := await self._sequencer.step(tenant)).events or step.signed:
                        pass
                except (LogDamaged, NotPublished) as trouble:
                    left.append(f"the log of {tenant} is not signed: {trouble}")
                else:
                    failed = await self._publishing.publish(tenant)
                    left += [f"the log of {tenant} is not published: {failure}" for failure in failed]
        finally:
            await self._sequencer.let_go()
        if left:
            raise LogsBehind(left)

    async def _sequence(self, report: Report) -> None:
        while True:
            pause = _LOOK
            try:
                for tenant in await self._tenants():
                    pause = min(pause, await self._step(tenant, report))
            except Exception as error:  # noqa: BLE001  # the database is away: reported, and asked again
                report(error)
            await asyncio.sleep(pause)

    async def _step(self, tenant: str, report: Report) -> float:
        """Sequences and signs what there is of one log; how long to wait before the next look."""
        try:
            step = await self._sequencer.step(tenant)
        except (LogDamaged, NotPublished) as trouble:
            word = trouble.place if isinstance(trouble, NotPublished) else "damaged"
            if self._unsigned.get(tenant) != word:
                report(trouble)
            self._unsigned[tenant] = word
            return _LOOK
        if step.events or step.signed or step.elsewhere:
            self._unsigned.pop(tenant, None)
        if step.signed:
            self._published.discard(tenant)
        return _pause(step)

    async def _publish(self, report: Report) -> None:
        while True:
            pause = _PAUSE
            try:
                for tenant in await self._tenants():
                    if tenant not in self._published:
                        self._published.add(tenant)
                        pause = max(pause, await self._brought(tenant, report))
            except Exception as error:  # noqa: BLE001  # the database is away: reported, and asked again
                self._published.clear()
                report(error)
                pause = _RETRY
            await asyncio.sleep(pause)

    async def _brought(self, tenant: str, report: Report) -> float:
        for failure in await self._publishing.publish(tenant):
            report(failure)
        if not self._publishing.behind:
            return _PAUSE
        self._published.discard(tenant)
        return _RETRY


def _pause(step: Step) -> float:
    if step.full:
        return 0
    return _LOOK if step.elsewhere else _PAUSE
