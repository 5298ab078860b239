"""F-01: kill -9 of every process at a random moment under a mix of stores and reads; then the clients' history is compared
with the vault.

I1: what was acknowledged is there, the same values. I2: every body of values that a client received has its event. I3: no
record is half there: none without its fields, none without the event that made it.

A round is one life of the server; the database goes from one round into the next. `KIN_FAULT_SEED` repeats a run.
"""

import asyncio
import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import select

from app.kernel.ids import text_of
from app.storage.engine import Database
from app.vault.tables import field_values, records
from tests.support.orders import delivery
from tests.support.servers import Server, free_port, server
from tests.support.vaults import TENANT, Store, copied_keyring

SEED: Final = int(os.environ.get("KIN_FAULT_SEED", "20261122"))
CLIENTS: Final = 6
MOST_ANSWERS: Final = 120
SOME: Final = {"sqlite": 2, "postgresql": 2}
ALL: Final = {
    "sqlite": int(os.environ.get("KIN_FAULT_ROUNDS_SQLITE", "50")),
    "postgresql": int(os.environ.get("KIN_FAULT_ROUNDS_POSTGRESQL", "20")),
}
Values = dict[str, Any]
_FIELDS: Final = {"recipient", "phone", "address", "note"}


@dataclass(slots=True)
class History:
    """What the clients saw: acknowledged records with their values, events of answers, stores without an answer."""

    kept: dict[str, Values] = field(default_factory=dict)
    subjects: dict[str, str] = field(default_factory=dict)
    read_events: set[str] = field(default_factory=set)
    store_events: dict[str, str] = field(default_factory=dict)
    unanswered: int = 0
    wrong: list[str] = field(default_factory=list)

    def answers(self) -> int:
        """How many requests were answered."""
        return len(self.kept) + len(self.read_events) + len(self.wrong)


@pytest.mark.timeout(120)
def test_some_rounds(store: Store, tmp_path: Path) -> None:
    rounds(store, tmp_path, SOME[kind_of(store)])


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_the_whole_number_of_rounds(store: Store, tmp_path: Path) -> None:
    rounds(store, tmp_path, ALL[kind_of(store)])


def kind_of(store: Store) -> str:
    return store.prepared.url.partition(":")[0]


def rounds(store: Store, directory: Path, number: int) -> None:
    """Lives and deaths of one vault, each looked at in the next life."""
    draw, history = random.Random(SEED), History()
    keyring, log = copied_keyring(store, directory), directory / "kin.log"
    began = time.monotonic()
    with store.copy(directory) as url:
        for done in range(number):
            with server(url, keyring, log, port=free_port()) as served:
                asyncio.run(look(served, url, store, history, whole=done % 10 == 9))
                asyncio.run(life(served, store, history, draw))
            print(
                f"{kind_of(store)} round {done + 1} of {number}, seed {SEED}: {len(history.kept)} stored, "
                f"{len(history.read_events)} reads, {history.unanswered} without an answer, "
                f"{time.monotonic() - began:.0f} s"
            )
        with server(url, keyring, log, port=free_port()) as served:
            asyncio.run(look(served, url, store, history, whole=True))
    assert "internal-error" not in log.read_text()
    assert len(history.kept) > number
    assert len(history.read_events) > number


async def life(served: Server, store: Store, history: History, draw: random.Random) -> None:
    """Clients at work until the server is killed under their hands."""
    clients = [
        asyncio.create_task(work(served, store, history, random.Random(draw.random())))
        for _ in range(CLIENTS)
    ]
    # Counted in answers, so that a slow machine sees as much as a fast one; then any moment of the next few requests.
    enough = history.answers() + draw.randrange(MOST_ANSWERS)
    while history.answers() < enough and not any(task.done() for task in clients):  # noqa: ASYNC110  # clients need not know
        await asyncio.sleep(0.001)
    await asyncio.sleep(draw.uniform(0, 0.03))
    await asyncio.to_thread(served.kill)
    await asyncio.gather(*clients)


