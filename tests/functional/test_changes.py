"""Changing a stored record against a version, deleting it, and checking a value without learning the stored one."""

import asyncio

import httpx
import pytest
from sqlalchemy import update

from app.kernel.ids import parse_id
from app.vault.tables import field_values, search_index
from app.vault.verify_field import WRONG_ANSWERS
from tests.support.orders import account, buyer, codes, delivery, events, events_of, problem, read, stored
from tests.support.vaults import TENANT, Vault


async def change(
    vault: Vault,
    of: httpx.Response,
    version: str | None,
    caller: str = "checkout",
    purpose: str = "order",
    **fields: object,
) -> httpx.Response:
    headers = {} if version is None else {"If-Match": version}
    path = of.headers["location"]
    return await vault.client(caller, purpose).patch(path, json={"fields": fields}, headers=headers)


async def found(vault: Vault, phone: str) -> int:
    body = {"collection": "delivery", "field": "phone", "equals": phone, "fields": ["recipient"]}
    answer = await vault.client("checkout", "order").post("/v1/records/search", json=body)
    return len(answer.json()["items"])


async def test_a_change_makes_a_version_and_the_index_follows(vault: Vault) -> None:
    of = await stored(vault, delivery())
    changed = await change(vault, of, '"1"', phone="0903 654 321", note=None)
    assert (changed.status_code, changed.headers["etag"], changed.json()["version"]) == (200, '"2"', 2)
    assert changed.json()["fields"] == ["address", "phone", "recipient"]
    now = (await read(vault, of, "checkout", "order")).json()
    assert now["fields"]["phone"]["value"] == "0903 654 321"
    assert "note" not in now["fields"]
    assert (await found(vault, "0903123456"), await found(vault, "0903654321")) == (0, 1)
    (event,) = await events_of(vault, changed)
    assert {name: trace["given"] for name, trace in event["fields"].items()} == {
        "phone": "stored",
        "note": "removed",
    }
    assert event["written"]["phone"]["version"] == 2


async def test_no_entry_of_a_value_that_is_no_more_stays_in_the_index(vault: Vault) -> None:
    """Nor does one that an earlier notice made, and a damaged value can be replaced by a good one."""
    of = await stored(vault, delivery())
    record = parse_id("rec", of.json()["id"])
    mine = search_index.c.record == record
    async with vault.parts.database.bookkeeping(TENANT) as work:
        (entry,) = (await work.execute(search_index.select().where(mine))).all()
        earlier = {**entry._mapping, "field": "delivery.phone^", "digest": bytes(4)}
        await work.execute(search_index.insert().values(**earlier))
        damaged = update(field_values).where(field_values.c.record == record, field_values.c.field == "phone")
        await work.execute(damaged.values(sealed=b"\x01" + bytes(60)))
    assert (await change(vault, of, '"1"', phone="0903 654 321")).status_code == 200
    (left,) = await vault.parts.database.read(TENANT, search_index.select().where(mine))
    assert (left.field, left.digest != entry.digest) == ("delivery.phone", True)
    assert await found(vault, "0903654321") == 1


async def test_a_change_names_its_version(vault: Vault) -> None:
    of = await stored(vault, delivery())
    assert problem(await change(vault, of, None, phone="0903 654 321")) == (428, "precondition-required")
    assert problem(await change(vault, of, '"7"', phone="0903 654 321")) == (412, "precondition-failed")
    assert problem(await change(vault, of, "*", phone="0903 654 321")) == (400, "bad-request")
    assert (await read(vault, of, "checkout", "order")).headers["etag"] == '"1"'


async def test_a_change_is_checked_like_a_store(vault: Vault) -> None:
    of = await stored(vault, delivery())
    refused = await change(vault, of, '"1"', phone=None, recipient="", nonsense=1)
    assert problem(refused) == (422, "invalid")
    assert codes(refused) == {
        "/fields/phone": "required",
        "/fields/recipient": "empty",
        "/fields/nonsense": "unknown-field",
    }
    person = await stored(vault, buyer())
    uncovered = await change(vault, person, '"1"', birth_date="1990-05-17")
    assert (problem(uncovered), codes(uncovered)) == (
        (422, "not-covered"),
        {"/fields/birth_date": "not-covered"},
    )


@pytest.mark.parametrize(
    ("caller", "purpose", "status"),
    [("shipping", "delivery", 403), ("marketing", "marketing-sms", 403), ("checkout", "account", 404)],
)
async def test_only_who_may_write_changes(vault: Vault, caller: str, purpose: str, status: int) -> None:
    of = await stored(vault, delivery())
    assert (await change(vault, of, '"1"', caller, purpose, phone="0903 654 321")).status_code == status
    assert (await read(vault, of, "checkout", "order")).headers["etag"] == '"1"'


async def test_a_removed_field_takes_its_token_along(vault: Vault) -> None:
    of = await stored(vault, delivery())
    order = {"record": of.json()["id"], "fields": ["address"], "purpose": "delivery"}
    token = (await vault.client("shipping").post("/v1/tokens", json=order)).json()["items"][0]["token"]
    moved = {"lines": ["1 Lê Lợi"], "province": "Thành phố Hồ Chí Minh", "country": "VN"}
    await change(vault, of, '"1"', address=moved)
    carrier = vault.client("carrier", "delivery")
    (item,) = (await carrier.post("/v1/tokens/resolve", json={"tokens": [token]})).json()["items"]
    assert item["value"] == moved
    deleted = await vault.client("checkout", "order").delete(of.headers["location"])
    assert deleted.status_code == 204
    (item,) = (await carrier.post("/v1/tokens/resolve", json={"tokens": [token]})).json()["items"]
    assert item["problem"]["code"] == "not-found"


