"""Records found by a field's value: every spelling, decided before the look, nothing but what could be read."""

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from app.kernel.ids import parse_id
from app.storage.failures import DatabaseUnavailable
from app.vault.tables import field_values, search_index
from tests.support.calls import database_calls
from tests.support.notices import activate, changed
from tests.support.orders import (
    ADDRESS,
    account,
    buyer,
    codes,
    delivery,
    event,
    events_of,
    problem,
    read,
    stored,
)
from tests.support.vaults import TENANT, SqliteStore, Vault, running_vault

BY_PREFIX = changed(
    (
        'full_name   = { type = "person-name", required = true }',
        'full_name   = { type = "person-name", required = true, search = "prefix" }',
    ),
    (
        'address     = { type = "postal-address" }',
        'address     = { type = "postal-address", search = "prefix" }',
    ),
)


@pytest.fixture
async def names(sqlite_store: SqliteStore, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault whose notice lets names and postcodes be searched by prefix."""
    async with running_vault(sqlite_store, tmp_path) as running:
        await activate(running, BY_PREFIX)
        yield running


async def search(
    vault: Vault,
    field: str,
    value: Any,
    *,
    caller: str = "checkout",
    purpose: str = "order",
    collection: str = "buyer",
    by: str = "equals",
    **more: Any,
) -> httpx.Response:
    body = {"collection": collection, "field": field, by: value, **more}
    return await vault.client(caller, purpose).post("/v1/records/search", json=body)


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_every_spelling_of_a_number_finds_it(vault: Vault) -> None:
    first = await stored(vault, buyer("customer-1", phone="0903123456"))
    second = await stored(vault, buyer("customer-2", phone="+84 903.123.456"))
    await stored(vault, buyer("customer-3", phone="0903123457"))
    for written in ("0903123456", "+84 903 123 456", "84903123456", "0903.123.456"):
        found = await search(vault, "phone", written, fields=["full_name"])
        assert ids(found) == [first.json()["id"], second.json()["id"]]
        assert found.json()["items"][0]["fields"] == {
            "full_name": {"form": "plain", "value": "Trần Thị Bích"}
        }
        assert found.json()["more"] is False


async def test_a_number_of_before_2018_finds_the_number_it_became(sqlite_vault: Vault) -> None:
    today = await stored(sqlite_vault, buyer("customer-1", phone="070 3123456"))
    written_long_ago = await stored(sqlite_vault, buyer("customer-2", phone="0120 3123456"))
    for written in ("0120 3123456", "0703123456", "+84 1203 123 456"):
        assert ids(await search(sqlite_vault, "phone", written)) == [
            today.json()["id"],
            written_long_ago.json()["id"],
        ]


async def test_case_of_an_email_address_does_not_matter(sqlite_vault: Vault) -> None:
    kept = await stored(sqlite_vault, buyer(email="Bich@Example.com"))
    assert ids(await search(sqlite_vault, "email", "bICH@example.COM")) == [kept.json()["id"]]
    assert ids(await search(sqlite_vault, "email", "bich@example.com.vn")) == []


async def test_composition_does_not_matter_and_marks_do(names: Vault) -> None:
    composed = unicodedata.normalize("NFC", "Nguyễn Thị Hoà")
    first = await stored(names, buyer("customer-1", full_name=composed))
    second = await stored(names, buyer("customer-2", full_name=unicodedata.normalize("NFD", composed)))
    both = [first.json()["id"], second.json()["id"]]
    for form in ("NFC", "NFD"):
        written = unicodedata.normalize(form, "  nguyễn  THỊ hoà ")
        assert ids(await search(names, "full_name", written)) == both
        assert ids(await search(names, "full_name", written[:9], by="prefix")) == both
    for other in ("Nguyen Thi Hoa", "Nguyễn Thị Hoa", "Nguyễn Thị Hòa"):
        assert ids(await search(names, "full_name", other)) == []


async def test_a_value_is_found_in_its_own_collection_and_field_only(sqlite_vault: Vault) -> None:
    parcel = await stored(sqlite_vault, delivery(phone="0912 345 678"))
    await stored(sqlite_vault, buyer(phone="0912 345 678"))
    assert ids(await search(sqlite_vault, "phone", "0912345678", collection="delivery")) == [
        parcel.json()["id"]
    ]


async def test_who_may_not_is_denied_without_a_look(vault: Vault) -> None:
    kept = await stored(vault, buyer(consents=("marketing-sms",)))
    seen = []
    for value in ("0912 345 678", "0999 999 999"):
        with database_calls(vault) as calls:
            denied = await search(vault, "phone", value, caller="marketing", purpose="marketing-email")
        assert problem(denied) == (403, "disclosure-denied")
        assert denied.json()["reasons"] == {"phone": "not-granted"}
        seen.append(calls)
    with database_calls(vault) as calls:
        refused = await read(vault, kept, "marketing", "order")
    assert problem(refused) == (403, "disclosure-denied")
    # Reading for a purpose without any grant is refused before a record is loaded.
    assert seen == [calls, calls]


async def test_only_records_on_which_the_purpose_is_open_are_found(vault: Vault) -> None:
    consented = await stored(vault, buyer("customer-1", consents=("marketing-sms",)))
    await stored(vault, buyer("customer-2"))
    found = await search(vault, "phone", "0912345678", caller="marketing", purpose="marketing-sms")
    assert ids(found) == [consented.json()["id"]]
    seen = await events_of(vault, found)
    assert sorted(e["action"] for e in seen) == ["record.disclose", "record.search"]


async def test_the_event_names_the_field_and_never_the_value(vault: Vault) -> None:
    await stored(vault, buyer())
    found = await search(vault, "phone", "0912345678", fields=["full_name"])
    written = await event(vault, found.json()["receipt"]["event"])
    assert written["action"] == "record.search"
    assert written["outcome"] == "allowed"
    assert set(written["fields"]) == {"phone"}
    assert written["collection"] == "buyer"
    for one in await events_of(vault, found):
        assert "912345678" not in str(one)
        assert "912 345 678" not in str(one)


@pytest.mark.parametrize(
    ("collection", "field", "pointer", "code"),
    [
        ("buyer", "full_name", "/field", "not-searchable"),
        ("buyer", "birth_date", "/field", "not-searchable"),
        ("buyer", "address", "/field", "not-searchable"),
        ("account", "password", "/field", "not-searchable"),
        ("buyer", "shoe_size", "/field", "unknown-field"),
        ("seller", "phone", "/collection", "unknown-collection"),
    ],
)
@pytest.mark.parametrize("by", ["equals", "prefix"])
async def test_what_cannot_be_searched_says_so(
    sqlite_vault: Vault, collection: str, field: str, pointer: str, code: str, by: str
) -> None:
    answer = await search(sqlite_vault, field, "0912345678", collection=collection, by=by)
    assert problem(answer) == (422, "invalid")
    assert codes(answer) == {pointer: code}


@pytest.mark.parametrize(
    ("value", "pointer", "code"),
    [
        ("12", "/equals", "bad-phone"),
        ({"number": "1"}, "/equals", "wrong-type"),
        (None, "/equals", "wrong-type"),
    ],
)
async def test_what_is_no_value_of_the_field_is_refused_and_not_repeated(
    sqlite_vault: Vault, value: Any, pointer: str, code: str
) -> None:
    answer = await search(sqlite_vault, "phone", value)
    assert problem(answer) == (422, "invalid")
    assert codes(answer) == {pointer: code}


async def test_one_thing_is_sought_at_a_time(names: Vault) -> None:
    for body in ({}, {"equals": "Lê Văn An", "prefix": "lê v"}, {"prefix": "lê v", "equals": None}):
        client = names.client("checkout", "order")
        answer = await client.post(
            "/v1/records/search", json={"collection": "buyer", "field": "full_name", **body}
        )
        assert problem(answer) == (422, "invalid")


async def test_searches_that_share_a_query_keep_their_own_limits_and_places(vault: Vault) -> None:
    """A number that many have must not use up what another may bring; the same number elsewhere stays there."""
    numbers = ("0912345670", "0912345671", "0912345672")
    for n, number in enumerate(numbers * 3):
        await stored(vault, buyer(f"customer-{n}", phone=number, email=f"n{n}@example.com"))
    parcel = await stored(vault, delivery("customer-9", phone=numbers[0]))
    asked = [(number, limit) for limit in (1, 2, 5) for number in numbers]
    together = await asyncio.gather(
        *(search(vault, "phone", number, limit=limit) for number, limit in asked),
        search(vault, "phone", numbers[0], collection="delivery"),
        search(vault, "email", "n4@example.com"),
    )
    alone = [await search(vault, "phone", number, limit=limit) for number, limit in asked]
    assert [ids(found) for found in together[:9]] == [ids(found) for found in alone]
    assert [len(ids(found)) for found in alone] == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert [found.json()["more"] for found in together[:9]] == [True] * 6 + [False] * 3
    assert ids(together[9]) == [parcel.json()["id"]]
    assert len(ids(together[10])) == 1


async def test_a_look_up_that_fails_fails_for_those_who_look_there(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await stored(vault, buyer())
    fetch = vault.parts.database.fetch_hot

    async def failing(statement: Any, tenant: str, keys: Any, more: Any = None) -> Any:
        if more and more.get("place") == "buyer.email":
            raise DatabaseUnavailable
        return await fetch(statement, tenant, keys, more or {})

    monkeypatch.setattr(vault.parts.database, "fetch_hot", failing)
    by_phone, by_email = await asyncio.gather(
        search(vault, "phone", "0912345678"), search(vault, "email", "bich@example.com")
    )
    assert ids(by_phone) == [kept.json()["id"]]
    assert problem(by_email) == (503, "unavailable")


async def test_more_than_the_limit_is_said(sqlite_vault: Vault) -> None:
    first, second, third = [
        (await stored(sqlite_vault, buyer(f"customer-{n}"))).json()["id"] for n in range(3)
    ]
    some = await search(sqlite_vault, "phone", "0912345678", limit=2)
    assert (ids(some), some.json()["more"]) == ([first, second], True)
    every = await search(sqlite_vault, "phone", "0912345678", limit=3)
    assert (ids(every), every.json()["more"]) == ([first, second, third], False)


async def test_matches_that_cannot_be_read_take_no_place_and_do_not_show(vault: Vault) -> None:
    for number in range(12):
        await stored(vault, buyer(f"silent-{number}"))
    consented = [
        (await stored(vault, buyer(f"consented-{n}", consents=("marketing-sms",)))).json()["id"]
        for n in range(2)
    ]
    await stored(vault, buyer("silent-last"))

    async def sought(limit: int) -> tuple[list[str], bool]:
        answer = await search(
            vault, "phone", "0912345678", caller="marketing", purpose="marketing-sms", limit=limit
        )
        return ids(answer), answer.json()["more"]

    assert await sought(1) == (consented[:1], True)
    assert await sought(2) == (consented, False)


@pytest.mark.parametrize("phone", ["0912345678", "0900000000"])
async def test_an_unknown_field_asked_for_is_refused_whoever_is_stored(
    sqlite_vault: Vault, phone: str
) -> None:
    await stored(sqlite_vault, buyer("customer-1"))
    answer = await search(sqlite_vault, "phone", phone, fields=["full_name", "shoe_size"])
    assert problem(answer) == (422, "invalid")
    assert codes(answer) == {"/fields/1": "unknown-field"}


async def test_an_index_entry_that_leads_to_another_value_finds_nothing(sqlite_vault: Vault) -> None:
    kept = await stored(sqlite_vault, buyer("customer-1", phone="0912345678"))
    other = await stored(sqlite_vault, buyer("customer-2", phone="0987654321"))
    mine, hers = [parse_id("rec", one.json()["id"]) for one in (kept, other)]
    async with sqlite_vault.parts.database.bookkeeping(TENANT) as work:
        place = (search_index.c.field == "buyer.phone") & (search_index.c.record == mine)
        await work.execute(update(search_index).where(place).values(record=hers))
    assert ids(await search(sqlite_vault, "phone", "0912345678")) == []
    assert ids(await search(sqlite_vault, "phone", "0987654321")) == [other.json()["id"]]


async def test_a_username_is_found_and_its_password_never_shown(sqlite_vault: Vault) -> None:
    kept = await stored(sqlite_vault, account())
    found = await search(sqlite_vault, "username", " BICH ", collection="account", purpose="account")
    assert ids(found) == [kept.json()["id"]]
    assert found.json()["items"][0]["fields"]["password"] == {"form": "verified"}


async def test_a_beginning_of_any_word_finds_a_name(names: Vault) -> None:
    nguyen = await stored(names, buyer("customer-1", full_name="Nguyễn Văn An"))
    le = await stored(names, buyer("customer-2", full_name="Lê Thị Ngưng"))
    nga = await stored(names, buyer("customer-3", full_name="Phan Nguyễn Nga"))
    expected = {
        "ngu": [nguyen, nga],
        "NGUYỄN": [nguyen, nga],
        "nguyễn vă": [nguyen],
        "văn": [nguyen],
        "lê t": [le],
        "ngư": [le],
        "nga": [nga],
        "guy": [],
        "nguye": [],
        "văn b": [],
    }
    for written, those in expected.items():
        found = await search(names, "full_name", written, by="prefix")
        assert ids(found) == [one.json()["id"] for one in those], written


async def test_a_beginning_of_a_postcode_finds_an_address(names: Vault) -> None:
    here = await stored(names, buyer("customer-1", address=ADDRESS | {"postcode": "70010"}))
    there = {"lines": ["1 Main St"], "postcode": "ec1a 1bb", "country": "GB"}
    abroad = await stored(names, buyer("customer-2", address=there))
    await stored(names, buyer("customer-3", address=ADDRESS))
    for written, one in (("700", here), ("70010", here), ("EC1", abroad), ("ec1-a1", abroad)):
        assert ids(await search(names, "address", written, by="prefix")) == [one.json()["id"]]
    assert ids(await search(names, "address", "7002", by="prefix")) == []
    assert problem(await search(names, "address", ADDRESS)) == (422, "invalid")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("ng", "too-short"),
        ("l ê ", "ok"),
        ("lê  ", "too-short"),
        ("nguyễn văn a", "too-long"),
        (7, "wrong-type"),
        (None, "wrong-type"),
    ],
)
async def test_a_beginning_has_three_to_ten_characters(names: Vault, written: Any, code: str) -> None:
    answer = await search(names, "full_name", written, by="prefix")
    if code == "ok":
        assert ids(answer) == []
    else:
        assert problem(answer) == (422, "invalid")
        assert codes(answer) == {"/prefix": code}


async def test_a_masked_field_is_not_spelled_out_by_beginnings(names: Vault) -> None:
    """Support sees no address unless assigned: neither would a search give it away, letter by letter."""
    await stored(names, buyer(purposes=("order", "customer-care")))
    asked = {"caller": "support", "purpose": "customer-care", "by": "prefix"}
    assert ids(await search(names, "full_name", "trần", **asked)) != []
    refused = await search(names, "address", "700", **asked)
    assert problem(refused) == (403, "disclosure-denied")


async def test_what_the_notice_does_not_open_to_prefixes_stays_closed(names: Vault) -> None:
    answer = await search(names, "phone", "091", by="prefix")
    assert codes(answer) == {"/field": "not-searchable"}


async def test_a_prefix_entry_is_short_and_the_reference_notice_makes_none(
    vault: Vault,
) -> None:
    await stored(vault, buyer())
    rows = await vault.parts.database.read(TENANT, select(search_index))
    assert {row.field for row in rows} == {"buyer.phone", "buyer.email"}
    await activate(vault, BY_PREFIX)
    kept = await stored(vault, buyer("customer-2", full_name="Lê An"))
    mine = select(search_index).where(search_index.c.record == parse_id("rec", kept.json()["id"]))
    rows = await vault.parts.database.read(TENANT, mine)
    lengths = sorted((row.field, len(row.digest)) for row in rows)
    # `lê `, `lê a`, `lê an`; `an` is too short.
    assert lengths == [
        ("buyer.email", 16),
        ("buyer.full_name", 16),
        ("buyer.full_name^", 4),
        ("buyer.full_name^", 4),
        ("buyer.full_name^", 4),
        ("buyer.phone", 16),
    ]


async def test_a_damaged_value_is_not_passed_over_in_silence(sqlite_vault: Vault) -> None:
    await stored(sqlite_vault, buyer())
    async with sqlite_vault.parts.database.bookkeeping(TENANT) as work:
        damaged = update(field_values).where(field_values.c.field == "phone")
        await work.execute(damaged.values(sealed=b"\x01" + bytes(60)))
    found = await search(sqlite_vault, "phone", "0912345678", fields=["full_name"])
    assert problem(found) == (503, "unavailable")
