"""Consents given before: a record stored later joins them, and those of another system are imported once."""

import asyncio
from typing import Any

import pytest

from tests.support.orders import EVIDENCE, Body, buyer, delivery, event, events, problem, stored
from tests.support.people import call, done, forms, in_days, stored_buyer, stored_delivery
from tests.support.vaults import Vault

SMS = {"purpose": "marketing-sms", **EVIDENCE}
LINE = {"subject": {"ref": "customer-8123"}, **SMS}


async def phone(vault: Vault, record: str) -> str:
    return (await forms(vault, "marketing", record, "marketing-sms"))["phone"]


def opened(answer: Body) -> dict[str, str]:
    return {binding["purpose"]: binding["state"] for binding in answer["bindings"]}


async def give(vault: Vault, subject: str, **more: Any) -> Body:
    return await done(vault, "checkout", "POST", f"/v1/subjects/{subject}/consents", SMS | more)


async def test_a_record_stored_later_joins_what_its_person_agreed_to(vault: Vault) -> None:
    first = await stored_buyer(vault)
    given = await give(vault, first["subject"])
    later = await stored_buyer(vault)
    assert opened(later) == {"order": "open", "marketing-sms": "open"}
    assert await phone(vault, later["id"]) == "plain"
    page = await done(vault, "privacy-officer", "GET", f"/v1/subjects/{first['subject']}")
    named = {b["record"]: b["consent"] for b in page["bindings"] if b["purpose"] == "marketing-sms"}
    assert named == {first["id"]: given["id"], later["id"]: given["id"]}
    assert (await event(vault, later["receipt"]["event"]))["inputs"]["opened"] == "marketing-sms,order"
    # What the purpose does not cover stays outside, and a withdrawal ends all of it.
    parcel = await stored_delivery(vault)
    assert opened(parcel) == {"order": "open", "delivery": "open"}
    withdrawn = await done(vault, "checkout", "POST", f"/v1/consents/{given['id']}/withdraw")
    assert {b["record"] for b in withdrawn["closed"]} == {first["id"], later["id"]}
    assert opened(await stored_buyer(vault)) == {"order": "open"}


async def test_somebody_elses_consent_is_not_joined(vault: Vault) -> None:
    await give(vault, (await stored_buyer(vault, "customer-9000"))["subject"])
    await stored_buyer(vault)
    assert opened(await stored_buyer(vault)) == {"order": "open"}


async def test_a_consent_brought_along_is_not_opened_twice(vault: Vault) -> None:
    first = await stored_buyer(vault, consents=("marketing-sms",))
    second = await stored_buyer(vault, consents=("marketing-sms", "marketing-email"))
    purposes = sorted(binding["purpose"] for binding in second["bindings"])
    assert purposes == ["marketing-email", "marketing-sms", "order"]
    assert second["subject"] == first["subject"]


async def test_records_of_one_batch_join_too(vault: Vault) -> None:
    records = [buyer("customer-1", consents=("marketing-sms",)), buyer("customer-1"), buyer("customer-2")]
    batch = await done(vault, "checkout", "POST", "/v1/records/store", {"records": records}, purpose="order")
    assert [sorted(opened(item)) for item in batch["items"]] == [
        ["marketing-sms", "order"],
        ["marketing-sms", "order"],
        ["order"],
    ]


async def test_the_kept_answer_names_what_was_joined(vault: Vault) -> None:
    await give(vault, (await stored_buyer(vault))["subject"])
    client = vault.client("checkout", "order")
    answers = [
        await client.post("/v1/records", json=buyer(), headers={"Idempotency-Key": "once"}) for _ in range(2)
    ]
    assert [opened(answer.json()) for answer in answers] == [{"order": "open", "marketing-sms": "open"}] * 2


