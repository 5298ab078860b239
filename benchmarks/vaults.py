"""Vaults to measure: a database with the reference notice and records in it, served."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.kernel.caller import Caller
from app.kernel.ids import parse_id, text_of
from app.settings.settings import Mode, Settings
from app.vault.ask import Ask
from app.vault.disclosure import Denial
from app.wiring.parts import Parts, build
from benchmarks.asked import submission
from benchmarks.served import Served, served
from tests.support.vaults import TENANT, Prepared, prepare

_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class ServedVault:
    """Where it runs, who may ask, and the ids of the records in it."""

    served: Served
    prepared: Prepared
    records: Sequence[str]


@contextmanager
def served_vault(
    url: str, directory: Path, records: int, settle: Callable[[], object]
) -> Iterator[ServedVault]:
    """The vault on this empty database with so many buyers, in a process of its own. `settle` runs when they are stored."""
    directory.mkdir()
    prepared = prepare(url, directory)
    ids = asyncio.run(_filled(prepared, records))
    settle()
    environment = {
        "KIN_MODE": "development",
        "KIN_DATABASE_URL": url,
        "KIN_KEYRING": str(prepared.keyring),
        "KIN_LOG_LEVEL": "warning",
    }
    with served("app.main:create_app", directory / "log", environment) as running:
        yield ServedVault(running, prepared, ids)


async def _filled(prepared: Prepared, records: int) -> list[str]:
    settings = Settings(mode=Mode.DEVELOPMENT, database_url=prepared.url, keyring=prepared.keyring)
    parts = build(settings)
    await parts.database.open()
    try:
        numbers, ids = iter(range(records)), list[str]()

        async def one_after_the_other() -> None:
            for number in numbers:
                ids.append(await _stored(parts, prepared, number))

        await asyncio.gather(*(one_after_the_other() for _ in range(_AT_ONCE)))
        return ids
    finally:
        await parts.audit.drained()
        parts.passwords.close()
        await parts.database.close()


async def _stored(parts: Parts, prepared: Prepared, number: int) -> str:
    checkout = parse_id("clr", prepared.callers["checkout"].id)
    caller = Caller(TENANT, checkout, "checkout", frozenset({"checkout"}))
    stored = await parts.storer.store(Ask(caller, "order", "req_fill"), submission(number))
    if isinstance(stored, Denial):
        raise SystemExit("the notice lets the checkout store nothing; measure with the reference notice")
    return text_of("rec", stored.record)