async def test_a_deleted_record_is_gone_everywhere(vault: Vault) -> None:
    of = await stored(vault, delivery())
    checkout = vault.client("checkout", "order")
    stale = await checkout.delete(of.headers["location"], headers={"If-Match": '"4"'})
    assert problem(stale) == (412, "precondition-failed")
    assert (await checkout.delete(of.headers["location"])).status_code == 204
    assert problem(await read(vault, of, "checkout", "order")) == (404, "not-found")
    assert problem(await checkout.delete(of.headers["location"])) == (404, "not-found")
    assert await found(vault, "0903123456") == 0
    gone = [e for e in await events(vault, action="record.delete") if e["outcome"] == "allowed"]
    assert [set(event["fields"]) for event in gone] == [{"recipient", "phone", "address", "note"}]


async def test_a_password_is_checked_and_never_shown(vault: Vault) -> None:
    of = await stored(vault, account())
    path = of.headers["location"] + "/verify"
    checkout = vault.client("checkout", "account")
    answers = [
        (await checkout.post(path, json={"field": "password", "value": value})).json()["matches"]
        for value in ("correct horse", "wrong horse")
    ]
    assert answers == [True, False]
    assert problem(
        await vault.client("support", "customer-care").post(path, json={"field": "password", "value": "x"})
    )[0] in {403, 404}
    assert "correct horse" not in (await read(vault, of, "checkout", "account")).text


async def test_too_many_wrong_answers_end_the_guessing(sqlite_vault: Vault) -> None:
    of = await stored(sqlite_vault, account())
    path = of.headers["location"] + "/verify"
    checkout = sqlite_vault.client("checkout", "account")
    guesses = [
        await checkout.post(path, json={"field": "username", "value": f"guess-{n}"}) for n in range(11)
    ]
    assert [guess.status_code for guess in guesses] == [200] * 10 + [429]
    assert guesses[-1].headers["retry-after"] == "900"
    right = await checkout.post(path, json={"field": "username", "value": "bich"})
    assert problem(right) == (429, "too-many-requests")


async def test_a_right_answer_and_what_is_no_value_are_no_guesses(sqlite_vault: Vault) -> None:
    of = await stored(sqlite_vault, account())
    path = of.headers["location"] + "/verify"
    checkout = sqlite_vault.client("checkout", "account")
    for value, status in (("bich", 200), (7, 422)):
        answers = [
            await checkout.post(path, json={"field": "username", "value": value})
            for _ in range(WRONG_ANSWERS)
        ]
        assert {answer.status_code for answer in answers} == {status}
    right = await checkout.post(path, json={"field": "username", "value": "bich"})
    assert (right.status_code, right.json()["matches"]) == (200, True)


async def test_many_guesses_at_once_are_no_more_than_one_after_the_other(vault: Vault) -> None:
    of = await stored(vault, account())
    path = of.headers["location"] + "/verify"
    checkout = vault.client("checkout", "account")
    guesses = [checkout.post(path, json={"field": "username", "value": f"guess-{n}"}) for n in range(30)]
    answers = [guess.status_code for guess in await asyncio.gather(*guesses)]
    assert (answers.count(200), answers.count(429)) == (10, 20)


async def test_a_held_record_is_not_deleted_nor_a_field_of_it(vault: Vault) -> None:
    of = await stored(vault, delivery())
    hold = {"subject": of.json()["subject"], "case": "CASE-1", "reason": "claim"}
    assert (await vault.client("legal").post("/v1/holds", json=hold)).status_code == 201
    kept = await vault.client("checkout", "order").delete(of.headers["location"])
    assert problem(kept) == (409, "conflict")
    assert problem(await change(vault, of, '"1"', note=None)) == (409, "conflict")
    assert "note" in (await read(vault, of, "checkout", "order")).json()["fields"]
    assert (await change(vault, of, '"1"', note="gọi trước khi giao")).status_code == 200


async def test_a_value_in_the_place_of_a_name_is_not_repeated(sqlite_vault: Vault) -> None:
    of = await stored(sqlite_vault, delivery())
    body = {"fields": {"0903999888 secret": None}}
    client = sqlite_vault.client("checkout", "order")
    refused = await client.patch(of.headers["location"], json=body, headers={"If-Match": '"1"'})
    assert (problem(refused), codes(refused)) == ((422, "invalid"), {"/fields": "unknown-field"})
    assert "0903999888" not in refused.text


async def test_a_consent_is_not_older_than_the_calendar_can_say(sqlite_vault: Vault) -> None:
    body = buyer(consents=("marketing-sms",))
    body["consents"][0]["given_at"] = "0001-01-01T00:00:00+14:00"
    refused = await sqlite_vault.client("checkout", "order").post("/v1/records", json=body)
    assert codes(refused) == {"/consents/0/given_at": "too-long-ago"}