async def test_a_store_of_somebody_new_asks_the_database_nothing_more(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    real = vault.parts.subjects._store.ledgers

    async def ledgers(work: Any, people: Any) -> Any:
        asked.append(len(people))
        return await real(work, people)

    monkeypatch.setattr(vault.parts.subjects._store, "ledgers", ledgers)
    await stored(vault, buyer("customer-new"))
    await stored(vault, delivery("customer-new"))  # no consent reaches a parcel
    assert asked == []
    await stored(vault, buyer("customer-new"))
    assert asked == [1]


async def test_a_withdrawal_and_a_store_at_the_same_moment(vault: Vault) -> None:
    """Whichever comes first, nothing is open afterwards."""
    stored_first = await stored_buyer(vault)
    for _ in range(8):
        given = await give(vault, stored_first["subject"])
        later, _ = await asyncio.gather(
            stored_buyer(vault), done(vault, "checkout", "POST", f"/v1/consents/{given['id']}/withdraw")
        )
        assert await phone(vault, later["id"]) == "purpose-not-open"


async def test_a_consent_and_a_store_at_the_same_moment(vault: Vault) -> None:
    """Whichever comes first, the record is open afterwards."""
    for n in range(8):
        first = await stored_buyer(vault, f"customer-{n}")
        later, _ = await asyncio.gather(stored_buyer(vault, f"customer-{n}"), give(vault, first["subject"]))
        assert await phone(vault, later["id"]) == "plain"


async def brought(vault: Vault, *lines: Any, caller: str = "checkout") -> list[Body]:
    answer = await done(vault, caller, "POST", "/v1/consents/import", {"items": list(lines)})
    items: list[Body] = answer["items"]
    return items


async def test_consents_of_before_are_imported_line_by_line(vault: Vault) -> None:
    person = await stored_buyer(vault)
    past = {"given_at": "2019-05-01T08:00:00+07:00", "method": "paper", "wording": "old/1"}
    items = await brought(
        vault,
        LINE | past,
        {"subject": {"ref": "nobody"}, **SMS},
        {"subject": {"id": person["subject"]}, **SMS, "purpose": "marketing-email"},
        LINE | {"purpose": "order"},
        {"what": "ever"},
        "nonsense",
        LINE | {"given_at": in_days(2)},
    )
    assert [item.get("code", item.get("added")) for item in items] == [
        True,
        "not-found",
        True,
        "invalid",
        "invalid",
        "invalid",
        "invalid",
    ]
    assert await phone(vault, person["id"]) == "plain"
    page = await done(vault, "privacy-officer", "GET", f"/v1/subjects/{person['subject']}")
    assert [(c["purpose"], c["given_at"], c["method"], c["wording"]) for c in page["consents"]] == [
        ("marketing-sms", "2019-05-01T01:00:00.000Z", "paper", "old/1"),
        ("marketing-email", "2025-11-22T08:00:00.000Z", "checkbox", "shop/3#sms"),
    ]
    seen = await event(vault, items[0]["receipt"]["event"])
    assert (seen["action"], seen["about"]) == ("consent.give", items[0]["id"])
    assert len(await events(vault, action="consent.give")) == 2


async def test_the_same_line_twice_adds_nothing(vault: Vault) -> None:
    person = await stored_buyer(vault)
    first, second = await brought(vault, LINE, LINE)
    (third,) = await brought(vault, {"subject": {"id": person["subject"]}, **SMS})
    assert [item["added"] for item in (first, second, third)] == [True, False, False]
    assert {item["id"] for item in (first, second, third)} == {first["id"]}
    page = await done(vault, "privacy-officer", "GET", f"/v1/subjects/{person['subject']}")
    assert len(page["consents"]) == 1
    assert [b["purpose"] for b in page["bindings"]].count("marketing-sms") == 1
    assert len(await events(vault, action="consent.give")) == 3
    # Another wording is another consent.
    (other,) = await brought(vault, LINE | {"wording": "shop/4#sms"})
    assert other["added"] is True


async def test_an_import_does_not_undo_a_withdrawal(vault: Vault) -> None:
    person = await stored_buyer(vault)
    (item,) = await brought(vault, LINE)
    await done(vault, "checkout", "POST", f"/v1/consents/{item['id']}/withdraw")
    (again,) = await brought(vault, LINE)
    assert (again["added"], again["opened"]) == (False, [])
    (older,) = await brought(vault, LINE | {"wording": "shop/2#sms"})
    assert older["code"] == "conflict"
    assert await phone(vault, person["id"]) == "purpose-not-open"
    # Who says yes once more, afterwards, has said yes.
    await give(vault, person["subject"], wording="shop/5#sms")
    assert await phone(vault, person["id"]) == "plain"


async def test_an_import_does_not_undo_an_objection_of_somebody_who_had_not_agreed(vault: Vault) -> None:
    person = await stored_buyer(vault)
    path = f"/v1/subjects/{person['subject']}"
    objection = await done(vault, "privacy-officer", "POST", f"{path}/objection", {})
    assert (objection["withdrawn"], objection["closed"]) == ([], [])
    (older,) = await brought(vault, LINE)
    assert older["code"] == "conflict"
    assert await phone(vault, person["id"]) == "purpose-not-open"
    account = await done(
        vault, "privacy-officer", "GET", f"{path}/export", purpose="subject-request", case="dsr/1"
    )
    assert {(one["purpose"], one["state"]) for one in account["consents"]} == {
        (purpose, "objected") for purpose in objection["purposes"]
    }
    page = await call(
        vault, "privacy-officer", "GET", f"{path}/export?format=html", purpose="subject-request", case="dsr/1"
    )
    assert page.text.count("đã phản đối") == len(objection["purposes"])
    await give(vault, person["subject"])
    assert await phone(vault, person["id"]) == "plain"


async def test_agreeing_again_opens_nothing_twice_and_a_withdrawal_ends_it(vault: Vault) -> None:
    person = await stored_buyer(vault)
    first = await give(vault, person["subject"])
    again = await give(vault, person["subject"], wording="shop/4#sms")
    assert [len(each["opened"]) for each in (first, again)] == [1, 0]
    page = await done(vault, "privacy-officer", "GET", f"/v1/subjects/{person['subject']}")
    assert [b["purpose"] for b in page["bindings"]].count("marketing-sms") == 1
    assert [consent["state"] for consent in page["consents"]] == ["given", "given"]
    await done(vault, "checkout", "POST", f"/v1/consents/{again['id']}/withdraw")
    assert await phone(vault, person["id"]) == "purpose-not-open"
    assert len((await give(vault, person["subject"]))["opened"]) == 1
    assert await phone(vault, person["id"]) == "plain"


async def test_who_may_import(sqlite_vault: Vault) -> None:
    for caller in sorted(set(sqlite_vault.callers) - {"checkout"}):
        answer = await call(sqlite_vault, caller, "POST", "/v1/consents/import", {"items": [LINE]})
        assert problem(answer) == (403, "not-permitted"), caller
    for items in ([], [LINE] * 1001):
        answer = await call(sqlite_vault, "checkout", "POST", "/v1/consents/import", {"items": items})
        assert problem(answer) == (422, "invalid")
