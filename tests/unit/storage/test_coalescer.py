"""Work that arrives together is done together, and none of it is left waiting."""

import asyncio
from collections.abc import Sequence

import pytest

from app.storage.coalesce import Coalescer

Batches = list[tuple[str, list[int]]]


async def _at_once(_tenant: str, items: list[int]) -> Sequence[int | Exception]:
    """A run that never gives the loop a turn, as SQLite does."""
    return [item * 2 for item in items]


def _slow(batches: Batches) -> Coalescer[int, int]:
    async def run(tenant: str, items: list[int]) -> Sequence[int | Exception]:
        batches.append((tenant, items))
        await asyncio.sleep(0)
        return [item * 2 for item in items]

    return Coalescer(run, largest=3, in_flight=1)


@pytest.mark.parametrize("in_flight", [1, 2, 3])
async def test_nobody_waits_for_a_task_that_has_ended(in_flight: int) -> None:
    coalescer: Coalescer[int, int] = Coalescer(_at_once, largest=2, in_flight=in_flight)

    async def one_after_the_other() -> None:
        for number in range(50):
            assert await coalescer.submit("shop", number) == number * 2

    async with asyncio.timeout(20):  # not a measure: without it the defect would hang instead of fail
        await asyncio.gather(*(one_after_the_other() for _ in range(16)))
    await coalescer.drained()


async def test_what_waits_is_taken_together_and_in_order() -> None:
    batches: Batches = []
    coalescer = _slow(batches)
    assert await asyncio.gather(*(coalescer.submit("shop", n) for n in range(5))) == [0, 2, 4, 6, 8]
    assert batches == [("shop", [0, 1, 2]), ("shop", [3, 4])]


async def test_tenants_never_share_a_batch() -> None:
    batches: Batches = []
    coalescer = _slow(batches)
    await asyncio.gather(coalescer.submit("one", 1), coalescer.submit("two", 2))
    assert batches == [("one", [1]), ("two", [2])]


async def test_an_error_in_the_place_of_a_result_concerns_one_item() -> None:
    async def run(_tenant: str, items: list[int]) -> Sequence[int | Exception]:
        return [ValueError("refused") if item == 1 else item for item in items]

    coalescer: Coalescer[int, int] = Coalescer(run, largest=8, in_flight=1)
    results = await asyncio.gather(*(coalescer.submit("shop", n) for n in range(3)), return_exceptions=True)
    assert [results[0], str(results[1]), results[2]] == [0, "refused", 2]


async def test_a_raised_error_reaches_everyone_and_the_next_batch_runs() -> None:
    async def run(_tenant: str, items: list[int]) -> Sequence[int | Exception]:
        if 0 in items:
            raise ValueError("refused")
        return items

    coalescer: Coalescer[int, int] = Coalescer(run, largest=2, in_flight=1)
    results = await asyncio.gather(*(coalescer.submit("shop", n) for n in range(4)), return_exceptions=True)
    assert [str(result) for result in results] == ["refused", "refused", "2", "3"]


async def test_one_that_hangs_up_does_not_take_the_others_along() -> None:
    batches: Batches = []
    coalescer = _slow(batches)
    leaving = asyncio.ensure_future(coalescer.submit("shop", 1))
    staying = asyncio.ensure_future(coalescer.submit("shop", 2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == 4
    assert batches == [("shop", [1, 2])]
