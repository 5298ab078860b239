"""F-14: two resolvers of one use, and 2–16 writers on one version: one of them wins each time, and the others are told.

A commit runs 200 races of resolvers on each database and 200 of writers in all, a release ten times as many.
"""

import asyncio
import os
import random
from collections.abc import Coroutine
from typing import Any, Final

import httpx
import pytest

from tests.support.orders import ADDRESS, delivery, events, stored
from tests.support.vaults import Vault

SEED: Final = int(os.environ.get("KIN_FAULT_SEED", "14"))
RESOLVER_RACES: Final = [pytest.param(200, id="200"), pytest.param(2_000, id="2000", marks=pytest.mark.long)]
WRITER_RACES: Final = [pytest.param(200, id="200"), pytest.param(1_000, id="1000", marks=pytest.mark.long)]


async def late(draw: random.Random, request: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
    """The answer to a request that begins up to two milliseconds from now."""
    await asyncio.sleep(draw.random() * 0.002)
    return await request


async def tokens_of_one_use(vault: Vault, number: int) -> list[str]:
    """That many tokens, each for the address of a record of its own."""
    checkout, shipping, tokens = vault.client("checkout", "order"), vault.client("shipping"), []
    for first in range(0, number, 500):
        bodies = [delivery(f"customer-{n}") for n in range(first, min(first + 500, number))]
        kept = await checkout.post("/v1/records/store", json={"records": bodies})
        for item in kept.json()["items"]:
            order = {"record": item["id"], "fields": ["address"], "purpose": "delivery", "uses": 1}
            answer = await shipping.post("/v1/tokens", json=order)
            tokens.append(answer.json()["items"][0]["token"])
    return tokens


@pytest.mark.parametrize("races", RESOLVER_RACES)
async def test_two_resolvers_of_one_use(vault: Vault, races: int) -> None:
    draw = random.Random(SEED)
    tokens = await tokens_of_one_use(vault, races)
    carriers = [vault.client(name, "delivery") for name in ("carrier", "carrier-2")]
    for token in tokens:
        answers = await asyncio.gather(
            *(late(draw, c.post("/v1/tokens/resolve", json={"tokens": [token]})) for c in carriers)
        )
        items = [answer.json()["items"][0] for answer in answers]
        given = [item["value"] for item in items if "value" in item]
        refused = [item["problem"]["code"] for item in items if "problem" in item]
        assert (given, refused) == ([ADDRESS], ["not-found"]), f"seed {SEED}"
    newest = await events(vault, action="token.resolve")
    outcomes = [one["outcome"] for one in newest[: 2 * min(races, 200)]]
    assert outcomes.count("allowed") == outcomes.count("denied") == min(races, 200)


@pytest.mark.parametrize("races", WRITER_RACES)
async def test_writers_on_one_version(vault: Vault, races: int) -> None:
    draw = random.Random(SEED)
    parcel = await stored(vault, delivery(note="0"))
    path, client = parcel.headers["location"], vault.client("checkout", "order")
    note = "0"
    for version in range(1, races + 1):
        names = [f"{version}.{n}" for n in range(draw.randint(2, 16))]
        tag = {"If-Match": f'"{version}"'}
        writers = [client.patch(path, json={"fields": {"note": name}}, headers=tag) for name in names]
        *written, seen = await asyncio.gather(
            *(late(draw, writer) for writer in writers),
            late(draw, client.get(path, params={"fields": "note"})),
        )
        codes = [answer.status_code for answer in written]
        assert sorted(codes) == [200, *[412] * (len(names) - 1)], f"seed {SEED}"
        winner = codes.index(200)
        assert written[winner].headers["etag"] == f'"{version + 1}"'
        # A reader in between sees the version before with its value, or the version after with its own.
        shown = (seen.json()["version"], seen.json()["fields"]["note"]["value"])
        assert shown in {(version, note), (version + 1, names[winner])}, f"seed {SEED}"
        note = names[winner]
    last = (await client.get(path, params={"fields": "note"})).json()
    assert (last["version"], last["fields"]["note"]["value"]) == (races + 1, note)
    recorded = [one for one in await events(vault, action="record.change") if one["outcome"] == "allowed"]
    assert len(recorded) == races
