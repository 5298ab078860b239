"""The sweep: what is due goes, field by field; what a purpose or a hold keeps stays; a clock that jumped stops it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.retention import store as due_store
from app.retention.clock_check import ClockTrouble
from app.retention.sweep import Sweep
from app.storage.failures import DatabaseUnavailable
from app.subjects.tables import subjects
from app.vault.tables import field_values
from tests.support.clocks import SetClock
from tests.support.erasing import erasing_vault, with_a_legal_duty
from tests.support.notices import activate, changed
from tests.support.orders import events
from tests.support.people import call, done, stored_buyer, stored_delivery
from tests.support.vaults import TENANT, Store, Vault


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def vault(store: Store, tmp_path: Path, clock: SetClock) -> AsyncIterator[Vault]:
    """A vault that can erase, with a clock to set, on each database in turn."""
    async with erasing_vault(store, tmp_path, clock) as running:
        yield running


async def sweep(vault: Vault, *, clock_is_right: bool = True) -> Sweep:
    return await vault.parts.retention.sweeper.run(TENANT, clock_is_right=clock_is_right)


async def close(vault: Vault, purpose: str, reference: str = "order-1001") -> None:
    await done(vault, "checkout", "POST", "/v1/bindings/close", {"purpose": purpose, "ref": reference})


async def fields(vault: Vault) -> set[str]:
    found = await vault.parts.database.read(TENANT, select(field_values.c.field))
    return {row.field for row in found}


async def people(vault: Vault) -> int:
    rows = await vault.parts.database.read(TENANT, select(func.count()).select_from(subjects))
    return int(rows[0][0])


async def test_fields_go_when_their_last_purpose_has_been_over_for_the_grace(
    vault: Vault, clock: SetClock
) -> None:
    parcel = await stored_delivery(vault, purposes=("delivery", "order-notice"))
    await close(vault, "delivery")
    await close(vault, "order-notice")
    clock.forward(days=96)
    assert (await sweep(vault)).people == 0
    assert await fields(vault) == {"recipient", "phone", "address", "note"}
    clock.forward(days=2)
    done_now = await sweep(vault)
    assert (done_now.people, done_now.destroyed, done_now.failed) == (1, 1, 0)
    assert await fields(vault) == set()
    assert await people(vault) == 0
    gone = await call(vault, "checkout", "GET", f"/v1/records/{parcel['id']}", purpose="order")
    assert gone.status_code == 404


async def test_a_field_goes_alone_and_the_record_stays(vault: Vault, clock: SetClock) -> None:
    stored = await stored_buyer(vault, consents=("market-research",), gender="female")
    page = await done(vault, "privacy-officer", "GET", f"/v1/subjects/{stored['subject']}")
    await done(vault, "checkout", "POST", f"/v1/consents/{page['consents'][0]['id']}/withdraw")
    clock.forward(days=8)
    assert (await sweep(vault)).destroyed == 0
    assert await fields(vault) == {"full_name", "email", "phone"}
    (erased,) = await events(vault, action="record.erase")
    assert erased["fields"]["gender"] == {
        "given": "erased",
        "clause": "research",
        "reason": "no-purpose-left",
    }


async def test_a_hold_keeps_what_is_due_until_it_is_released(vault: Vault, clock: SetClock) -> None:
    parcel = await stored_delivery(vault, purposes=("delivery",))
    await close(vault, "delivery")
    hold = {"subject": parcel["subject"], "case": "court/1", "reason": "tranh chấp"}
    held = await done(vault, "legal", "POST", "/v1/holds", hold)
    clock.forward(days=1000)
    assert (await sweep(vault)).people == 0
    await done(vault, "legal", "POST", f"/v1/holds/{held['id']}/release")
    assert (await sweep(vault)).people == 1
    assert await people(vault) == 0


async def test_a_purpose_opened_again_keeps_it(vault: Vault, clock: SetClock) -> None:
    parcel = await stored_delivery(vault, purposes=("delivery",))
    await close(vault, "delivery")
    clock.forward(days=100)
    opened = {"purpose": "customer-care", "ref": "order-1001"}
    await done(vault, "checkout", "POST", f"/v1/records/{parcel['id']}/bindings", opened)
    assert (await sweep(vault)).people == 0
    assert await fields(vault) == {"recipient", "phone", "address", "note"}


async def test_a_person_without_a_record_goes_after_the_grace(vault: Vault, clock: SetClock) -> None:
    parcel = await stored_delivery(vault)
    deleted = await call(vault, "checkout", "DELETE", f"/v1/records/{parcel['id']}", purpose="order")
    assert deleted.status_code in {200, 204}, deleted.text
    clock.forward(days=6)
    assert ((await sweep(vault)).people, await people(vault)) == (0, 1)
    clock.forward(days=2)
    assert ((await sweep(vault)).destroyed, await people(vault)) == (1, 0)


async def test_a_new_notice_erases_nothing_before_its_own_grace(vault: Vault, clock: SetClock) -> None:
    await stored_delivery(vault, purposes=("order",))
    await close(vault, "order")
    clock.forward(days=200)
    shorter = changed(('basis  = "contract"\nkeep   = "P24M"', 'basis  = "contract"\nkeep   = "P1M"'))
    await activate(vault, shorter)
    clock.forward(days=6)
    assert (await sweep(vault)).people == 0
    clock.forward(days=2)
    assert (await sweep(vault)).people == 1


async def test_it_goes_through_everybody_however_many_a_step(
    vault: Vault, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_store, "AT_ONCE", 3)
    for number in range(8):
        await stored_delivery(vault, f"customer-{number}", purposes=("delivery",))
    await stored_delivery(vault, "customer-open", purposes=("order",))
    await close(vault, "delivery")
    clock.forward(days=100)
    assert await vault.parts.retention.sweeper.count(TENANT) == 8
    assert (await sweep(vault)).people == 8
    assert await people(vault) == 1


async def test_two_sweeps_at_once_erase_everything_once(vault: Vault, clock: SetClock) -> None:
    for number in range(6):
        await stored_delivery(vault, f"customer-{number}", purposes=("delivery",))
    await close(vault, "delivery")
    clock.forward(days=100)
    both = await asyncio.gather(sweep(vault), sweep(vault))
    assert sum(one.people for one in both) == 6
    assert sum(one.failed for one in both) == 0
    assert len(await events(vault, action="subject.erase")) == 6


async def test_a_sweep_that_is_cut_off_is_finished_by_the_next(
    vault: Vault, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await stored_delivery(vault, f"customer-{number}", purposes=("delivery",))
    await close(vault, "delivery")
    clock.forward(days=100)
    eraser, database, asked = vault.parts.erasing.eraser, vault.parts.database, 0
    erase = type(eraser).erase

    async def away(*_given, **_named):
        raise DatabaseUnavailable

    async def twice(*given, **named):
        nonlocal asked
        asked += 1
        if asked > 2:
            cut.setattr(type(database), "read", away)
            raise DatabaseUnavailable
        return await erase(*given, **named)

    with monkeypatch.context() as cut:
        cut.setattr(type(eraser), "erase", twice)
        with pytest.raises(DatabaseUnavailable):
            await sweep(vault)
    assert await people(vault) == 3
    assert (await sweep(vault)).people == 3


async def test_somebody_whose_erasure_the_database_refuses_keeps_nobody_elses(
    vault: Vault, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await stored_delivery(vault, f"customer-{number}", purposes=("delivery",))
    await close(vault, "delivery")
    clock.forward(days=100)
    erase, asked = type(vault.parts.erasing.eraser).erase, 0

    async def not_the_first(*given, **named):
        nonlocal asked
        asked += 1
        if asked == 1:
            raise DatabaseUnavailable
        return await erase(*given, **named)

    monkeypatch.setattr(type(vault.parts.erasing.eraser), "erase", not_the_first)
    swept = await sweep(vault)
    assert (swept.people, swept.failed, await people(vault)) == (2, 1, 1)


# ------------------------------------------------------------------------------------------------------- the clock (F-07)


async def test_a_clock_ten_years_ahead_erases_nothing_until_somebody_says_it_is_right(
    vault: Vault, clock: SetClock
) -> None:
    await stored_delivery(vault, purposes=("order",))
    await close(vault, "order")
    assert (await sweep(vault, clock_is_right=False)).trouble is None
    clock.forward(days=3650)
    await stored_delivery(vault, "customer-2")  # the shop goes on, dated by the same clock
    for _ in range(3):  # its own refusals do not vouch for it either
        stopped = await sweep(vault, clock_is_right=False)
        assert (stopped.trouble, stopped.people) == (ClockTrouble.AHEAD, 0)
        clock.forward(hours=1)
    assert await people(vault) == 2
    assert (await sweep(vault, clock_is_right=True)).people == 1
    assert (await sweep(vault, clock_is_right=False)).trouble is None
    newest, before, denied, *_ = await events(vault, action="retention.sweep")
    assert (newest["outcome"], before["outcome"], denied["outcome"]) == ("allowed", "allowed", "denied")
    assert before["inputs"] == {"confirmed": True}
    assert denied["reason"] == "clock-ahead"


async def test_a_clock_that_went_back_stops_it_and_coming_back_goes_on(vault: Vault, clock: SetClock) -> None:
    assert (await sweep(vault, clock_is_right=False)).trouble is None
    clock.forward(hours=-2)
    assert (await sweep(vault, clock_is_right=False)).trouble is ClockTrouble.BEHIND
    clock.forward(hours=1.5)
    assert (await sweep(vault, clock_is_right=False)).trouble is None


async def test_a_quiet_shop_is_swept_for_ever(vault: Vault, clock: SetClock) -> None:
    for _ in range(10):
        clock.forward(hours=23)
        assert (await sweep(vault, clock_is_right=False)).trouble is None


@pytest.mark.parametrize("closed_before", [False, True])
async def test_after_a_request_what_a_duty_kept_stays_no_longer_than_the_certificate_says(
    vault: Vault, clock: SetClock, closed_before: bool
) -> None:
    await activate(vault, with_a_legal_duty("P30D"))
    stored = await stored_buyer(vault, purposes=("order", "invoice"))
    await close(vault, "invoice")
    if closed_before:
        await close(vault, "order")
    certificate = await done(vault, "privacy-officer", "POST", f"/v1/subjects/{stored['subject']}/erase")
    (record,) = certificate["records"]
    (duty,) = record["kept"]["full_name"]
    assert duty["until"][:10] == (clock.now() + timedelta(days=30)).date().isoformat()
    assert record["closed"] == ["order"]
    clock.forward(days=36)
    assert (await sweep(vault)).people == 0
    clock.forward(days=2)
    assert (await sweep(vault)).destroyed == 1
