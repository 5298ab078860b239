"""Deep verification after erasures: what is gone is no loss, and a row of it that comes back is found."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, insert, select

from app.kernel.ids import parse_id
from app.vault.tables import field_values, records
from app.vault.verify_stored import Mismatch
from tests.support.erasing import erasing_vault, with_a_legal_duty
from tests.support.notices import activate
from tests.support.orders import ADDRESS
from tests.support.people import done, stored_buyer, stored_delivery
from tests.support.vaults import TENANT, Store, Vault

Rows = list[dict[str, Any]]


@pytest.fixture
async def vault(store: Store, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault that can erase, on each database in turn, under a notice with a duty to keep invoices."""
    async with erasing_vault(store, tmp_path) as running:
        await activate(running, with_a_legal_duty())
        yield running


async def found(vault: Vault) -> set[tuple[Mismatch, str]]:
    report = await vault.parts.stored_verifier.verify(TENANT)
    return {(finding.code, finding.field) for finding in report.findings}


async def erased(vault: Vault, subject: str) -> bool:
    """Erases a person; whether nothing of them is left."""
    certificate = await done(vault, "privacy-officer", "POST", f"/v1/subjects/{subject}/erase")
    return bool(certificate["key_destroyed"])


async def copied(vault: Vault, table: Table, column: str, record: str) -> Rows:
    statement = select(table).where(table.c[column] == parse_id("rec", record))
    return [dict(row._mapping) for row in await vault.parts.database.read(TENANT, statement)]


async def put(vault: Vault, table: Table, rows: Rows) -> None:
    """Inserts rows behind the vault's back."""
    assert rows
    async with vault.parts.database.bookkeeping(TENANT) as work:
        await work.execute(insert(table), rows)


async def test_a_person_of_whom_nothing_is_left_is_fine(vault: Vault) -> None:
    gone, stays = await stored_buyer(vault), await stored_delivery(vault, "customer-2")
    await stored_delivery(vault)
    assert await erased(vault, gone["subject"])
    report = await vault.parts.stored_verifier.verify(TENANT)
    assert (report.findings, report.people, report.fields) == ([], 1, len(stays["fields"]))


async def test_a_record_of_which_some_is_left_is_fine_and_an_erased_field_of_it_does_not_come_back(
    vault: Vault,
) -> None:
    kept = await stored_buyer(vault, purposes=("order", "invoice"), address=ADDRESS)
    before = await copied(vault, field_values, "record", kept["id"])
    assert not await erased(vault, kept["subject"])
    assert await found(vault) == set()
    await put(vault, field_values, [row for row in before if row["field"] == "phone"])
    assert await found(vault) == {(Mismatch.RESURRECTED, "phone")}


async def test_an_erased_record_of_somebody_who_stays_does_not_come_back(vault: Vault) -> None:
    kept = await stored_buyer(vault, purposes=("order", "invoice"), address=ADDRESS)
    gone = await stored_delivery(vault)
    assert gone["subject"] == kept["subject"]
    record = await copied(vault, records, "id", gone["id"])
    fields = await copied(vault, field_values, "record", gone["id"])
    assert not await erased(vault, kept["subject"])
    assert await found(vault) == set()
    await put(vault, records, record)
    await put(vault, field_values, fields)
    assert await found(vault) == {(Mismatch.RESURRECTED, row["field"]) for row in fields}
