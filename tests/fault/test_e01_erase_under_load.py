"""E-01: people are erased under load, and looked for everywhere: in every API of every process after each acknowledgement, in
every table and file in the end (I6).

Readers, searchers and resolvers go on all the while. What they were given must have been asked for before the erasure was
acknowledged. `KIN_FAULT_SEED` repeats a run.
"""

import asyncio
import os
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from app.rights.ledger import lines_in
from app.storage.engine import Database
from tests.support.erasing import rows, spellings_of, tables_naming
from tests.support.leaks import leaks
from tests.support.orders import ADDRESS, Body, buyer, delivery
from tests.support.served_vaults import Hands, served_erasing_vault
from tests.support.servers import Server
from tests.support.vaults import Store

SEED: Final = int(os.environ.get("KIN_FAULT_SEED", "20261122"))
SOME: Final = 50
ALL: Final = 500
ERASERS: Final = 4
ORDER: Final = {"Vault-Purpose": "order"}
DELIVERY: Final = {"Vault-Purpose": "delivery"}


@dataclass(slots=True)
class Somebody:
    """A person as the shop knows them, and when the vault said that they were erased."""

    ref: str
    phone: str
    name: str
    key: str
    buyer: Body = field(default_factory=dict)
    parcel: Body = field(default_factory=dict)
    token: str = ""
    gone_at: float = float("inf")

    @property
    def subject(self) -> str:
        return str(self.buyer["subject"])


@pytest.mark.timeout(240)
def test_fifty_people(store: Store, tmp_path: Path) -> None:
    programme(store, tmp_path, SOME)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_five_hundred_people(store: Store, tmp_path: Path) -> None:
    programme(store, tmp_path, ALL)


def programme(store: Store, directory: Path, number: int) -> None:
    """One vault, in as many processes as its database allows, and the people in it."""
    draw = random.Random(SEED)
    people = [somebody(i, draw) for i in range(number)]
    with served_erasing_vault(store, directory) as served:
        asyncio.run(erased_under_load(served.processes, store, people, served.url, draw))
        asyncio.run(nothing_left(served.url, people))
        for process in served.processes:
            process.kill()
        values = [value for one in people for value in (one.name, one.phone[1:])]
        assert leaks([served.log, *directory.glob("kin.db*"), directory / "erasures"], values) == []
        assert "internal-error" not in served.log.read_text()
    lines = list(lines_in(directory / "erasures"))
    assert len({line.subject for line in lines}) == number
    assert all(line.everything for line in lines)


def somebody(number: int, draw: random.Random) -> Somebody:
    phone = f"09{draw.randrange(10**8):08}"
    return Somebody(f"customer-{number}", phone, f"Nguyễn Văn {draw.randbytes(8).hex()}", f"parcel-{number}")


async def erased_under_load(
    served: Sequence[Server], store: Store, people: list[Somebody], url: str, draw: random.Random
) -> None:
    async with AsyncExitStack() as stack:
        vaults = [await stack.enter_async_context(Hands(each.base_url, store)) for each in served]
        for one in people:
            await stored(draw.choice(vaults), one)
        for vault in vaults:  # a look that never finds anybody would find nothing afterwards either
            assert [what for what in LOOKS if not found(await LOOK[what](vault, people[0]))] == []
        database = Database(url)
        secret = [bytes(row.wrapped_key) for row in (await rows(database))["subjects"]]
        await database.close()
        wrong: list[str] = []
        load = [
            asyncio.create_task(forever(draw.choice(vaults), people, random.Random(draw.random()), wrong))
            for _ in range(3)
        ]
        waiting = list(people)
        await asyncio.gather(*(erase_all(vaults, waiting, wrong, number) for number in range(ERASERS)))
        for task in load:
            task.cancel()
        ended = await asyncio.gather(*load, return_exceptions=True)
        assert [each for each in ended if not isinstance(each, asyncio.CancelledError)] == []
        assert wrong == []
    if url.startswith("sqlite"):
        for path in Path(url.removeprefix("sqlite:///")).parent.glob("kin.db*"):
            content = path.read_bytes()
            assert not any(key in content for key in secret), f"a destroyed key is still in {path.name}"


async def stored(vault: Hands, one: Somebody) -> None:
    """A buyer, a parcel stored under an idempotency key, and a token for its address."""
    body = buyer(one.ref, full_name=one.name, phone=one.phone, address=ADDRESS)
    one.buyer = (await vault.send("checkout", "POST", "/v1/records", body, ORDER)).json()
    sent = await vault.send(
        "checkout", "POST", "/v1/records", parcel(one), ORDER | {"Idempotency-Key": one.key}
    )
    one.parcel = sent.json()
    read = await vault.send("shipping", "GET", f"/v1/records/{one.parcel['id']}", None, DELIVERY)
    one.token = read.json()["fields"]["address"]["value"]


