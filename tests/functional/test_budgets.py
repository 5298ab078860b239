"""Hourly budgets: how many people a caller may meet, how often it may search; what passes them is refused as a whole (A-09)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import time_machine
from sqlalchemy import func, select

from app.kernel.ids import parse_id
from app.vault.budget_store import BudgetStore
from app.vault.tables import spent_budgets
from tests.support.calls import database_calls
from tests.support.orders import buyer, delivery, event, events_of, problem, read, stored
from tests.support.vaults import TENANT, Store, Vault, running_vault

PEOPLE = 5
SEARCHES = 3
QUARTER_PAST = datetime(2026, 11, 22, 8, 15, tzinfo=UTC)


@pytest.fixture
async def frugal(store: Store, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault in which a caller may meet five people and search three times an hour."""
    limits: dict[str, Any] = {"people_per_hour": PEOPLE, "searches_per_hour": SEARCHES}
    async with running_vault(store, tmp_path, **limits) as running:
        yield running


async def parcels(vault: Vault, number: int) -> list[httpx.Response]:
    return [await stored(vault, delivery(f"customer-{n}")) for n in range(number)]


async def spent(vault: Vault) -> int:
    rows = await vault.parts.database.read(TENANT, select(func.count()).select_from(spent_budgets))
    return int(rows[0][0])


def assert_refused(answer: httpx.Response, policy: str, most: int, seconds: int) -> str:
    """The refusal is a 429 that says when to come back; the id of its event."""
    assert problem(answer) == (429, "too-many-requests")
    assert answer.headers["retry-after"] == str(seconds)
    assert answer.headers["ratelimit-policy"] == f'"{policy}";q={most};w=3600'
    assert answer.headers["ratelimit"] == f'"{policy}";r=0;t={seconds}'
    event_id: str = answer.json()["event"]
    return event_id


async def test_an_export_one_by_one_ends_at_the_budget(frugal: Vault) -> None:
    with time_machine.travel(QUARTER_PAST, tick=False) as clock:
        kept = await parcels(frugal, PEOPLE + 1)
        for parcel in kept[:PEOPLE]:
            for _ in range(3):  # meeting somebody again is free
                assert (await read(frugal, parcel, "checkout", "order")).status_code == 200
        refused = await read(frugal, kept[PEOPLE], "checkout", "order")
        seen = await event(frugal, assert_refused(refused, "people", PEOPLE, 45 * 60))
        assert (seen["action"], seen["outcome"]) == ("budget.exceed", "denied")
        assert seen["reason"] == "people-per-hour"
        assert seen["caller"] == frugal.callers["checkout"].id
        assert "subject" not in seen
        # Nothing else is on record for that request: nothing was disclosed.
        assert [one["action"] for one in await events_of(frugal, refused)] == ["budget.exceed"]
        # Whom it has met it may go on meeting, and others have a budget of their own.
        assert (await read(frugal, kept[0], "checkout", "order")).status_code == 200
        assert (await read(frugal, kept[PEOPLE], "shipping", "delivery")).status_code == 200
        clock.shift(timedelta(minutes=45))
        assert (await read(frugal, kept[PEOPLE], "checkout", "order")).status_code == 200
        assert await spent(frugal) == 2  # one each for checkout in this hour and shipping in the last one


async def test_several_records_of_one_person_are_one_person(frugal: Vault) -> None:
    kept = [await stored(frugal, delivery("customer-1")) for _ in range(PEOPLE + 3)]
    for parcel in kept:
        assert (await read(frugal, parcel, "checkout", "order")).status_code == 200
    assert await spent(frugal) == 1


async def test_what_is_refused_or_missing_costs_nothing(frugal: Vault) -> None:
    kept = await parcels(frugal, PEOPLE + 1)
    for parcel in kept:
        assert (await read(frugal, parcel, "compliance", "order")).status_code == 403
        assert (await read(frugal, parcel, "marketing", "marketing-sms")).status_code == 404
    assert await spent(frugal) == 0


async def test_a_batch_that_would_pass_the_budget_is_refused_as_a_whole(frugal: Vault) -> None:
    with time_machine.travel(QUARTER_PAST, tick=False):
        ids = [parcel.json()["id"] for parcel in await parcels(frugal, PEOPLE + 1)]
        client = frugal.client("checkout", "order")
        assert_refused(await client.post("/v1/records/read", json={"ids": ids}), "people", PEOPLE, 45 * 60)
        assert await spent(frugal) == 0
        fits = await client.post("/v1/records/read", json={"ids": [*ids[:PEOPLE], *ids[:PEOPLE], "rec_!"]})
        assert fits.status_code == 200
        assert await spent(frugal) == PEOPLE


async def test_a_carrier_that_resolves_everything_is_stopped_and_no_use_is_lost(frugal: Vault) -> None:
    with time_machine.travel(QUARTER_PAST, tick=False) as clock:
        tokens = []
        for n, parcel in enumerate(await parcels(frugal, PEOPLE + 1)):
            order = {"record": parcel.json()["id"], "fields": ["address"], "purpose": "delivery", "uses": 1}
            answer = await frugal.client("shipping").post("/v1/tokens", json=order)
            if n == PEOPLE:  # handing out tokens is meeting people too
                assert_refused(answer, "people", PEOPLE, 45 * 60)
                clock.shift(timedelta(hours=1))
                answer = await frugal.client("shipping").post("/v1/tokens", json=order)
            tokens.append(answer.json()["items"][0]["token"])
        carrier = frugal.client("carrier", "delivery")
        for token in tokens[:PEOPLE]:
            resolved = await carrier.post("/v1/tokens/resolve", json={"tokens": [token]})
            assert "value" in resolved.json()["items"][0]
        refused = await carrier.post("/v1/tokens/resolve", json={"tokens": tokens[PEOPLE:]})
        assert_refused(refused, "people", PEOPLE, 45 * 60)
        clock.shift(timedelta(hours=1))
        resolved = await carrier.post("/v1/tokens/resolve", json={"tokens": tokens[PEOPLE:]})
        assert "value" in resolved.json()["items"][0]


