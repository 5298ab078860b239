"""E-02: erasure against everything else that can be under way for the same person, in every process of the vault (I6, I8).

Each round a person is stored, then erased while others read, change, delete, search, store, issue and resolve tokens, consent,
hold, sign in, assign, export, open purposes and requests, and ask for orders, in any process. Every answer is a success or a
clean refusal; what was acknowledged as gone is gone in every process, and no row is left that belongs to nobody.
`KIN_FAULT_SEED` repeats a run.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from app.kernel.ids import parse_id
from app.storage.engine import Database
from tests.support.erasing import rows
from tests.support.orders import EVIDENCE, Body, buyer, delivery
from tests.support.people import in_days
from tests.support.served_vaults import Hands, served_erasing_vault
from tests.support.vaults import Store

SEED: Final = int(os.environ.get("KIN_FAULT_SEED", "20261122"))
SOME: Final = 200
ALL: Final = 1000
AT_ONCE: Final = 4
LANES: Final = 2
APART: Final = 0.02
"""How far apart the calls of a round may begin, in seconds: about as long as an erasure takes."""
CLEAN: Final = {200, 201, 204, 403, 404, 409, 412, 422, 503}
ORDER: Final = {"Vault-Purpose": "order"}
DELIVERY: Final = {"Vault-Purpose": "delivery"}
OWN: Final = {"Vault-Purpose": "subject-request", "Vault-Case": "dsr/1"}


@dataclass(frozen=True, slots=True)
class Somebody:
    """A stored person: the answers to the stores, a token for the parcel's address, their telephone, who may be assigned."""

    ref: str
    one: Body
    parcel: Body
    token: str
    phone: str
    staff: str


Act = Callable[[Hands, Somebody], Awaitable[httpx.Response]]


@pytest.mark.timeout(240)
def test_some_rounds(store: Store, tmp_path: Path) -> None:
    programme(store, tmp_path, SOME)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_whole_number_of_rounds(store: Store, tmp_path: Path) -> None:
    programme(store, tmp_path, ALL)


def programme(store: Store, directory: Path, number: int) -> None:
    """So many rounds, a few at a time, against one vault."""
    with served_erasing_vault(store, directory) as served:
        outcomes = asyncio.run(rounds([each.base_url for each in served.processes], store, number))
        print(f"seed {SEED}: {number} rounds in {len(served.processes)} processes, {dict(outcomes)}")
        assert outcomes["erased"] > number // 2
        asyncio.run(no_orphans(served.url))
        assert "internal-error" not in served.log.read_text()


async def rounds(urls: list[str], store: Store, number: int) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    waiting = list(range(number))
    async with AsyncExitStack() as stack:
        vaults = [await stack.enter_async_context(Hands(url, store)) for url in urls]

        async def lane() -> None:
            while waiting:
                of_round = waiting.pop()
                outcome = await one_round(vaults, store, of_round, random.Random(SEED * ALL + of_round))
                outcomes[outcome] += 1

        await asyncio.gather(*(lane() for _ in range(LANES)))
    return outcomes


async def one_round(vaults: list[Hands], store: Store, number: int, draw: random.Random) -> str:
    """One person, erased in the middle of it; `erased` or `held`."""
    somebody = await stored(draw.choice(vaults), store, number)
    path = f"/v1/subjects/{somebody.one['subject']}/erase"
    calls = [ACTS[name](draw.choice(vaults), somebody) for name in draw.sample(sorted(ACTS), AT_ONCE)]
    erasing = draw.choice(vaults).send("privacy-officer", "POST", path)
    calls.insert(draw.randrange(AT_ONCE + 1), erasing)
    answers = await asyncio.gather(*(late(each, draw.random() * APART) for each in calls))
    assert {answer.status_code for answer in answers} <= CLEAN, [answer.text for answer in answers]
    certificate = await draw.choice(vaults).send("privacy-officer", "POST", path)
    assert certificate.status_code == 200, certificate.text
    if certificate.json()["held"]:
        await held(draw.choice(vaults), somebody, answers)
        return "held"
    assert certificate.json()["key_destroyed"] is True
    for vault in vaults:
        await gone(vault, somebody)
    return "erased"


async def stored(vault: Hands, store: Store, number: int) -> Somebody:
    """A buyer, a parcel, and a token for its address."""
    ref, phone = f"customer-{number}", f"0903{number:06}"
    one = (await vault.send("checkout", "POST", "/v1/records", buyer(ref, phone=phone), ORDER)).json()
    parcel = (await vault.send("checkout", "POST", "/v1/records", delivery(ref, phone=phone), ORDER)).json()
    read = await vault.send("shipping", "GET", f"/v1/records/{parcel['id']}", None, DELIVERY)
    token = read.json()["fields"]["address"]["value"]
    return Somebody(ref, one, parcel, token, phone, store.prepared.callers["support"].id)


async def gone(vault: Hands, of: Somebody) -> None:
    """Nothing of the person is in this process."""
    for record, caller, purpose in ((of.one, "checkout", ORDER), (of.parcel, "shipping", DELIVERY)):
        read = await vault.send(caller, "GET", f"/v1/records/{record['id']}", None, purpose)
        assert read.status_code == 404, read.text
    found = await ACTS["search"](vault, of)
    assert (found.status_code, found.json().get("items")) == (200, [])
    resolved = await ACTS["resolve"](vault, of)
    assert [item["problem"]["code"] for item in resolved.json()["items"]] == ["not-found"]


