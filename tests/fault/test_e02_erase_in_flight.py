"""E-02: erasure against everything else that can be under way for the same person (I6, I8).

Each round a person is stored, then erased while others read, change, delete, store, issue tokens, consent, hold, sign in, assign,
open purposes and ask for orders. Every answer is a success or a clean refusal; what was acknowledged as gone is gone, and no row
is left that belongs to nobody. `KIN_FAULT_SEED` repeats a run.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from app.kernel.ids import parse_id
from tests.support.erasing import erasing_vault, rows
from tests.support.orders import EVIDENCE, Body, buyer, delivery
from tests.support.people import call, forms, in_days, stored_buyer, stored_delivery
from tests.support.vaults import Store, Vault

SEED: Final = int(os.environ.get("KIN_FAULT_SEED", "20261122"))
SOME: Final = 100
ALL: Final = 1000
AT_ONCE: Final = 4
CLEAN: Final = {200, 201, 204, 403, 404, 409, 412, 422, 503}
Act = Callable[[Vault, Body, Body], Awaitable[httpx.Response]]


@pytest.fixture
async def vault(store: Store, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault that can erase, on each database in turn."""
    async with erasing_vault(store, tmp_path) as running:
        yield running


@pytest.mark.timeout(240)
async def test_some_rounds(vault: Vault) -> None:
    await programme(vault, SOME)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_the_whole_number_of_rounds(vault: Vault) -> None:
    await programme(vault, ALL)


async def programme(vault: Vault, number: int) -> None:
    draw = random.Random(SEED)
    outcomes: dict[str, int] = {}
    for done in range(number):
        names = draw.sample(sorted(ACTS), AT_ONCE)
        outcome = await one_round(vault, f"customer-{done}", [ACTS[name] for name in names], draw)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    print(f"seed {SEED}: {number} rounds, {outcomes}")
    assert outcomes["erased"] > number // 2
    await no_orphans(vault)


async def one_round(vault: Vault, ref: str, acts: list[Act], draw: random.Random) -> str:
    """One person, erased in the middle of it; `erased` or `held`."""
    one, parcel = await stored_buyer(vault, ref), await stored_delivery(vault, ref)
    path = f"/v1/subjects/{one['subject']}/erase"
    calls = [act(vault, one, parcel) for act in acts]
    calls.insert(draw.randrange(len(calls) + 1), call(vault, "privacy-officer", "POST", path))
    answers = await asyncio.gather(*(late(each, draw.randrange(12)) for each in calls))
    assert {answer.status_code for answer in answers} <= CLEAN, [a.text for a in answers]
    certificate = await call(vault, "privacy-officer", "POST", path)
    assert certificate.status_code == 200, certificate.text
    document = certificate.json()
    if document["held"]:
        await held(vault, one, answers)
        return "held"
    assert document["key_destroyed"] is True
    for record, caller, purpose in ((one, "checkout", "order"), (parcel, "shipping", "delivery")):
        gone = await call(vault, caller, "GET", f"/v1/records/{record['id']}", purpose=purpose)
        assert gone.status_code == 404, gone.text
    return "erased"


async def held(vault: Vault, one: Body, answers: list[httpx.Response]) -> None:
    """A hold was placed first: nothing of the person was erased."""
    assert any(answer.status_code == 201 and "hld_" in answer.text for answer in answers)
    shown = await forms(vault, "privacy-officer", one["id"], "subject-request", case="dsr/1")
    assert shown["full_name"] == "plain"


async def late(sent: Awaitable[httpx.Response], turns: int) -> httpx.Response:
    """The call, so many turns of the loop later."""
    for _ in range(turns):
        await asyncio.sleep(0)
    return await sent


def _of(caller: str, method: str, path: str, body: Any = None, purpose: str | None = None) -> Act:
    """A call with the person, the buyer and the parcel put into its path and body."""

    async def act(vault: Vault, one: Body, parcel: Body) -> httpx.Response:
        given = body(vault, one, parcel) if body else None
        where = path.format(subject=one["subject"], buyer=one["id"], parcel=parcel["id"])
        return await call(vault, caller, method, where, given, purpose=purpose)

    return act