async def search(vault: Vault, **more: Any) -> httpx.Response:
    body = {"collection": "buyer", "field": "phone", "equals": "0912345678", **more}
    return await vault.client("checkout", "order").post("/v1/records/search", json=body)


async def test_searches_are_counted_whether_they_find_or_not(frugal: Vault) -> None:
    with time_machine.travel(QUARTER_PAST, tick=False) as clock:
        await stored(frugal, buyer())
        for number in ("0912345678", "0912345679", "0912345678"):
            assert (await search(frugal, equals=number)).status_code == 200
        refused = await search(frugal)
        seen = await event(frugal, assert_refused(refused, "searches", SEARCHES, 45 * 60))
        assert (seen["action"], seen["reason"]) == ("budget.exceed", "searches-per-hour")
        assert "9123456" not in str(seen)
        clock.shift(timedelta(hours=1))
        assert (await search(frugal)).status_code == 200


async def test_a_search_meets_the_people_it_finds(frugal: Vault) -> None:
    for n in range(PEOPLE + 1):
        await stored(frugal, buyer(f"customer-{n}"))
    refused = await search(frugal)
    assert problem(refused) == (429, "too-many-requests")
    assert (await search(frugal, limit=PEOPLE)).status_code == 200


async def test_at_once_as_one_after_another(frugal: Vault) -> None:
    """Requests that arrive together cannot each take what is left."""
    kept = await parcels(frugal, 3 * PEOPLE)
    answers = await asyncio.gather(*(read(frugal, parcel, "checkout", "order") for parcel in kept))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(200), codes.count(429)) == (PEOPLE, 2 * PEOPLE)


async def test_two_processes_share_a_budget(frugal: Vault, tmp_path: Path) -> None:
    """A second vault on the same database knows what the first one has counted."""
    kept = await parcels(frugal, PEOPLE + 1)
    for parcel in kept[:PEOPLE]:
        assert (await read(frugal, parcel, "checkout", "order")).status_code == 200
    frugal.parts.discloser._answerer._budget._met.clear()  # as a process that has just started
    assert (await read(frugal, kept[0], "checkout", "order")).status_code == 200
    assert (await read(frugal, kept[PEOPLE], "checkout", "order")).status_code == 429


async def test_spending_costs_the_same_however_much_is_spent(sqlite_vault: Vault) -> None:
    """In steps of SQLite's machine, which do not depend on how busy the computer is."""
    caller = parse_id("clr", sqlite_vault.callers["checkout"].id)

    async def steps(*people: str) -> int:
        counted = [0]

        def step() -> None:
            counted[0] += 1

        async with sqlite_vault.parts.database.bookkeeping(TENANT) as work:
            raw = await work._connection.get_raw_connection()
            assert raw.driver_connection is not None
            connection = raw.driver_connection._connection
            connection.set_progress_handler(step, 1)
            try:
                await BudgetStore().spend(work, caller, 1, "people", people, 10_000)
            finally:
                connection.set_progress_handler(None, 1)
        return counted[0]

    await steps("first")
    few = await steps("second")
    await steps(*(f"person {n}" for n in range(2000)))
    assert await steps("last") < 2 * few


async def test_without_a_limit_nothing_is_counted(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    with database_calls(vault) as calls:
        assert (await read(vault, parcel, "checkout", "order")).status_code == 200
    assert "transaction" not in calls
    assert (await search(vault)).status_code == 200
    assert await spent(vault) == 0


async def test_an_answer_says_what_is_left_of_the_budgets_that_were_used(frugal: Vault) -> None:
    with time_machine.travel(QUARTER_PAST, tick=False) as clock:
        first, second = await parcels(frugal, 2)
        for parcel, left in ((first, 4), (first, 4), (second, 3)):
            answer = await read(frugal, parcel, "checkout", "order")
            assert answer.headers["ratelimit-policy"] == '"people";q=5;w=3600'
            assert answer.headers["ratelimit"] == f'"people";r={left};t=2700'
        found = await search(frugal)
        assert found.headers["ratelimit-policy"] == '"people";q=5;w=3600, "searches";q=3;w=3600'
        assert found.headers["ratelimit"] == '"people";r=3;t=2700, "searches";r=2;t=2700'
        # Who has used nothing is told nothing, and neither is whom nobody counts.
        assert "ratelimit" not in (await read(frugal, first, "compliance", "order")).headers
        assert "ratelimit" not in (await frugal.client("compliance").get("/v1/audit/events")).headers
        clock.shift(timedelta(hours=1))
        assert (await read(frugal, first, "checkout", "order")).headers["ratelimit"] == '"people";r=4;t=2700'


async def test_saying_what_is_left_asks_the_database_nothing(
    frugal: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    (parcel,) = await parcels(frugal, 1)
    await read(frugal, parcel, "checkout", "order")
    monkeypatch.setattr(frugal.parts.budget, "_store", None)  # nobody may ask it now
    assert (await read(frugal, parcel, "checkout", "order")).headers["ratelimit"].startswith('"people";r=4')
