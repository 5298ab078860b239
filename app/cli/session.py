"""How a command reaches the vault's parts: built from the settings, opened, and closed again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from app.settings.settings import load
from app.wiring.occupancy import in_use
from app.wiring.parts import Parts, build

T = TypeVar("T")


def with_parts(work: Callable[[Parts], Awaitable[T]]) -> T:
    """Runs `work` on the parts of the environment's settings."""

    async def session() -> T:
        parts = build(load())
        with in_use(parts.database):
            await parts.database.open()
            try:
                return await work(parts)
            finally:
                parts.passwords.close()
                await parts.database.close()

    return asyncio.run(session())
