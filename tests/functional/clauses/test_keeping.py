"""Clause `keeping`: data stays while a purpose remains, also after the customer has left, and is erased once none does."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.clocks import SetClock
from tests.support.erasing import erasing_vault
from tests.support.orders import events, problem
from tests.support.people import call, done, stored_delivery, told
from tests.support.vaults import TENANT, Store, Vault

CASE = "court/2026-118"


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def vault(store: Store, tmp_path: Path, clock: SetClock) -> AsyncIterator[Vault]:
    """A vault that can erase, with a clock to set, on each database in turn."""
    async with erasing_vault(store, tmp_path, clock) as running:
        yield running


async def a_week_passes(vault: Vault, clock: SetClock) -> None:
    """The sweep runs every day."""
    for _ in range(8):
        clock.forward(hours=21)
        await vault.parts.retention.sweeper.run(TENANT)


async def test_data_stays_while_a_purpose_remains_and_then_is_gone_for_good(
    vault: Vault, clock: SetClock
) -> None:
    # An order: the parcel's recipient, phone and address are stored to trade and to deliver.
    parcel = await stored_delivery(vault, purposes=("order", "delivery"))
    assert (await told(vault, "shipping", parcel["id"], "delivery"))["recipient"] == "Nguyễn Văn An"

    # It has been delivered and paid, and the customer has left. Nobody reads the data for the order any more.
    for purpose in ("delivery", "order"):
        over = {"purpose": purpose, "ref": "order-1001", "reason": "đã giao xong"}
        await done(vault, "checkout", "POST", "/v1/bindings/close", over)
    assert (await told(vault, "shipping", parcel["id"], "delivery"))["recipient"] == "purpose-not-open"

    # It is kept: the notice says 24 months after an order. A year later a court asks, two people agree, and it is there.
    clock.forward(days=365)
    claim = {
        "purpose": "legal-claim",
        "case": CASE,
        "subjects": [parcel["subject"]],
        "fields": ["delivery.*"],
    }
    order = (await done(vault, "legal", "POST", "/v1/orders", claim))["id"]
    await done(vault, "privacy-officer", "POST", f"/v1/orders/{order}/approve")
    seen = await told(vault, "legal", parcel["id"], "legal-claim", case=CASE, order=order)
    assert seen["recipient"] == "Nguyễn Văn An"

    # Two years after the order the last purpose has ended. A week's grace, announced beforehand with its reason, …
    clock.forward(days=366)
    (announced,) = (await done(vault, "privacy-officer", "GET", "/v1/erasures/due"))["items"]
    assert announced["record"] == parcel["id"]
    assert {(field["purpose"], field["clause"]) for field in announced["fields"].values()} == {
        ("order", "trade")
    }
    first = await vault.parts.retention.sweeper.run(TENANT, clock_is_right=True)
    assert first.people == 0

    # … and it is gone, for everybody, for every purpose.
    await a_week_passes(vault, clock)
    missing = await call(vault, "shipping", "GET", f"/v1/records/{parcel['id']}", purpose="delivery")
    assert problem(missing) == (404, "not-found")
    page = await call(vault, "privacy-officer", "GET", f"/v1/subjects/{parcel['subject']}")
    assert problem(page) == (404, "not-found")

    # A certificate says so: what was erased, under which clause, and that the customer's key was destroyed.
    (erased,) = await events(vault, action="subject.erase")
    certificate = await done(vault, "privacy-officer", "GET", f"/v1/certificates/{erased['about']}")
    assert (certificate["cause"], certificate["key_destroyed"]) == ("time", True)
    (record,) = certificate["records"]
    assert set(record["erased"]) == {"recipient", "phone", "address", "note"}
    assert "Nguyễn Văn An" not in json.dumps(certificate, ensure_ascii=False)
