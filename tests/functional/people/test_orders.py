"""An approved order: asked for by one, decided by another, good for exactly what was approved."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.support.orders import Body, codes, event, events, problem
from tests.support.people import call, done, forms, stored_buyer, stored_delivery
from tests.support.vaults import Vault

CASE = "police/2026-0042"
PURPOSE = "authority-request"


def wanted(*people: Body, **more: object) -> Body:
    subjects = [person["subject"] for person in people]
    return {"purpose": PURPOSE, "case": CASE, "subjects": subjects, "fields": ["buyer.phone"]} | more


async def asked(vault: Vault, *people: Body, **more: object) -> str:
    order: str = (await done(vault, "legal", "POST", "/v1/orders", wanted(*people, **more)))["id"]
    return order


async def approved(vault: Vault, *people: Body, **more: object) -> str:
    order = await asked(vault, *people, **more)
    shown = await done(vault, "privacy-officer", "POST", f"/v1/orders/{order}/approve")
    assert (shown["state"], shown["decided_by"]) == ("approved", vault.callers["privacy-officer"].id)
    return order


async def seen(
    vault: Vault, record: Body, order: str | None, case: str | None = CASE, purpose: str = PURPOSE
) -> set[str]:
    found = await forms(vault, "legal", record["id"], purpose, case=case, order=order)
    return {name for name, form in found.items() if form == "plain"}


async def test_an_order_opens_its_fields_once_approved_and_only_then(vault: Vault) -> None:
    stored = await stored_buyer(vault)
    order = await asked(vault, stored, fields=["buyer.full_name", "buyer.phone"])
    assert await seen(vault, stored, order) == set()
    refused = await forms(vault, "legal", stored["id"], PURPOSE, case=CASE, order=order)
    assert set(refused.values()) == {"needs-approved"}
    await done(vault, "privacy-officer", "POST", f"/v1/orders/{order}/approve")
    assert await forms(vault, "legal", stored["id"], PURPOSE, case=CASE, order=order) == {
        "full_name": "plain",
        "phone": "plain",
        **dict.fromkeys(("email", "address", "birth_date", "gender", "national_id"), "needs-approved"),
    }


async def test_it_opens_nothing_that_was_not_approved(vault: Vault) -> None:
    stored, other = await stored_buyer(vault), await stored_buyer(vault, "customer-9000")
    parcel = await stored_delivery(vault)
    order = await approved(vault, stored)
    assert await seen(vault, stored, order) == {"phone"}
    assert await seen(vault, other, order) == set()
    assert await seen(vault, parcel, order) == set()
    assert await seen(vault, stored, order, case="police/2026-0043") == set()
    assert await seen(vault, stored, order, case=None) == set()
    assert await seen(vault, stored, order, purpose="legal-claim") == set()
    assert await seen(vault, stored, None) == set()
    assert await seen(vault, stored, "ord_" + "0" * 26) == set()


async def test_each_use_is_on_record_with_the_order(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    order = await approved(sqlite_vault, stored)
    answer = await call(
        sqlite_vault, "legal", "GET", f"/v1/records/{stored['id']}", purpose=PURPOSE, case=CASE, order=order
    )
    found = await event(sqlite_vault, answer.json()["receipt"]["event"])
    assert found["inputs"]["order"] == order
    assert found["inputs"]["approved"] == "phone"
    assert (found["case"], found["outcome"]) == (CASE, "partial")
    assert answer.json()["receipt"]["clauses"] == {"phone": "authority"}


async def test_asking_and_deciding_are_on_record_for_each_person(sqlite_vault: Vault) -> None:
    people = [await stored_buyer(sqlite_vault, ref) for ref in ("customer-1", "customer-2")]
    order = await approved(sqlite_vault, *people)
    for action in ("order.request", "order.approve"):
        found = await events(sqlite_vault, action=action)
        assert {(e["about"], e["case"], e["purpose"]) for e in found} == {(order, CASE, PURPOSE)}
        assert len({e["subject"] for e in found}) == 2
        assert {e["inputs"]["fields"] for e in found} == {"buyer.phone"}


async def test_two_people_decide(sqlite_vault: Vault) -> None:
    """Even a caller that may do both does not approve what it asked for itself."""
    roles = {"name": "head-of-legal", "roles": ["legal", "privacy-officer"]}
    both = await done(sqlite_vault, "admin", "POST", "/v1/callers", roles)
    key = (await done(sqlite_vault, "admin", "POST", f"/v1/callers/{both['id']}/keys"))["key"]
    stored = await stored_buyer(sqlite_vault)
    order = (await done(sqlite_vault, None, "POST", "/v1/orders", wanted(stored), credential=key))["id"]
    own = await call(sqlite_vault, None, "POST", f"/v1/orders/{order}/approve", credential=key)
    assert problem(own) == (403, "not-permitted")
    denied = await events(sqlite_vault, action="order.approve")
    assert [(e["outcome"], e["reason"], e["about"]) for e in denied] == [("denied", "own-order", order)]
    assert await seen(sqlite_vault, stored, order) == set()
    await done(sqlite_vault, "privacy-officer", "POST", f"/v1/orders/{order}/approve")
    assert await seen(sqlite_vault, stored, order) == {"phone"}


async def test_a_decision_is_made_once(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    order = await asked(sqlite_vault, stored)
    rejected = await done(sqlite_vault, "privacy-officer", "POST", f"/v1/orders/{order}/reject")
    assert rejected["state"] == "rejected"
    for step in ("approve", "reject"):
        again = await call(sqlite_vault, "privacy-officer", "POST", f"/v1/orders/{order}/{step}")
        assert problem(again) == (409, "conflict")
    assert await seen(sqlite_vault, stored, order) == set()


async def test_an_order_expires(vault: Vault) -> None:
    stored = await stored_buyer(vault)
    used, waiting = (
        await approved(vault, stored, expires_in="P2D"),
        await asked(vault, stored, expires_in="P2D"),
    )
    gone = await asked(vault, stored, expires_in="P2D")
    await done(vault, "privacy-officer", "POST", f"/v1/orders/{gone}/reject")
    lasting = await asked(vault, stored, expires_in="P9D")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2), tick=True):
        assert await seen(vault, stored, used) == set()
        late = await call(vault, "privacy-officer", "POST", f"/v1/orders/{waiting}/approve")
        assert problem(late) == (409, "conflict")
        listed = {
            state: {
                o["id"] for o in (await done(vault, "legal", "GET", f"/v1/orders?state={state}"))["items"]
            }
            for state in ("pending", "approved", "rejected", "expired")
        }
    assert listed == {"pending": {lasting}, "approved": set(), "rejected": {gone}, "expired": {used, waiting}}


async def test_orders_are_listed_newest_first_in_pages(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    made = [await asked(sqlite_vault, stored, case=f"police/{n}") for n in range(5)]
    listed: list[str] = []
    path: str | None = "/v1/orders?limit=2"
    while path:
        page = await done(sqlite_vault, "privacy-officer", "GET", path)
        listed += [order["id"] for order in page["items"]]
        path = page["next"] and f"/v1/orders?limit=2&cursor={page['next']}"
    assert sorted(listed) == sorted(made)
    assert listed == sorted(listed, reverse=True)


async def test_fields_are_named_singly_by_collection_or_wherever_they_are(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    for fields, expected in (
        (["buyer.phone"], ["buyer.phone"]),
        (["phone"], ["buyer.phone", "delivery.phone"]),
        (["delivery.*"], ["delivery.address", "delivery.note", "delivery.phone", "delivery.recipient"]),
    ):
        body = wanted(stored, fields=fields)
        assert (await done(sqlite_vault, "legal", "POST", "/v1/orders", body))["fields"] == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"purpose": "weather"}, {"/purpose": "unknown-purpose"}),
        ({"purpose": "customer-care"}, {"/purpose": "needs-no-approval"}),
        ({"purpose": "sale"}, {"/purpose": "needs-no-approval"}),
        ({"fields": ["buyer.phone", "buyer.shoe_size"]}, {"/fields/1": "not-approvable"}),
        ({"fields": ["account.password"]}, {"/fields/0": "not-approvable"}),
        ({"subjects": ["sub_" + "0" * 26]}, {"/subjects/0": "not-found"}),
        ({"expires_in": "P0D"}, {"/expires_in": "out-of-range"}),
        ({"expires_in": "P91D"}, {"/expires_in": "out-of-range"}),
    ],
)
async def test_what_cannot_be_asked_for(sqlite_vault: Vault, change: Body, expected: Body) -> None:
    stored = await stored_buyer(sqlite_vault)
    answer = await call(sqlite_vault, "legal", "POST", "/v1/orders", wanted(stored) | change)
    assert problem(answer) == (422, "invalid")
    assert codes(answer) == expected


async def test_who_may_not_and_what_is_not_there(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    order = await asked(sqlite_vault, stored)
    for caller in ("privacy-officer", "support", "compliance", "admin"):
        answer = await call(sqlite_vault, caller, "POST", "/v1/orders", wanted(stored))
        assert problem(answer) == (403, "not-permitted")
    for caller in ("legal", "support", "compliance"):
        answer = await call(sqlite_vault, caller, "POST", f"/v1/orders/{order}/approve")
        assert problem(answer) == (403, "not-permitted")
    assert problem(await call(sqlite_vault, "support", "GET", "/v1/orders")) == (403, "not-permitted")
    for gone in ("ord_" + "0" * 26, "ord_nonsense"):
        answer = await call(sqlite_vault, "privacy-officer", "POST", f"/v1/orders/{gone}/approve")
        assert problem(answer) == (404, "not-found")