async def _changed(vault: Vault, one: Body, parcel: Body) -> httpx.Response:
    client = vault.client("checkout", "order")
    body = {"fields": {"phone": "0909 999 999", "note": None}}
    return await client.patch(f"/v1/records/{parcel['id']}", json=body, headers={"If-Match": '"1"'})


async def _kept(vault: Vault, one: Body, parcel: Body) -> httpx.Response:
    client, body = vault.client("shipping", "delivery"), _token(vault, one, parcel)
    return await client.post("/v1/tokens", json=body, headers={"Idempotency-Key": str(parcel["id"])})


def _token(vault: Vault, one: Body, parcel: Body) -> Body:
    return {"record": parcel["id"], "fields": ["address"], "purpose": "delivery"}


def _assignment(vault: Vault, one: Body, parcel: Body) -> Body:
    return {
        "caller": vault.callers["support"].id,
        "subject": one["subject"],
        "case": "t/1",
        "until": in_days(1),
    }


def _order(vault: Vault, one: Body, parcel: Body) -> Body:
    return {"purpose": "legal-claim", "case": "c", "subjects": [one["subject"]], "fields": ["buyer.phone"]}


ACTS: Final[dict[str, Act]] = {
    "read": _of("checkout", "GET", "/v1/records/{buyer}", purpose="order"),
    "read with tokens": _of("shipping", "GET", "/v1/records/{parcel}", purpose="delivery"),
    "change": _changed,
    "delete": _of("checkout", "DELETE", "/v1/records/{parcel}", purpose="order"),
    "store for the id": _of(
        "checkout", "POST", "/v1/records", lambda _, one, __: delivery({"id": one["subject"]}), "order"
    ),
    "store for an unknown": _of("checkout", "POST", "/v1/records", lambda *_: buyer("somebody else"), "order"),
    "token": _of("shipping", "POST", "/v1/tokens", _token, "delivery"),
    "token under a key": _kept,
    "consent": _of(
        "checkout", "POST", "/v1/subjects/{subject}/consents", lambda *_: {"purpose": "marketing-sms", **EVIDENCE}
    ),
    "hold": _of(
        "legal", "POST", "/v1/holds", lambda _, one, __: {"subject": one["subject"], "case": "c", "reason": "x"}
    ),
    "session": _of("privacy-officer", "POST", "/v1/subjects/{subject}/sessions", lambda *_: {}),
    "assignment": _of("privacy-officer", "POST", "/v1/assignments", _assignment),
    "binding": _of(
        "checkout", "POST", "/v1/records/{buyer}/bindings", lambda *_: {"purpose": "payment", "ref": "x"}
    ),
    "order": _of("legal", "POST", "/v1/orders", _order),
    "restriction": _of("privacy-officer", "PUT", "/v1/subjects/{subject}/restriction", lambda *_: {"reason": "x"}),
    "erase": _of("privacy-officer", "POST", "/v1/subjects/{subject}/erase"),
}  # fmt: skip


async def no_orphans(vault: Vault) -> None:
    """Every row's person and record are there."""
    there = await rows(vault.parts.database)
    people, records = ({row.id for row in there[name]} for name in ("subjects", "records"))
    orphans = [
        (table, column)
        for column, known in (("subject", people), ("record", records))
        for table, found in there.items()
        for row in found
        if table not in {"certificates", "requests", "audit_events"}
        and getattr(row, column, None) is not None
        and getattr(row, column) not in known
    ]
    assert orphans == []
    erased = {parse_id("sub", _subject_in(row.note)) for row in there["certificates"] if row.key_destroyed}
    assert erased.isdisjoint(people)


def _subject_in(note: str) -> str:
    return "sub_" + note.partition('"subject":"sub_')[2][:26]
