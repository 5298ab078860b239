"""Batches: in order, each item judged as if it came alone, one event an item (F-16)."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.identity.issue import Actor
from app.kernel.ids import new_uuid, text_of
from app.notice.reference import reference_notice, reference_source
from app.wiring.install import install_tenant
from tests.support.orders import (
    ADDRESS,
    Body,
    account,
    buyer,
    codes,
    delivery,
    event,
    events_of,
    problem,
    read,
    record,
    stored,
)
from tests.support.vaults import CallerKey, Store, Vault, running_vault

EVERY_REQUEST_HAS_ITS_OWN: Final = {"request_id", "event", "events"}
A_FEW: Final = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MANY: Final = settings(A_FEW, max_examples=85)


@dataclass(frozen=True, slots=True)
class World:
    """A vault with one of each: records and tokens that are there, and those that are not for us."""

    vault: Vault
    records: dict[str, str]
    tokens: dict[str, str]


@pytest.fixture
async def world(store: Store, tmp_path: Path) -> AsyncIterator[World]:
    """The vault, with a second tenant in it."""
    async with running_vault(store, tmp_path) as vault:
        neighbour = await another_tenant(vault)
        parcels = {
            "allowed": await stored(vault, delivery("customer-1")),
            "allowed too": await stored(vault, delivery("customer-2", note="tầng 3")),
            "purpose not open": await stored(vault, delivery("customer-1", ("order",))),
            "another collection": await stored(vault, account("customer-1")),
            "deleted": await stored(vault, delivery("customer-3")),
            "foreign": await stored(neighbour, delivery("customer-1")),
        }
        tokens = {name: await token(vault, parcels[name]) for name in ("allowed", "allowed too", "deleted")}
        tokens["another carrier's"] = await token(
            vault, parcels["allowed"], recipient=vault.callers["carrier-2"].id
        )
        tokens["foreign"] = await token(neighbour, parcels["foreign"])
        tokens["used up"] = await token(
            vault, parcels["allowed"], recipient=vault.callers["carrier"].id, uses=1
        )
        await vault.client("carrier", "delivery").post(
            "/v1/tokens/resolve", json={"tokens": [tokens["used up"]]}
        )
        gone = await vault.client("privacy-officer", "subject-request", "case-1").delete(
            parcels["deleted"].headers["location"]
        )
        assert gone.status_code == 204, gone.text
        records = {name: answer.json()["id"] for name, answer in parcels.items()}
        nothing = {"never there": text_of("rec", new_uuid(7)), "malformed": "rec_!", "another id": "sub_1"}
        yield World(vault, records | nothing, tokens | {"malformed": "tok_!", "empty": " "})


async def another_tenant(vault: Vault) -> Vault:
    """The same vault as the callers of a second tenant see it."""
    await install_tenant(vault.parts, "neighbour", reference_source().decode())
    roles = frozenset(reference_notice().roles)
    callers = {}
    for role in ("checkout", "shipping"):
        made = await vault.parts.callers.create("neighbour", role, [role], roles, Actor())
        key = await vault.parts.callers.issue_key("neighbour", made.id, Actor())
        callers[role] = CallerKey(text_of("clr", made.id), key.secret)
    return Vault(
        vault.app, vault.parts, vault.directory, vault.database_url, vault.keyring, callers, vault._stack
    )


async def token(vault: Vault, of: httpx.Response, **more: Any) -> str:
    body = {"record": of.json()["id"], "fields": ["address"], "purpose": "delivery", **more}
    answer = await vault.client("shipping").post("/v1/tokens", json=body)
    assert answer.status_code == 200, answer.text
    text: str = answer.json()["items"][0]["token"]
    return text


def same_for_all(document: Any) -> Any:
    """A document without what tells one request from another."""
    if isinstance(document, dict):
        return {k: same_for_all(v) for k, v in document.items() if k not in EVERY_REQUEST_HAS_ITS_OWN}
    return [same_for_all(item) for item in document] if isinstance(document, list) else document


def without_ids(document: Any) -> Any:
    """The answer to a store without the ids that the vault drew."""
    shown = same_for_all(document)
    drawn = {"id", "subject"}
    return {
        k: [{"purpose": b["purpose"], "state": b["state"]} for b in v] if k == "bindings" else v
        for k, v in shown.items()
        if k not in drawn
    }


def groups(subjects: Sequence[str | None]) -> list[int]:
    """Which items concern the same person: the place of the first one that does."""
    return [subjects.index(subject) for subject in subjects]


# ------------------------------------------------------------------------------------------------ against one by one

WANTED: Final[list[Body]] = [
    {},
    {"form": "masked"},
    {"fields": ["recipient", "phone"]},
    {"fields": ["recipient", "shoe_size"]},
    {"fields": ["note"]},
]
RECORDS: Final = (
    "allowed",
    "allowed too",
    "purpose not open",
    "another collection",
    "deleted",
    "foreign",
    "never there",
    "malformed",
    "another id",
)
TOKENS: Final = (
    "allowed",
    "allowed too",
    "deleted",
    "another carrier's",
    "foreign",
    "used up",
    "malformed",
    "empty",
)
ITEMS: Final[dict[str, Any]] = {
    "parcel": delivery("customer-1"),
    "parcel of another": delivery("customer-2", note="tầng 3"),
    "buyer": buyer("customer-1", consents=("marketing-sms",)),
    "bad number": delivery(phone="12"),
    "two mistakes": delivery(phone="12", address=ADDRESS | {"country": "XX"}),
    "not covered": buyer(birth_date="1990-01-01"),
    "may not": account(),
    "unknown collection": record("seller", "customer-1", ("order",), {}),
    "nobody": delivery({"id": text_of("sub", new_uuid(7))}),
    "unknown member": {**delivery(), "colour": "red"},
    "no person": {**delivery(), "subject": {}},
    "no object": "parcel",
    "nothing": None,
}


def mixes(of: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(of), min_size=10, max_size=30)


async def compare_reads(world: World, mix: list[str], wanted: Body, caller: str, purpose: str) -> None:
    client = world.vault.client(caller, purpose)
    ids = [world.records[name] for name in mix]
    together = await client.post("/v1/records/read", json={"ids": ids, **wanted})
    assert together.status_code == 200, together.text
    query = {k: v if isinstance(v, str) else ",".join(v) for k, v in wanted.items()}
    alone = [(await client.get(f"/v1/records/{text}", params=query)).json() for text in ids]
    assert same_for_all(together.json()["items"]) == same_for_all(alone)


async def compare_stores(world: World, mix: list[str]) -> None:
    client = world.vault.client("checkout", "order")
    together = (
        await client.post("/v1/records/store", json={"records": [ITEMS[name] for name in mix]})
    ).json()
    alone = [
        (await client.post("/v1/records", content=json.dumps(ITEMS[name]), headers=JSON)).json()
        for name in mix
    ]
    assert [without_ids(item) for item in together["items"]] == [without_ids(item) for item in alone]
    assert groups([item.get("subject") for item in together["items"]]) == groups(
        [item.get("subject") for item in alone]
    )


async def compare_resolutions(world: World, mix: list[str], caller: str) -> None:
    client = world.vault.client(caller, "delivery")
    texts = [world.tokens[name] for name in mix]
    together = (await client.post("/v1/tokens/resolve", json={"tokens": texts})).json()
    alone = [
        (await client.post("/v1/tokens/resolve", json={"tokens": [text]})).json()["items"][0]
        for text in texts
    ]
    assert same_for_all(together["items"]) == same_for_all(alone)


JSON: Final = {"content-type": "application/json"}
READERS: Final = st.sampled_from(
    [("shipping", "delivery"), ("checkout", "order"), ("support", "customer-care"), ("compliance", "order")]
)
RESOLVERS: Final = st.sampled_from(["carrier", "carrier-2", "shipping"])


@A_FEW
@given(mix=mixes(RECORDS), wanted=st.sampled_from(WANTED), reader=READERS)
async def test_a_batch_reads_as_one_by_one(
    world: World, mix: list[str], wanted: Body, reader: tuple[str, str]
) -> None:
    await compare_reads(world, mix, wanted, *reader)


@A_FEW
@given(mix=mixes(tuple(ITEMS)))
async def test_a_batch_stores_as_one_by_one(world: World, mix: list[str]) -> None:
    await compare_stores(world, mix)


@A_FEW
@given(mix=mixes(TOKENS), resolver=RESOLVERS)
async def test_a_batch_resolves_as_one_by_one(world: World, mix: list[str], resolver: str) -> None:
    await compare_resolutions(world, mix, resolver)


@pytest.mark.long
@MANY
@given(
    read=mixes(RECORDS),
    wanted=st.sampled_from(WANTED),
    reader=READERS,
    kept=mixes(tuple(ITEMS)),
    resolved=mixes(TOKENS),
    resolver=RESOLVERS,
)
async def test_batches_are_as_one_by_one_many_times(
    world: World,
    read: list[str],
    wanted: Body,
    reader: tuple[str, str],
    kept: list[str],
    resolved: list[str],
    resolver: str,
) -> None:
    await compare_reads(world, read, wanted, *reader)
    await compare_stores(world, kept)
    await compare_resolutions(world, resolved, resolver)


# ------------------------------------------------------------------------------------------------ limits, order, events


async def test_every_item_has_its_own_event_in_order(world: World) -> None:
    vault = world.vault
    names = ["allowed", "purpose not open", "never there", "allowed"]
    answer = await vault.client("shipping", "delivery").post(
        "/v1/records/read", json={"ids": [world.records[name] for name in names]}
    )
    receipt = answer.json()["receipt"]
    assert len(set(receipt["events"])) == 4
    written = [await event(vault, one) for one in receipt["events"]]
    assert [one["outcome"] for one in written] == ["partial", "denied", "denied", "partial"]
    assert {one["id"] for one in await events_of(vault, answer)} == set(receipt["events"])
    items = answer.json()["items"]
    assert [items[0]["receipt"]["event"], items[3]["receipt"]["event"]] == receipt["events"][::3]
    assert items[1]["event"] == receipt["events"][1]


async def test_an_item_that_fails_leaves_the_others(world: World) -> None:
    answer = await world.vault.client("checkout", "order").post(
        "/v1/records/store", json={"records": [delivery("a"), delivery("b", phone="12"), delivery("c")]}
    )
    assert answer.status_code == 200
    first, second, third = answer.json()["items"]
    assert (second["code"], second["status"]) == ("invalid", 422)
    assert [error["pointer"] for error in second["errors"]] == ["/fields/phone"]
    client = world.vault.client("checkout", "order")
    for item in (first, third):
        assert (await client.get(f"/v1/records/{item['id']}")).status_code == 200


@pytest.mark.parametrize(
    ("path", "member", "one"),
    [
        ("/v1/records/read", "ids", "rec_!"),
        ("/v1/records/store", "records", {}),
        ("/v1/tokens/resolve", "tokens", "tok_!"),
    ],
)
@pytest.mark.parametrize("number", [0, 1, 1000, 1001])
async def test_a_batch_has_one_to_a_thousand_items(
    sqlite_vault: Vault, path: str, member: str, one: Any, number: int
) -> None:
    caller, purpose = ("carrier", "delivery") if "tokens" in path else ("checkout", "order")
    answer = await sqlite_vault.client(caller, purpose).post(path, json={member: [one] * number})
    if number in {1, 1000}:
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["items"]) == number
    else:
        assert problem(answer) == (422, "invalid")
        assert codes(answer).keys() == {f"/{member}"}


async def test_a_thousand_records_are_stored_and_read_in_order(vault: Vault) -> None:
    client = vault.client("checkout", "order")
    bodies = [delivery(f"customer-{n % 400}", recipient=f"Người nhận {n}") for n in range(1000)]
    kept = await client.post("/v1/records/store", json={"records": bodies})
    ids = [item["id"] for item in kept.json()["items"]]
    assert len(set(ids)) == 1000
    assert len({item["subject"] for item in kept.json()["items"]}) == 400
    found = await client.post("/v1/records/read", json={"ids": ids[::-1], "fields": ["recipient"]})
    names = [item["fields"]["recipient"]["value"] for item in found.json()["items"]]
    assert names == [f"Người nhận {n}" for n in reversed(range(1000))]
    assert len(set(found.json()["receipt"]["events"])) == 1000


async def test_a_batch_without_a_grant_is_denied_item_by_item_and_looks_at_nothing(world: World) -> None:
    ids = [world.records["allowed"], world.records["never there"]]
    answer = await world.vault.client("compliance", "delivery").post("/v1/records/read", json={"ids": ids})
    first, second = answer.json()["items"]
    assert same_for_all(first) == same_for_all(second)
    assert first["code"] == "disclosure-denied"
    alone = await read(
        world.vault,
        httpx.Response(200, headers={"location": f"/v1/records/{ids[0]}"}),
        "compliance",
        "delivery",
    )
    assert same_for_all(alone.json()) == same_for_all(first)
