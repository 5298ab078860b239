import asyncio
from collections.abc import Sequence

import pytest

from app.storage.coalesce import Coalescer


async def at_once(_tenant: str, items: list[int]) -> Sequence[int]:
    return items


@pytest.mark.parametrize("in_flight", [1, 2, 3])
async def test_who_submits_again_at_once_is_served_by_somebody(in_flight: int) -> None:
    """The last batch wakes those who wait before its task is known to be done; what they submit must not be forgotten."""
    coalescer: Coalescer[int, int] = Coalescer(at_once, largest=1, in_flight=in_flight)

    async def client(number: int) -> list[int]:
        return [await coalescer.submit("shop", number + step) for step in range(20)]

    async with asyncio.timeout(30):
        answers = await asyncio.gather(*(client(1000 * number) for number in range(8)))
    assert answers == [list(range(1000 * number, 1000 * number + 20)) for number in range(8)]
    await coalescer.drained()
