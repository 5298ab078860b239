"""What a legal duty keeps cannot be removed by another way, what is only kept can be put right, and damage keeps nobody here."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, update

from app.kernel.ids import parse_id
from app.rights.tables import requests
from app.subjects.tables import bindings, consents, subjects
from tests.support.clocks import SetClock
from tests.support.erasing import erasing_vault, rows, spellings_of, tables_naming, with_a_legal_duty
from tests.support.notices import activate, changed
from tests.support.orders import ADDRESS, Body, codes, problem
from tests.support.people import call, done, stored_buyer, stored_delivery
from tests.support.vaults import TENANT, Store, Vault

OFFICER = "privacy-officer"
OWN = {"purpose": "subject-request", "case": "dsr/1"}


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def vault(store: Store, tmp_path: Path, clock: SetClock) -> AsyncIterator[Vault]:
    """A vault that can erase, with a clock to set, on each database in turn."""
    async with erasing_vault(store, tmp_path, clock) as running:
        yield running


async def patched(vault: Vault, record: Body, version: int, caller: str = "checkout", **fields: object):
    purpose, case = ("order", None) if caller == "checkout" else ("subject-request", "dsr/1")
    client = vault.client(caller, purpose, case)
    headers = {"If-Match": f'"{version}"'}
    return await client.patch(f"/v1/records/{record['id']}", json={"fields": fields}, headers=headers)


async def close(vault: Vault, purpose: str) -> None:
    await done(vault, "checkout", "POST", "/v1/bindings/close", {"purpose": purpose, "ref": "order-1001"})


async def damaged(vault: Vault, table: Table, record: Body, **values: object) -> None:
    """Writes over what is stored of one person."""
    of = table.c.id if table is subjects else table.c.subject
    async with vault.parts.database.bookkeeping(TENANT) as work:
        await work.execute(update(table).where(of == parse_id("sub", record["subject"])).values(**values))


async def test_what_a_duty_keeps_is_neither_deleted_nor_removed(vault: Vault, clock: SetClock) -> None:
    await activate(vault, with_a_legal_duty("P30D"))
    kept = await stored_buyer(vault, purposes=("order", "invoice"), address=ADDRESS)
    path = f"/v1/records/{kept['id']}"
    deleted = await call(vault, "checkout", "DELETE", path, purpose="order")
    assert problem(deleted) == (409, "conflict")
    assert "invoice for as long as it is open" in deleted.json()["detail"]
    removed = await patched(vault, kept, 1, address=None)
    assert problem(removed) == (409, "conflict")
    assert "full_name" not in removed.json()["detail"]
    assert (await patched(vault, kept, 1, email=None)).status_code == 200, "no duty covers it"
    await close(vault, "invoice")
    last_day = (clock.now() + timedelta(days=30)).date()
    until = (await call(vault, "checkout", "DELETE", path, purpose="order")).json()["detail"]
    assert f"until {last_day.isoformat()}T" in until
    clock.forward(days=29)
    assert problem(await patched(vault, kept, 2, address=None)) == (409, "conflict")
    clock.forward(days=2)
    assert (await patched(vault, kept, 2, address=None)).status_code == 200
    assert (await call(vault, "checkout", "DELETE", path, purpose="order")).status_code in {200, 204}


async def test_what_is_only_kept_is_corrected_on_request_and_nothing_is_added_to_it(vault: Vault) -> None:
    kept = await stored_buyer(vault)
    await close(vault, "order")
    assert problem(await patched(vault, kept, 1, phone="0909 999 999")) == (403, "disclosure-denied")
    added = await patched(vault, kept, 1, OFFICER, phone="0909 999 999", address=ADDRESS)
    assert (problem(added), codes(added)) == ((422, "not-covered"), {"/fields/address": "not-covered"})
    assert (await patched(vault, kept, 1, OFFICER, phone="0909 999 999")).status_code == 200
    shown = await done(vault, OFFICER, "GET", f"/v1/records/{kept['id']}", **OWN)
    assert shown["fields"]["phone"]["value"] == "0909 999 999"


@pytest.mark.parametrize("by_time", [False, True])
async def test_somebody_whose_key_is_damaged_is_erased(vault: Vault, clock: SetClock, by_time: bool) -> None:
    one = await stored_buyer(vault)
    other = await stored_buyer(vault, "customer-2")
    await close(vault, "order")
    await damaged(vault, subjects, one, commitment=b"damaged")
    if by_time:
        clock.forward(days=1000)
        swept = await vault.parts.retention.sweeper.run(TENANT, clock_is_right=True)
        assert (swept.people, swept.destroyed, swept.failed) == (2, 2, 0)
    else:
        certificate = await done(vault, OFFICER, "POST", f"/v1/subjects/{one['subject']}/erase")
        assert (certificate["key_destroyed"], certificate["recipients"]) == (True, None)
        sound = await done(vault, OFFICER, "POST", f"/v1/subjects/{other['subject']}/erase")
        assert sound["recipients"] == []
    assert await tables_naming(vault.parts.database, spellings_of([one])) == {"certificates"}


@pytest.mark.parametrize(
    ("table", "column"), [(bindings, "state"), (bindings, "closed_because"), (consents, "act")]
)
async def test_a_word_that_is_none_of_its_list_is_unavailable(
    vault: Vault, table: Table, column: str
) -> None:
    one = await stored_buyer(vault, consents=("marketing-sms",))
    await damaged(vault, table, one, **{column: "damaged"})
    page = await call(vault, OFFICER, "GET", f"/v1/subjects/{one['subject']}")
    assert problem(page) == (503, "unavailable")


async def test_a_request_of_a_state_that_is_none_is_unavailable(vault: Vault) -> None:
    one = await stored_buyer(vault)
    asked = {"subject": one["subject"], "kind": "access"}
    request = await done(vault, OFFICER, "POST", "/v1/requests", asked)
    await damaged(vault, requests, one, state="damaged")
    for path in ("/v1/requests", f"/v1/requests/{request['id']}"):
        assert problem(await call(vault, OFFICER, "GET", path)) == (503, "unavailable"), path


async def test_a_sweep_counts_whom_damage_keeps_and_goes_on(vault: Vault, clock: SetClock) -> None:
    parcels = [await stored_delivery(vault, f"customer-{n}", purposes=("delivery",)) for n in range(4)]
    await close(vault, "delivery")
    await damaged(vault, bindings, parcels[1], state="damaged")
    clock.forward(days=1000)
    swept = await vault.parts.retention.sweeper.run(TENANT, clock_is_right=True)
    assert (swept.people, swept.failed) == (3, 1)
    left = (await rows(vault.parts.database))["subjects"]
    assert [row._mapping["id"] for row in left] == [parse_id("sub", parcels[1]["subject"])]


async def test_the_notice_that_decides_of_a_person_is_the_one_on_their_certificate(
    vault: Vault, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await stored_delivery(vault, f"customer-{number}", purposes=("delivery",))
    await close(vault, "delivery")
    clock.forward(days=100)
    erase = type(vault.parts.erasing.eraser).erase
    longer = changed(('basis  = "contract"\nkeep   = "P90D"', 'basis  = "contract"\nkeep   = "P10Y"'))

    async def and_then_another_notice(*given, **named):
        done_so = await erase(*given, **named)
        if (await vault.parts.notices.table(TENANT)).version == 1:
            await activate(vault, longer)
        return done_so

    monkeypatch.setattr(type(vault.parts.erasing.eraser), "erase", and_then_another_notice)
    swept = await vault.parts.retention.sweeper.run(TENANT, clock_is_right=True)
    assert (swept.people, swept.failed) == (1, 0), "the new notice keeps the others"
    (certified,) = (await rows(vault.parts.database))["certificates"]
    assert '"version":1' in certified._mapping["note"]
