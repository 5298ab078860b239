"""Work that arrives together is done together.

Items submitted while a batch is in flight wait for the next one: concurrent reads share a query, concurrent events a commit,
concurrent creates a transaction. A batch runs in a task of its own, so a client that hangs up cancels its own wait
and never a query that others share.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

Item = TypeVar("Item")
Result = TypeVar("Result")


class Coalescer(Generic[Item, Result]):
    """Hands batches of at most `largest` items of one tenant to `run`, at most `in_flight` a tenant at a time.

    `run` gives one result an item, in order; an exception in the place of a result goes to that item alone, an exception
    raised goes to all of the batch.
    """

    def __init__(
        self,
        run: Callable[[str, list[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        largest: int,
        in_flight: int,
    ) -> None:
        self._run = run
        self._largest = largest
        self._in_flight = in_flight
        self._queues: dict[str, _Queue[Item, Result]] = {}

    async def submit(self, tenant: str, item: Item) -> Result:
        """The item's result, once its batch is done."""
        queue = self._queues.setdefault(tenant, _Queue(deque(), set()))
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        queue.waiting.append((item, future))
        if len(queue.tasks) < self._in_flight:
            task = asyncio.create_task(self._serve(tenant, queue))
            queue.tasks.add(task)
        return await future

    async def drained(self) -> None:
        """Waits until nothing is in flight: for an orderly stop."""
        while tasks := [task for queue in self._queues.values() for task in queue.tasks]:
            await asyncio.wait(tasks)

    async def _serve(self, tenant: str, queue: "_Queue[Item, Result]") -> None:
        try:
            await self._drain(tenant, queue)
        finally:
            # In the same step in which the queue was seen empty: a done-callback would run a step later, and an item
            # submitted between the two would count on a task that has ended.
            queue.tasks.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _drain(self, tenant: str, queue: "_Queue[Item, Result]") -> None:
        while queue.waiting:
            batch = [queue.waiting.popleft() for _ in range(min(self._largest, len(queue.waiting)))]
            try:
                results = await self._run(tenant, [item for item, _ in batch])
            except Exception as error:  # noqa: BLE001  # handed to everyone who waits for this batch
                results = [error] * len(batch)
            for (_, future), result in zip(batch, results, strict=True):
                if future.done():  # the one who waited has gone
                    continue
                if isinstance(result, Exception):
                    future.set_exception(result)
                else:
                    future.set_result(result)


@dataclass(frozen=True, slots=True)
class _Queue(Generic[Item, Result]):
    waiting: deque[tuple[Item, asyncio.Future[Result]]]
    tasks: set[asyncio.Task[None]]
