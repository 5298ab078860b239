"""F-15: one idempotency key ten times at once, with other bodies, by another caller, after an erasure, after a crash (I9).

A round is one key. It has one effect, and whoever gets an answer gets the same one. 100 rounds in every run, split over the
kinds, 1,000 in a long one. `KIN_FAULT_SEED` repeats a run.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import func, select, update

from app.storage.engine import Database
from app.subjects.tables import consents
from app.vault.tables import kept_answers, records
from tests.support.erasing import erasing_vault
from tests.support.orders import EVIDENCE, buyer, delivery, problem
from tests.support.servers import Server, server
from tests.support.vaults import TENANT, Store, Vault, copied_keyring

SEED: Final = int(os.environ.get("KIN_FAULT_SEED", "20261122"))
TIMES: Final = 10
ROUNDS: Final = {"at once": 40, "other bodies": 20, "another caller": 15, "after erasure": 10}
AFTER_CRASH: Final = 15
LONG: Final = 10
IN_FLIGHT: Final = (409, "idempotency-in-flight")
Call = Callable[[], Awaitable[httpx.Response]]


@dataclass(frozen=True, slots=True)
class Effect:
    """How many records and consents there are."""

    records: int
    consents: int

    def __add__(self, other: "Effect") -> "Effect":
        return Effect(self.records + other.records, self.consents + other.consents)


NONE: Final = Effect(0, 0)


@dataclass(frozen=True, slots=True)
class Work:
    """A POST under a key, and what it adds."""

    caller: str
    purpose: str | None
    path: str
    body: Any
    effect: Effect


async def counted(database: Database) -> Effect:
    numbers = [
        (
            await database.read(
                TENANT, select(func.count()).select_from(table).where(table.c.tenant == TENANT)
            )
        )[0][0]
        for table in (records, consents)
    ]
    return Effect(*numbers)


def work(number: int, subject: str) -> Work:
    """Stores, batches and consents in turn; the subject is of somebody who is stored already."""
    if number % 3 == 0:
        return Work("checkout", "order", "/v1/records", delivery(f"customer-{number}"), Effect(1, 0))
    if number % 3 == 1:
        many = {"records": [delivery(f"customer-{number}"), buyer(f"customer-{number}"), {"broken": True}]}
        return Work("checkout", "order", "/v1/records/store", many, Effect(2, 0))
    body = {"purpose": "marketing-sms", **EVIDENCE}
    return Work("privacy-officer", None, f"/v1/subjects/{subject}/consents", body, Effect(0, 1))


def calling(vault: Vault, one: Work, key: str, body: Any = None) -> Call:
    client = vault.client(one.caller, one.purpose)
    headers = {"Idempotency-Key": key}
    return lambda: client.post(one.path, json=one.body if body is None else body, headers=headers)


async def together(calls: Sequence[Call]) -> list[httpx.Response]:
    return list(await asyncio.gather(*(call() for call in calls)))


def assert_one_answer(answers: Sequence[httpx.Response], *, at_least: int = 1) -> None:
    """Those who got an answer got the same one; the others were told to ask again."""
    successes = [answer for answer in answers if answer.is_success]
    assert len(successes) >= at_least
    assert len({answer.content for answer in successes}) == 1
    assert {problem(answer) for answer in answers if not answer.is_success} <= {IN_FLIGHT}


async def at_once(vault: Vault, number: int, subject: str) -> Effect:
    one = work(number, subject)
    call = calling(vault, one, f"k-{number}")
    answers = await together([call] * TIMES)
    assert_one_answer(answers)
    again = await call()
    assert again.headers["idempotency-replayed"] == "true"
    assert_one_answer([*answers, again])
    return one.effect


async def other_bodies(vault: Vault, number: int, _: str) -> Effect:
    one = Work("checkout", "order", "/v1/records", None, Effect(1, 0))
    bodies = [delivery(f"customer-{number}-{n % 3}") for n in range(TIMES)]
    answers = await together([calling(vault, one, f"k-{number}", body) for body in bodies])
    winners = {n % 3 for n, answer in enumerate(answers) if answer.is_success}
    assert len(winners) == 1
    assert_one_answer([answer for n, answer in enumerate(answers) if n % 3 in winners])
    others = {problem(answer) for n, answer in enumerate(answers) if n % 3 not in winners}
    assert others == {(422, "idempotency-mismatch")}
    return one.effect


async def another_caller(vault: Vault, number: int, subject: str) -> Effect:
    body = {"purpose": "marketing-email", **EVIDENCE}
    path = f"/v1/subjects/{subject}/consents"
    theirs = [
        calling(vault, Work(caller, None, path, body, NONE), f"k-{number}")
        for caller in ("privacy-officer", "checkout")
    ]
    answers = await together(theirs * (TIMES // 2))
    assert_one_answer(answers[::2])
    assert_one_answer(answers[1::2])
    assert answers[0].content != answers[1].content
    return Effect(0, 2)


async def after_erasure(vault: Vault, number: int, _: str) -> Effect:
    call = calling(vault, work(3 * number, ""), f"k-{number}")
    subject = (await call()).json()["subject"]
    erased = await vault.client("privacy-officer").post(f"/v1/subjects/{subject}/erase")
    assert erased.status_code == 200, erased.text
    answers = await together([call] * TIMES)
    assert Counter(map(problem, answers)) == {(404, "not-found"): TIMES}
    return NONE


KINDS: Final = {
    "at once": at_once,
    "other bodies": other_bodies,
    "another caller": another_caller,
    "after erasure": after_erasure,
}


async def rounds(vault: Vault, kind: str, number: int) -> None:
    stored = await vault.client("checkout", "order").post("/v1/records", json=buyer("customer-of-all"))
    effect = await counted(vault.parts.database)
    for n in range(number):
        effect += await KINDS[kind](vault, n, stored.json()["subject"])
        assert await counted(vault.parts.database) == effect, f"I9: round {n}"


@pytest.mark.parametrize("kind", ROUNDS)
async def test_some_rounds(store: Store, tmp_path: Path, kind: str) -> None:
    async with erasing_vault(store, tmp_path) as vault:
        await rounds(vault, kind, ROUNDS[kind])


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ROUNDS)
async def test_the_whole_number_of_rounds(store: Store, tmp_path: Path, kind: str) -> None:
    async with erasing_vault(store, tmp_path) as vault:
        await rounds(vault, kind, LONG * ROUNDS[kind])


@pytest.mark.timeout(120)
async def test_after_a_crash(store: Store, tmp_path: Path) -> None:
    await crashes(store, tmp_path, 1)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_after_many_crashes(store: Store, tmp_path: Path) -> None:
    await crashes(store, tmp_path, LONG)


async def crashes(store: Store, directory: Path, number: int) -> None:
    """Kills the server under requests with keys, and sends each of them again to the next one."""
    keyring, log, draw = copied_keyring(store, directory), directory / "kin.log", random.Random(SEED)
    expected, lost = NONE, 0
    with store.copy(directory) as url:
        for crash in range(number):
            with server(url, keyring, log) as served:
                subject = await stored_before(served, store, crash)
                keys = range(crash * AFTER_CRASH, (crash + 1) * AFTER_CRASH)
                seen = await killed(served, store, [(n, work(n, subject)) for n in keys], draw)
            await aged(url)
            with server(url, keyring, log) as served:
                for n in keys:
                    one = work(n, subject)
                    lost += await sent_again(served, store, n, one, seen.get(n))
                    expected += one.effect
            assert await effects(url) == expected + Effect(crash + 1, 0), f"I9: crash {crash}, seed {SEED}"
    assert "internal-error" not in log.read_text()
    print(f"{number} crashes, {number * AFTER_CRASH} keys, {lost} answers lost after their effect")


async def stored_before(served: Server, store: Store, crash: int) -> str:
    async with client(served) as http:
        answer = await post(
            http, store, Work("checkout", "order", "/v1/records", buyer(f"known-{crash}"), NONE)
        )
    return str(answer.json()["subject"])


async def killed(
    served: Server, store: Store, given: Sequence[tuple[int, Work]], draw: random.Random
) -> dict[int, bytes]:
    """The answers that came before the server was killed."""
    seen: dict[int, bytes] = {}

    async def send(http: httpx.AsyncClient, number: int, one: Work) -> None:
        try:
            answer = await post(http, store, one, f"k-{number}")
        except httpx.TransportError:
            return  # killed under it: whether it took effect is what is asked afterwards
        assert answer.is_success or problem(answer) == IN_FLIGHT, answer.text
        if answer.is_success:
            assert seen.setdefault(number, answer.content) == answer.content

    async with client(served) as http:
        under_way = [asyncio.create_task(send(http, *one)) for one in given for _ in range(2)]
        enough = draw.randrange(len(given))
        while len(seen) < enough and not all(task.done() for task in under_way):  # noqa: ASYNC110  # clients need not know
            await asyncio.sleep(0.001)
        await asyncio.sleep(draw.uniform(0, 0.02))
        await asyncio.to_thread(served.kill)
        await asyncio.gather(*under_way)
    return seen


async def sent_again(served: Server, store: Store, number: int, one: Work, seen: bytes | None) -> bool:
    """Whether its answer was lost; a store never loses it."""
    async with client(served) as http:
        answer = await post(http, store, one, f"k-{number}")
    if answer.is_success:
        assert seen in {None, answer.content}
        return False
    assert problem(answer) == (409, "conflict")
    assert "evt_" in answer.json()["detail"]
    assert (seen, one.effect.records) == (None, 0), (
        "an answer that was given, or is kept with its effect, is lost"
    )
    return True


async def aged(url: str) -> None:
    """Lets the time pass after which a request counts as lost."""
    database = Database(url)
    try:
        async with database.bookkeeping(TENANT) as unit:
            unanswered = update(kept_answers).where(kept_answers.c.answer.is_(None))
            await unit.execute(unanswered.values(begun_at=datetime.now(UTC) - timedelta(minutes=10)))
    finally:
        await database.close()


async def effects(url: str) -> Effect:
    database = Database(url)
    try:
        return await counted(database)
    finally:
        await database.close()


def client(served: Server) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=served.base_url, timeout=30, trust_env=False)


async def post(http: httpx.AsyncClient, store: Store, one: Work, key: str | None = None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {store.prepared.callers[one.caller].key}"}
    if one.purpose:
        headers["Vault-Purpose"] = one.purpose
    if key:
        headers["Idempotency-Key"] = key
    return await http.post(one.path, json=one.body, headers=headers)