async def held(vault: Hands, of: Somebody, answers: list[httpx.Response]) -> None:
    """A hold was placed first: nothing of the person was erased."""
    assert any(answer.status_code == 201 and "hld_" in answer.text for answer in answers)
    shown = await vault.send("privacy-officer", "GET", f"/v1/records/{of.one['id']}", None, OWN)
    assert shown.json()["fields"]["full_name"]["form"] == "plain"


async def late(sent: Awaitable[httpx.Response], seconds: float) -> httpx.Response:
    """The call, a little later."""
    await asyncio.sleep(seconds)
    return await sent


def _of(caller: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Act:
    """A call with the person put into its path and body."""

    async def act(vault: Hands, of: Somebody) -> httpx.Response:
        where = path.format(subject=of.one["subject"], buyer=of.one["id"], parcel=of.parcel["id"])
        return await vault.send(caller, method, where, body(of) if body else None, headers)

    return act


async def _kept(vault: Hands, of: Somebody) -> httpx.Response:
    headers = DELIVERY | {"Idempotency-Key": str(of.parcel["id"])}
    return await vault.send("shipping", "POST", "/v1/tokens", _token(of), headers)


def _token(of: Somebody) -> Body:
    return {"record": of.parcel["id"], "fields": ["address"], "purpose": "delivery"}


def _subject(of: Somebody, **more: Any) -> Body:
    return {"subject": of.one["subject"], **more}


CHANGE: Final = {"fields": {"phone": "0909 999 999", "note": None}}
ACTS: Final[dict[str, Act]] = {
    "read": _of("checkout", "GET", "/v1/records/{buyer}", headers=ORDER),
    "read with tokens": _of("shipping", "GET", "/v1/records/{parcel}", headers=DELIVERY),
    "change": _of("checkout", "PATCH", "/v1/records/{parcel}", lambda _: CHANGE, ORDER | {"If-Match": '"1"'}),
    "delete": _of("checkout", "DELETE", "/v1/records/{parcel}", headers=ORDER),
    "search": _of(
        "checkout", "POST", "/v1/records/search",
        lambda of: {"collection": "buyer", "field": "phone", "equals": of.phone}, ORDER,
    ),
    "store for the id": _of(
        "checkout", "POST", "/v1/records", lambda of: delivery({"id": of.one["subject"]}, phone=of.phone), ORDER
    ),
    "store for an unknown": _of("checkout", "POST", "/v1/records", lambda of: buyer(f"new-{of.ref}"), ORDER),
    "token": _of("shipping", "POST", "/v1/tokens", _token, DELIVERY),
    "token under a key": _kept,
    "resolve": _of("carrier", "POST", "/v1/tokens/resolve", lambda of: {"tokens": [of.token]}, DELIVERY),
    "consent": _of(
        "checkout", "POST", "/v1/subjects/{subject}/consents", lambda _: {"purpose": "marketing-sms", **EVIDENCE}
    ),
    "objection": _of("privacy-officer", "POST", "/v1/subjects/{subject}/objection", lambda _: {}),
    "hold": _of("legal", "POST", "/v1/holds", lambda of: _subject(of, case="c", reason="x")),
    "session": _of("privacy-officer", "POST", "/v1/subjects/{subject}/sessions", lambda _: {}),
    "assignment": _of(
        "privacy-officer", "POST", "/v1/assignments",
        lambda of: _subject(of, caller=of.staff, case="t/1", until=in_days(1)),
    ),
    "binding": _of(
        "checkout", "POST", "/v1/records/{buyer}/bindings", lambda _: {"purpose": "payment", "ref": "x"}
    ),
    "request": _of("privacy-officer", "POST", "/v1/requests", lambda of: _subject(of, kind="access", words="x")),
    "export": _of("privacy-officer", "GET", "/v1/subjects/{subject}/export", headers=OWN),
    "order": _of(
        "legal", "POST", "/v1/orders",
        lambda of: {"purpose": "legal-claim", "case": "c", "subjects": [of.one["subject"]], "fields": ["buyer.phone"]},
    ),
    "restriction": _of("privacy-officer", "PUT", "/v1/subjects/{subject}/restriction", lambda _: {"reason": "x"}),
    "erase": _of("privacy-officer", "POST", "/v1/subjects/{subject}/erase"),
}  # fmt: skip


async def no_orphans(url: str) -> None:
    """Every row's person and record are there."""
    database = Database(url)
    there = await rows(database)
    await database.close()
    people, records = ({row._mapping["id"] for row in there[name]} for name in ("subjects", "records"))
    orphans = [
        (table, column)
        for column, known in (("subject", people), ("record", records))
        for table, found in there.items()
        for row in found
        if table not in {"certificates", "requests", "audit_events"}
        and row._mapping.get(column) is not None
        and row._mapping[column] not in known
    ]
    assert orphans == []
    notes = [row._mapping["note"] for row in there["certificates"] if row._mapping["key_destroyed"]]
    assert {parse_id("sub", _subject_in(note)) for note in notes}.isdisjoint(people)


def _subject_in(note: str) -> str:
    return "sub_" + note.partition('"subject":"sub_')[2][:26]