async def work(served: Server, store: Store, history: History, draw: random.Random) -> None:
    """One client: stores and reads in turn as they come, until nobody answers."""
    async with (
        client(served, store, "checkout", "order") as checkout,
        client(served, store, "shipping", "delivery") as shipping,
    ):
        try:
            while True:
                if draw.random() < 0.5 or not history.kept:
                    await store_one(checkout, history, draw)
                else:
                    await read_one(shipping if draw.random() < 0.4 else checkout, history, draw)
        except httpx.TransportError:
            history.unanswered += 1


async def store_one(http: httpx.AsyncClient, history: History, draw: random.Random) -> None:
    body = delivery(
        f"customer-{draw.randrange(40)}",
        recipient=f"Nguyễn Văn {draw.randbytes(6).hex()}",
        phone=f"09{draw.randrange(10**8):08}",
        note=draw.choice(["ngắn", "dài " * 100]),
    )
    answer = await http.post("/v1/records", json=body)
    if answer.status_code != 201:
        history.wrong.append(f"store: {answer.status_code}")
        return
    stored = answer.json()
    history.kept[stored["id"]] = body["fields"]
    history.subjects[stored["id"]] = stored["subject"]
    history.store_events[stored["receipt"]["event"]] = stored["id"]


async def read_one(http: httpx.AsyncClient, history: History, draw: random.Random) -> None:
    record = draw.choice(list(history.kept))
    answer = await http.get(f"/v1/records/{record}")
    if answer.status_code != 200:
        history.wrong.append(f"read: {answer.status_code}")
        return
    history.read_events.add(answer.json()["receipt"]["event"])
    seen = answer.json()["fields"]
    plain = {name: f["value"] for name, f in seen.items() if f["form"] == "plain"}
    if any(history.kept[record][name] != value for name, value in plain.items()):
        history.wrong.append("read: another value")


async def look(served: Server, url: str, store: Store, history: History, *, whole: bool) -> None:
    """Compares: all of the history, or a part that was made of late; and the database by itself."""
    assert history.wrong == []
    kept = list(history.kept.items())[-(len(history.kept) if whole else 150) :]
    async with client(served, store, "checkout", "order") as checkout:
        for record, values in kept:
            answer = await checkout.get(f"/v1/records/{record}")
            assert answer.status_code == 200, f"I1: {record} was acknowledged and is not there"
            assert {n: f["value"] for n, f in answer.json()["fields"].items()} == values, f"I1: {record}"
            assert answer.json()["subject"] == history.subjects[record]
    async with client(served, store, "compliance", None) as compliance:
        if whole:
            disclosed = await all_events(compliance, "record.disclose")
            assert history.read_events <= disclosed, "I2: values left without an event"
            created = await all_events(compliance, "record.store")
            assert history.store_events.keys() <= created, "I2: a store was acknowledged without an event"
            await assert_whole(url, len(created))


async def all_events(compliance: httpx.AsyncClient, action: str) -> set[str]:
    found: set[str] = set()
    query = {"action": action, "limit": "1000"}
    while True:
        page = (await compliance.get("/v1/audit/events", params=query)).json()
        found |= {item["id"] for item in page["items"] if item["outcome"] != "denied"}
        if page["next"] is None:
            return found
        query["cursor"] = page["next"]


async def assert_whole(url: str, stores: int) -> None:
    """I3: as many records as events of stores, and each with all its fields."""
    database = Database(url)
    try:
        ids = {row.id for row in await database.read(TENANT, select(records.c.id))}
        fields = await database.read(TENANT, select(field_values.c.record, field_values.c.field))
    finally:
        await database.close()
    assert len(ids) == stores, "I3: a record without an event, or an event of a store without a record"
    names: dict[Any, set[str]] = {record: set() for record in ids}
    for row in fields:
        names[row.record].add(row.field)
    assert [text_of("rec", record) for record, found in names.items() if found != _FIELDS] == [], "I3"


def client(served: Server, store: Store, caller: str, purpose: str | None) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {store.prepared.callers[caller].key}"}
    if purpose:
        headers["Vault-Purpose"] = purpose
    return httpx.AsyncClient(base_url=served.base_url, headers=headers, timeout=30, trust_env=False)
