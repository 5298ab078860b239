"""Counts of people for research: generalised, consented to, rounded, and never of a few."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import time_machine
from sqlalchemy import update

from app.vault.tables import field_values
from tests.functional.test_budgets import QUARTER_PAST, assert_refused
from tests.support.notices import activate, changed
from tests.support.orders import ADDRESS, Body, buyer, event, events_of, problem
from tests.support.people import done
from tests.support.vaults import TENANT, Store, Vault, running_vault

RESEARCH = "market-research"
HANOI = {"lines": ["1 Tràng Tiền"], "province": "Thành phố Hà Nội", "country": "VN"}
HCM = {"province": "Thành phố Hồ Chí Minh", "country": "VN"}


async def count(
    vault: Vault, *by: str, caller: str = "research", purpose: str | None = RESEARCH, **more: Any
) -> httpx.Response:
    body = {"collection": "buyer", "by": list(by), **more}
    return await vault.client(caller, purpose).post("/v1/statistics", json=body)


def groups(answer: httpx.Response) -> dict[tuple[Any, ...], int]:
    """Values, in the order asked for → how many people."""
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return {
        tuple(_word(item["group"][name]) for name in found["by"]): item["people"] for item in found["groups"]
    }


def _word(value: Any) -> Any:
    return value.get("province", value["country"]) if isinstance(value, dict) else value


async def people(
    vault: Vault, number: int, kind: str, consents: tuple[str, ...] = (RESEARCH,), **fields: Any
) -> None:
    """So many customers of a kind, who agreed to research."""
    given = {"address": ADDRESS, "gender": "female", "birth_date": "1990-04-30"} | fields
    given = {name: value for name, value in given.items() if value is not None}
    records = [buyer(f"{kind}-{n}", ("order", "customer-care"), consents, **given) for n in range(number)]
    answer = await vault.client("checkout", "order").post("/v1/records/store", json={"records": records})
    assert all("receipt" in item for item in answer.json()["items"]), answer.text


async def test_people_are_counted_in_generalised_groups(vault: Vault) -> None:
    await people(vault, 23, "hcm-women")
    await people(vault, 12, "hcm-men", gender="male", birth_date="1984-01-01")
    await people(vault, 16, "hanoi-women", address=HANOI, birth_date=None)
    by_gender = await count(vault, "gender")
    assert groups(by_gender) == {("female",): 35, ("male",): 10}
    assert by_gender.json()["people"] == 45
    assert (by_gender.json()["threshold"], by_gender.json()["rounded_down_to"]) == (10, 5)
    hcm, hanoi = "Thành phố Hồ Chí Minh", "Thành phố Hà Nội"
    assert groups(await count(vault, "gender", "address")) == {
        ("female", hcm): 20,
        ("female", hanoi): 15,
        ("male", hcm): 10,
    }
    assert groups(await count(vault, "birth_date")) == {("1990–1994",): 20, (None,): 15, ("1980–1984",): 10}
    three = await count(vault, "address", "birth_date", "gender")
    assert groups(three)[hcm, "1990–1994", "female"] == 20
    assert three.json()["groups"][0]["group"]["address"] == HCM
    for exact in ("1990-04-30", "Nguyễn Huệ", "Phường Sài Gòn"):
        assert exact not in three.text


async def test_only_who_agreed_is_counted_and_each_person_once(vault: Vault) -> None:
    await people(vault, 10, "agreed")
    await people(vault, 10, "silent", consents=())
    await people(vault, 10, "agreed", birth_date="1984-01-01")  # the same people, each with a second record
    assert groups(await count(vault, "birth_date")) == {("1980–1984",): 10}
    subject = (await done(vault, "privacy-officer", "POST", "/v1/subjects/find", {"ref": "agreed-3"}))["id"]
    path = f"/v1/subjects/{subject}"
    # One who restricts processing, or withdraws, is not counted any more: nine are too few to tell.
    await done(vault, "privacy-officer", "PUT", f"{path}/restriction", {"reason": "x"})
    assert groups(await count(vault, "gender")) == {}
    await done(vault, "privacy-officer", "DELETE", f"{path}/restriction")
    assert groups(await count(vault, "gender")) == {("female",): 10}
    await done(vault, "privacy-officer", "POST", f"{path}/objection", {"purposes": [RESEARCH]})
    assert groups(await count(vault, "gender")) == {}


async def test_a_small_group_cannot_be_had_by_subtraction(vault: Vault) -> None:
    await people(vault, 33, "women")
    await people(vault, 4, "men", gender="male")
    await people(vault, 30, "hanoi", address=HANOI)
    everybody = sum(groups(await count(vault, "address")).values())
    told = groups(await count(vault, "address", "gender"))
    assert [genders for _, genders in told] == ["female", "female"]
    assert everybody - sum(told.values()) != 4
    assert all(people % 5 == 0 for people in told.values())


async def test_more_people_than_a_page_are_all_counted(vault: Vault) -> None:
    await people(vault, 229, "many")
    assert groups(await count(vault, "gender")) == {("female",): 225}
    pages = [page async for page in vault.parts.people_counter._population.pages(TENANT, "buyer", RESEARCH)]
    records = [record for page in pages for _, record in page]
    assert [len(page) for page in pages] == [100, 100, 29]
    assert len(set(records)) == 229


async def test_a_count_is_on_record_with_its_fields_and_without_a_value_or_a_number(vault: Vault) -> None:
    await people(vault, 25, "women")
    answer = await count(vault, "gender", "birth_date")
    seen = await event(vault, answer.json()["receipt"]["event"])
    assert (seen["action"], seen["outcome"], seen["purpose"]) == ("statistics.count", "allowed", RESEARCH)
    assert seen["collection"] == "buyer"
    granted = {"given": "generalised", "reason": "granted", "clause": "research"}
    assert seen["fields"] == {"gender": granted, "birth_date": granted}
    assert "subject" not in seen
    assert not [
        word for word in ("female", "1990", "25") if word in str(seen["fields"]) + str(seen["inputs"])
    ]
    assert [one["action"] for one in await events_of(vault, answer)] == ["statistics.count"]
    assert answer.json()["receipt"]["clauses"] == {"gender": "research", "birth_date": "research"}


@pytest.mark.parametrize(
    ("by", "purpose", "reasons"),
    [
        (("full_name",), RESEARCH, {"full_name": "not-granted"}),
        (("gender", "national_id"), RESEARCH, {"national_id": "not-granted"}),
        (("gender",), "order", {"gender": "not-granted"}),
        (("gender",), "marketing-sms", {"gender": "not-granted"}),
        (("gender",), "sale", {"gender": "forbidden-purpose"}),
        (("gender",), "weather", {"gender": "unknown-purpose"}),
    ],
)
async def test_other_fields_and_purposes_are_denied(
    sqlite_vault: Vault, by: tuple[str, ...], purpose: str, reasons: Body
) -> None:
    await people(sqlite_vault, 12, "women")
    answer = await count(sqlite_vault, *by, purpose=purpose)
    assert problem(answer) == (403, "disclosure-denied")
    assert answer.json()["reasons"] == reasons
    seen = await event(sqlite_vault, answer.json()["event"])
    assert (seen["action"], seen["outcome"]) == ("statistics.count", "denied")
    assert seen.get("purpose") == (None if purpose == "weather" else purpose)


async def test_other_roles_are_not_let_in(sqlite_vault: Vault) -> None:
    for caller in sorted(set(sqlite_vault.callers) - {"research"}):
        answer = await count(sqlite_vault, "gender", caller=caller)
        assert problem(answer) == (403, "not-permitted"), caller
    assert problem(await count(sqlite_vault, "gender", purpose=None)) == (400, "purpose-required")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"by": []}, "/by"),
        ({"by": ["gender", "gender"]}, "/by"),
        ({"by": ["gender", "weather"]}, "/by/1"),
        ({"by": ["address", "birth_date", "gender", "phone"]}, "/by"),
        ({"collection": "weather"}, "/collection"),
        ({"where": {"gender": "female"}}, ""),
    ],
)
async def test_what_cannot_be_counted_is_refused(sqlite_vault: Vault, body: Body, pointer: str) -> None:
    answer = await count(sqlite_vault, "gender", **body)
    assert problem(answer) == (422, "invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_a_form_below_generalised_counts_nobody(sqlite_vault: Vault) -> None:
    """A notice that lets research have a token for the address does not let it count by the province."""
    await activate(
        sqlite_vault,
        changed(
            (
                '"buyer.address" = "generalised", "buyer.birth_date"',
                '"buyer.address" = "token", "buyer.birth_date"',
            )
        ),
    )
    await people(sqlite_vault, 12, "women")
    answer = await count(sqlite_vault, "address")
    assert answer.json()["reasons"] == {"address": "not-granted"}
    assert groups(await count(sqlite_vault, "gender")) == {("female",): 10}


async def test_a_damaged_value_is_not_passed_over_in_silence(sqlite_vault: Vault) -> None:
    await people(sqlite_vault, 12, "women")
    async with sqlite_vault.parts.database.bookkeeping(TENANT) as work:
        genders = update(field_values).where(field_values.c.field == "gender")
        await work.execute(genders.values(version=field_values.c.version + 1))
    answer = await count(sqlite_vault, "gender")
    assert problem(answer) == (503, "unavailable")
    [seen] = await events_of(sqlite_vault, answer)
    assert (seen["outcome"], seen["reason"]) == ("failed", "integrity")


@pytest.fixture
async def strict(store: Store, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault in which research may count twice an hour, groups of twenty."""
    async with running_vault(store, tmp_path, statistics_per_hour=2, statistics_threshold=20) as running:
        yield running


async def test_counting_is_budgeted(strict: Vault) -> None:
    with time_machine.travel(QUARTER_PAST, tick=False):
        await people(strict, 24, "women")
        await people(strict, 19, "men", gender="male")
        for left in (1, 0):
            answer = await count(strict, "gender")
            assert groups(answer) == {("female",): 20}
            assert answer.headers["ratelimit-policy"] == '"statistics";q=2;w=3600'
            assert answer.headers["ratelimit"] == f'"statistics";r={left};t=2700'
        refused = await count(strict, "birth_date")
        seen = await event(strict, assert_refused(refused, "statistics", 2, 45 * 60))
        assert (seen["action"], seen["reason"]) == ("budget.exceed", "statistics-per-hour")
        assert problem(await count(strict, "full_name")) == (403, "disclosure-denied")