def parcel(one: Somebody) -> Body:
    return delivery(one.ref, recipient=one.name, phone=one.phone)


async def forever(vault: Hands, people: list[Somebody], draw: random.Random, wrong: list[str]) -> None:
    """A reader of whoever comes, until cancelled."""
    while True:
        one = draw.choice(people)
        for what in draw.sample(LOOKS, 3):
            await look(vault, one, what, wrong)


async def look(vault: Hands, one: Somebody, what: str, wrong: list[str]) -> None:
    """One way of finding somebody; something found must have been asked for before their erasure was acknowledged."""
    began = time.monotonic()
    answer = await LOOK[what](vault, one)
    if answer.status_code >= 500 and answer.status_code != 503:
        wrong.append(f"{what}: {answer.status_code}")
    if began > one.gone_at and (answer.status_code == 503 or found(answer)):
        wrong.append(f"{what}: {answer.status_code} after the acknowledgement")


async def erase_all(vaults: list[Hands], waiting: list[Somebody], wrong: list[str], number: int) -> None:
    """Takes one person after the other; looks in every process after each acknowledgement."""
    while waiting:
        one = waiting.pop()
        path = f"/v1/subjects/{one.subject}/erase"
        answer = await vaults[number % len(vaults)].send("privacy-officer", "POST", path)
        one.gone_at = time.monotonic()
        if answer.status_code != 200 or not answer.json()["key_destroyed"]:
            wrong.append(f"erase: {answer.status_code}")
        for vault in vaults:
            for what in LOOKS:
                await look(vault, one, what, wrong)


def found(answer: httpx.Response) -> bool:
    """Whether an answer tells anything of the person: a success that is not an empty list or a list of problems."""
    if answer.status_code >= 300:
        return False
    items = answer.json().get("items")
    return items is None or any("problem" not in item and item.get("status") != 404 for item in items)


async def _sent_again(vault: Hands, one: Somebody) -> httpx.Response:
    """The store of the parcel again, under its key: the kept answer, or that there is nothing any more."""
    return await vault.send(
        "checkout", "POST", "/v1/records", parcel(one), ORDER | {"Idempotency-Key": one.key}
    )


def _look(caller: str, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
    async def one_look(vault: Hands, one: Somebody) -> httpx.Response:
        return await vault.send(caller, method, path.format(one=one), body(one), headers)

    return one_look


LOOK: Final[dict[str, Any]] = {
    "read": _look("checkout", "GET", "/v1/records/{one.parcel[id]}", lambda _: None, ORDER),
    "read by shipping": _look("shipping", "GET", "/v1/records/{one.parcel[id]}", lambda _: None, DELIVERY),
    "batch": _look("checkout", "POST", "/v1/records/read", lambda o: {"ids": [o.parcel["id"], o.buyer["id"]]}, ORDER),
    "search": _look(
        "checkout", "POST", "/v1/records/search",
        lambda o: {"collection": "delivery", "field": "phone", "equals": o.phone}, ORDER,
    ),
    "resolve": _look("carrier", "POST", "/v1/tokens/resolve", lambda o: {"tokens": [o.token]}, DELIVERY),
    "tokens": _look("shipping", "GET", "/v1/tokens?record={one.parcel[id]}", lambda _: None, DELIVERY),
    "sent again": _sent_again,
    "find": _look("privacy-officer", "POST", "/v1/subjects/find", lambda o: {"ref": o.ref}, {}),
    "page": _look("privacy-officer", "GET", "/v1/subjects/{one.buyer[subject]}", lambda _: None, {}),
    "accesses": _look("compliance", "GET", "/v1/subjects/{one.buyer[subject]}/accesses", lambda _: None, {}),
}  # fmt: skip
LOOKS: Final = list(LOOK)


async def nothing_left(url: str, people: list[Somebody]) -> None:
    """No row names anybody but the certificates, and kept answers that no key opens any more."""
    database = Database(url)
    found_in = await tables_naming(
        database, spellings_of(b for one in people for b in (one.buyer, one.parcel))
    )
    left = {name for name, there in (await rows(database)).items() if there} & OF_PEOPLE
    await database.close()
    assert found_in <= {"certificates", "kept_answers"}
    assert left == set()


OF_PEOPLE: Final = {
    "subjects", "subject_refs", "records", "field_values", "search_index", "tokens", "bindings", "consents", "sessions",
    "holds", "assignments", "order_subjects", "wrong_answers",
}  # fmt: skip
