"""What tests of erasure need: a vault that signs and keeps an erasure ledger, and a look into every row there is."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Row

from app.audit.signing_key import create_signing_key
from app.kernel.clock import Clock
from app.kernel.ids import parse_id
from app.storage.engine import Database
from app.storage.metadata import metadata
from tests.support.notices import changed
from tests.support.orders import Body
from tests.support.vaults import TENANT, Store, Vault, running_vault

ORIGIN: Final = "vault.test/audit"
INVOICE: Final = """
[purposes.invoice]
clause = "trade"
basis  = "legal-obligation"
keep   = "P10Y"
covers = ["buyer.full_name", "buyer.address"]
"""


def erasing_settings(directory: Path) -> dict[str, object]:
    """The settings without which nothing is erased, or that tests look at; the key is made in the test's directory."""
    key = directory / "audit-signing.pem"
    create_signing_key(key)
    return {
        "audit_signing_key": key,
        "audit_origin": ORIGIN,
        "erasure_ledger": directory / "erasures",
        "audit_sequencer": "worker",
    }


@asynccontextmanager
async def erasing_vault(store: Store, directory: Path, clock: Clock | None = None) -> AsyncIterator[Vault]:
    """A vault that can erase."""
    async with running_vault(store, directory, clock, **erasing_settings(directory)) as running:
        yield running


def with_a_legal_duty(keep: str = "P10Y") -> str:
    """The reference notice and a purpose that the law asks for: invoices."""
    return changed(("[purposes.order]\n", INVOICE.replace("P10Y", keep) + "\n[purposes.order]\n"))


async def rows(database: Database) -> dict[str, list[Row[tuple[object, ...]]]]:
    """Table → all its rows."""
    return {table.name: list(await database.read(TENANT, select(table))) for table in metadata.sorted_tables}


async def put_back(database: Database, backup: dict[str, list[Row[tuple[object, ...]]]]) -> None:
    """Makes the database what it was when `rows` was read, as an operator who restores a backup."""
    async with database.bookkeeping(TENANT) as work:
        for table in reversed(metadata.sorted_tables):
            await work.execute(delete(table))
        for table in metadata.sorted_tables:
            if found := [dict(row._mapping) for row in backup[table.name]]:
                await work.execute(insert(table), found)


async def tables_naming(database: Database, needles: Iterable[bytes]) -> set[str]:
    """The tables in which some value holds one of these."""
    wanted = set(needles)
    return {
        name
        for name, found in (await rows(database)).items()
        if any(needle in _bytes(value) for row in found for value in row for needle in wanted)
    }


def spellings_of(stored: Iterable[Body]) -> set[bytes]:
    """Every way in which rows can name these records and their people: text, bytes, hexadecimal digits."""
    names = {("sub", str(body["subject"])) for body in stored} | {("rec", str(body["id"])) for body in stored}
    found: set[bytes] = set()
    for prefix, text in names:
        uuid = parse_id("sub" if prefix == "sub" else "rec", text)
        found |= {text.encode(), uuid.bytes, uuid.hex.encode(), str(uuid).encode()}
    return found


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    held = getattr(value, "bytes", None)
    return held if isinstance(held, bytes) else str(value).encode()
