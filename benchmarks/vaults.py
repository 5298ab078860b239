"""Vaults to measure: a database with the reference notice and records in it, served."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from app.audit.signing_key import create_signing_key
from app.kernel.caller import Caller
from app.kernel.ids import parse_id, text_of
from app.settings.settings import Mode, Settings
from app.vault.ask import Ask
from app.vault.disclosure import Denial
from app.vault.manage_token import TokenOrder
from app.vault.submission import Submission
from app.vault.write_record import Stored
from app.wiring.parts import Parts, build
from benchmarks.asked import MOST_USES, STORED_AT_ONCE, parcel, submission
from benchmarks.served import Served, served
from tests.support.vaults import TENANT, Prepared, prepare

_AT_ONCE: Final = 32


@dataclass(frozen=True, slots=True)
class ServedVault:
    """Where it runs, who may ask, the ids of the records in it, and tokens: without a count of uses, and with one."""

    served: Served
    prepared: Prepared
    records: Sequence[str]
    tokens: Sequence[str]
    counted_tokens: Sequence[str]


@contextmanager
def served_vault(
    url: str, directory: Path, records: int, settle: Callable[[], object], *, sequenced: bool = True
) -> Iterator[ServedVault]:
    """The vault on this empty database with so many buyers, in a process of its own. `settle` runs when they are stored.

    Without `sequenced` nobody gives the events of its log their places.
    """
    directory.mkdir()
    prepared = prepare(url, directory)
    ids, tokens, counted = asyncio.run(_filled(prepared, records))
    settle()
    with serving(prepared, directory, sequenced=sequenced) as running:
        yield ServedVault(running, prepared, ids, tokens, counted)


@contextmanager
def serving(prepared: Prepared, directory: Path, *, sequenced: bool = True) -> Iterator[Served]:
    """The vault on a prepared database, one worker, which signs its log and publishes to a file."""
    key = directory / "log-key.pem"
    if not key.exists():
        create_signing_key(key)
    environment = {
        "KIN_MODE": "development",
        "KIN_DATABASE_URL": prepared.url,
        "KIN_KEYRING": str(prepared.keyring),
        "KIN_AUDIT_SEQUENCER": "embedded" if sequenced else "off",
        "KIN_AUDIT_SIGNING_KEY": str(key),
        "KIN_CHECKPOINT_FILE": str(directory / "checkpoints"),
        "KIN_LOG_LEVEL": "warning",
    }
    with served("app.main:create_app", directory / "log", environment) as running:
        yield running


@asynccontextmanager
async def opened(prepared: Prepared) -> AsyncIterator[Parts]:
    """The vault's parts on a prepared database, in this process."""
    settings = Settings(mode=Mode.DEVELOPMENT, database_url=prepared.url, keyring=prepared.keyring)
    parts = build(settings)
    await parts.database.open()
    try:
        yield parts
    finally:
        await parts.audit.drained()
        parts.passwords.close()
        await parts.database.close()


async def stored(parts: Parts, prepared: Prepared, submissions: Sequence[Submission]) -> list[UUID]:
    """The records of a batch that the checkout stores."""
    ask = Ask(_caller(prepared, "checkout"), "order", "req_fill")
    outcomes = await parts.storer.store_many(ask, submissions)
    ids = [outcome.record for outcome in outcomes if isinstance(outcome, Stored)]
    if len(ids) < len(submissions):
        raise SystemExit("the notice lets the checkout store nothing; measure with the reference notice")
    return ids


async def _filled(prepared: Prepared, records: int) -> tuple[list[str], list[str], list[str]]:
    async with opened(prepared) as parts:
        ids = [
            text_of("rec", record)
            for first in range(0, records, STORED_AT_ONCE)
            for record in await stored(
                parts,
                prepared,
                [submission(n) for n in range(first, min(records, first + STORED_AT_ONCE))],
            )
        ]
        parcels = await stored(parts, prepared, [parcel(n) for n in range(min(records, STORED_AT_ONCE))])
        half = len(parcels) // 2
        tokens = await _issued(parts, prepared, parcels[:half], None)
        return ids, tokens, await _issued(parts, prepared, parcels[half:], MOST_USES)


async def _issued(parts: Parts, prepared: Prepared, records: Sequence[UUID], uses: int | None) -> list[str]:
    """A token of each parcel's address, for the carrier."""
    ask = Ask(_caller(prepared, "shipping"), "delivery", "req_fill")
    carrier = parse_id("clr", prepared.callers["carrier"].id)
    tokens = []
    for record in records:
        issued = await parts.tokens.issue(ask, TokenOrder(record, ("address",), carrier, None, uses))
        if isinstance(issued, Denial):
            raise SystemExit("the notice lets shipping issue no token; measure with the reference notice")
        tokens.append(str(issued.fields["address"].value))
    return tokens


def _caller(prepared: Prepared, role: str) -> Caller:
    return Caller(TENANT, parse_id("clr", prepared.callers[role].id), role, frozenset({role}))
