"""A restored backup does not bring back who was erased: the ledger is replayed before anything is served."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.main import create_app_from
from app.rights.ledger import LedgerDamaged
from app.subjects.tables import subjects
from tests.support.erasing import (
    erasing_vault,
    put_back,
    rows,
    spellings_of,
    tables_naming,
    with_a_legal_duty,
)
from tests.support.notices import activate
from tests.support.orders import events
from tests.support.people import done, forms, stored_buyer, stored_delivery
from tests.support.vaults import TENANT, SqliteStore, Store, Vault

OFFICER = "privacy-officer"


@pytest.fixture
async def vault(store: Store, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault that can erase, on each database in turn."""
    async with erasing_vault(store, tmp_path) as running:
        yield running


@pytest.fixture
async def one_file(sqlite_store: SqliteStore, tmp_path: Path) -> AsyncIterator[Vault]:
    """The same on SQLite alone."""
    async with erasing_vault(sqlite_store, tmp_path) as running:
        yield running


async def erased(vault: Vault, subject: str) -> dict[str, Any]:
    return await done(vault, OFFICER, "POST", f"/v1/subjects/{subject}/erase")


async def replayed(vault: Vault) -> int:
    erasing = vault.parts.erasing
    return await erasing.replayer.replay(erasing.ledger.lines())


async def test_who_was_erased_since_the_backup_is_erased_again(vault: Vault) -> None:
    gone = [await stored_buyer(vault), await stored_delivery(vault)]
    stays = await stored_buyer(vault, "customer-2")
    backup = await rows(vault.parts.database)
    hold = {"subject": stays["subject"], "case": "c", "reason": "x"}
    certificate = await erased(vault, gone[0]["subject"])
    await done(vault, "legal", "POST", "/v1/holds", hold)
    await erased(vault, stays["subject"])

    await put_back(vault.parts.database, backup)
    assert "records" in await tables_naming(vault.parts.database, spellings_of(gone))
    assert await replayed(vault) == 2

    assert await tables_naming(vault.parts.database, spellings_of(gone)) == {"certificates"}
    again = await done(vault, OFFICER, "GET", f"/v1/certificates/{certificate['id']}")
    assert again["note"] == certificate["note"]
    assert (await forms(vault, "checkout", stays["id"], "order"))["full_name"] == "plain", "a hold kept them"
    found = [e for e in await events(vault) if e.get("about") == certificate["id"] and "request" not in e]
    assert sorted(e["action"] for e in found) == ["record.erase", "record.erase", "subject.erase"]
    assert next(e for e in found if e["action"] == "subject.erase")["reason"] == "replayed"
    assert await replayed(vault) == 0


async def test_what_a_duty_kept_is_kept_again_and_nothing_stored_later_is_touched(vault: Vault) -> None:
    await activate(vault, with_a_legal_duty())
    one = await stored_buyer(vault, purposes=("order", "invoice"), consents=("marketing-sms",))
    backup = await rows(vault.parts.database)
    certificate = await erased(vault, one["subject"])
    later = await stored_delivery(vault)
    assert await replayed(vault) == 0
    assert (await forms(vault, "shipping", later["id"], "delivery"))["recipient"] == "plain"

    await put_back(vault.parts.database, backup)
    assert await replayed(vault) == 1
    page = await done(vault, OFFICER, "GET", f"/v1/subjects/{one['subject']}")
    closed = sorted(b["purpose"] for b in page["bindings"] if b["state"] == "closed")
    assert closed == certificate["records"][0]["closed"] == ["marketing-sms", "order"]
    assert [consent["state"] for consent in page["consents"]] == ["withdrawn"]
    shown = await forms(vault, OFFICER, one["id"], "subject-request", case="dsr/1")
    assert {name for name, form in shown.items() if form == "plain"} == {"full_name"}
    assert (await vault.parts.stored_verifier.verify(TENANT)).findings == []


async def test_a_damaged_key_does_not_stop_a_replay(vault: Vault) -> None:
    one = await stored_buyer(vault)
    backup = await rows(vault.parts.database)
    await erased(vault, one["subject"])
    await put_back(vault.parts.database, backup)
    async with vault.parts.database.bookkeeping(TENANT) as work:
        await work.execute(update(subjects).values(commitment=b"damaged"))
    assert await replayed(vault) == 1
    assert await tables_naming(vault.parts.database, spellings_of([one])) == {"certificates"}


async def test_a_vault_that_starts_replays_first(store: Store, tmp_path: Path) -> None:
    async with erasing_vault(store, tmp_path) as vault:
        gone = await stored_buyer(vault)
        backup = await rows(vault.parts.database)
        await erased(vault, gone["subject"])
        await put_back(vault.parts.database, backup)
        again = create_app_from(vault.parts.settings)
        async with again.router.lifespan_context(again):
            found = await tables_naming(again.state.parts.database, spellings_of([gone]))
        assert found == {"certificates"}


async def test_a_vault_does_not_start_on_a_ledger_that_cannot_be_read(one_file: Vault) -> None:
    vault = one_file
    one = await stored_buyer(vault)
    await erased(vault, one["subject"])
    ledger = vault.directory / "erasures"
    ledger.write_bytes(b"nonsense\n" + ledger.read_bytes())
    again = create_app_from(vault.parts.settings)
    with pytest.raises(LedgerDamaged, match="line 1"):
        async with again.router.lifespan_context(again):
            pass


async def test_deleted_bytes_do_not_stay_in_the_file(one_file: Vault) -> None:
    vault = one_file
    gone = [await stored_buyer(vault), await stored_delivery(vault)]
    await done(vault, "shipping", "GET", f"/v1/records/{gone[1]['id']}", purpose="delivery")
    before = await rows(vault.parts.database)
    secret = [row.sealed for row in before["field_values"]]
    secret += [bytes(b) for row in before["subjects"] for b in (row.wrapped_key, row.commitment)]
    secret += [row.digest for table in ("subject_refs", "search_index", "tokens") for row in before[table]]
    file = vault.directory / "kin.db"
    assert all(each in file.read_bytes() for each in secret), "the test sees what it looks for"
    await erased(vault, gone[0]["subject"])
    left = [each for path in vault.directory.glob("kin.db*") for each in secret if each in path.read_bytes()]
    assert left == []
