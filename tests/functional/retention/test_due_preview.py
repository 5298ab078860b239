"""`GET /v1/erasures/due`: what the clock will erase, when, why, under which clause; asked on record, page by page."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.kernel.clock import rfc3339
from app.retention import store as due_store
from tests.support.notices import activate, changed
from tests.support.orders import codes, event, problem
from tests.support.people import call, done, stored_buyer, stored_delivery
from tests.support.vaults import Vault

DUE = "/v1/erasures/due"
NOW = datetime.now(UTC)


async def look(vault: Vault, days: float, **query: Any) -> dict[str, Any]:
    parameters = {"before": rfc3339(NOW + timedelta(days=days)), **query}
    answer = await vault.client("privacy-officer").get(DUE, params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def close(vault: Vault, purpose: str, reference: str = "order-1001") -> None:
    await done(vault, "checkout", "POST", "/v1/bindings/close", {"purpose": purpose, "ref": reference})


def days_from_now(text: str) -> int:
    return round((datetime.fromisoformat(text) - NOW) / timedelta(days=1))


async def test_a_field_is_shown_with_its_days_and_its_reason(vault: Vault) -> None:
    parcel = await stored_delivery(vault, purposes=("order", "delivery"))
    await close(vault, "delivery")
    assert (await look(vault, 4000))["items"] == []
    await close(vault, "order")
    assert (await look(vault, 700))["items"] == []
    (item,) = (await look(vault, 800))["items"]
    assert item.pop("fields").keys() == {"recipient", "phone", "address", "note"}
    assert item == {
        "subject": parcel["subject"],
        "record": parcel["id"],
        "collection": "delivery",
        "held": False,
    }


async def test_each_field_has_the_purpose_that_kept_it_last(vault: Vault) -> None:
    await stored_buyer(
        vault, purposes=("order", "order-notice"), consents=("market-research",), gender="female"
    )
    for purpose in ("order", "order-notice"):
        await close(vault, purpose)
    person = (await done(vault, "privacy-officer", "POST", "/v1/subjects/find", {"ref": "customer-8123"}))[
        "id"
    ]
    page = await done(vault, "privacy-officer", "GET", f"/v1/subjects/{person}")
    await done(vault, "checkout", "POST", f"/v1/consents/{page['consents'][0]['id']}/withdraw")
    (soon,) = (await look(vault, 8))["items"]
    assert set(soon["fields"]) == {"gender"}
    gender = soon["fields"]["gender"]
    assert (gender["purpose"], gender["clause"]) == ("market-research", "research")
    assert (days_from_now(gender["due_at"]), days_from_now(gender["erase_at"])) == (0, 7)
    (later,) = (await look(vault, 800))["items"]
    email = later["fields"]["email"]
    assert (email["purpose"], email["clause"]) == ("order", "trade")
    assert days_from_now(email["erase_at"]) - days_from_now(email["due_at"]) == 7
    assert 729 <= days_from_now(email["due_at"]) <= 731


async def test_a_hold_is_shown_and_nothing_will_be_erased(vault: Vault) -> None:
    parcel = await stored_delivery(vault, purposes=("order",))
    await close(vault, "order")
    hold = {"subject": parcel["subject"], "case": "court/1", "reason": "tranh chấp"}
    await done(vault, "legal", "POST", "/v1/holds", hold)
    (item,) = (await look(vault, 800))["items"]
    assert item["held"] is True
    assert {field["erase_at"] for field in item["fields"].values()} == {None}


async def test_a_field_that_the_notice_covers_no_more_is_due_since_its_activation(vault: Vault) -> None:
    await stored_buyer(vault, purposes=("order", "customer-care"), gender="female")
    named = [f"buyer.{field}" for field in ("full_name", "email", "phone", "address", "national_id")]
    covers = json.dumps([*named, "delivery.*", "account.username"])
    without = changed(('covers = ["buyer.*", "delivery.*", "account.username"]', f"covers = {covers}"))
    assert (await look(vault, 4000))["items"] == []
    await activate(vault, without)
    (item,) = (await look(vault, 8))["items"]
    assert set(item["fields"]) == {"gender"}
    gender = item["fields"]["gender"]
    assert (gender["purpose"], gender["clause"]) == (None, "keeping")
    assert (await look(vault, 6))["items"] == []


async def test_a_purpose_that_ends_by_itself_makes_its_fields_due(vault: Vault) -> None:
    await stored_delivery(vault, purposes=("order",))
    await activate(
        vault,
        changed(
            (
                'basis  = "contract"\nkeep   = "P24M"',
                'basis  = "contract"\nkeep   = "P1M"\ncloses-after = "P2M"',
            )
        ),
    )
    assert (await look(vault, 90))["items"] == []
    (item,) = (await look(vault, 120))["items"]
    assert item["fields"]["phone"]["purpose"] == "order"


async def test_pages_go_through_everything_once(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due_store, "AT_ONCE", 3)
    stored = set()
    for number in range(8):
        stored.add((await stored_delivery(vault, f"customer-{number}", purposes=("order",)))["id"])
    await stored_delivery(vault, "customer-open", purposes=("delivery",))
    await close(vault, "order")
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await look(vault, 800, limit=2, **cursor)
        assert len(page["items"]) <= 2
        found += [item["record"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert len(found) == len(set(found))
    assert set(found) == stored


async def test_who_asks_is_on_record(vault: Vault) -> None:
    receipt = (await look(vault, 1))["receipt"]
    asked = await event(vault, receipt["event"])
    assert (asked["action"], asked["outcome"]) == ("retention.preview", "allowed")
    assert asked["caller"] == vault.callers["privacy-officer"].id


@pytest.mark.parametrize("caller", ["compliance", "admin", "support", "checkout"])
async def test_others_may_not_ask(sqlite_vault: Vault, caller: str) -> None:
    assert problem(await call(sqlite_vault, caller, "GET", DUE)) == (403, "not-permitted")


@pytest.mark.parametrize(
    "before", ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"]
)
async def test_the_ends_of_the_calendar_are_times_as_well(vault: Vault, before: str) -> None:
    parcel = await stored_delivery(vault, purposes=("delivery",))
    await done(vault, "checkout", "POST", "/v1/bindings/close", {"purpose": "delivery", "ref": "order-1001"})
    page = await done(vault, "privacy-officer", "GET", f"{DUE}?before={before}")
    assert [item["record"] for item in page["items"]] == ([parcel["id"]] if before.startswith("9") else [])


async def test_wrong_parameters_are_named(sqlite_vault: Vault) -> None:
    for query, pointer in (
        ("before=tomorrow", "/before"),
        ("limit=0", "/limit"),
        ("cursor=sub_1", "/cursor"),
    ):
        answer = await call(sqlite_vault, "privacy-officer", "GET", f"{DUE}?{query}")
        assert problem(answer) == (422, "invalid")
        assert codes(answer) == {pointer: "bad-parameter"}
