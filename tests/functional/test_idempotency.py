"""One effect an idempotency key, whatever happens in between (I9, F-15)."""

import asyncio
import collections
import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import Executable, delete, update

from app.storage.engine import UnitOfWork
from app.storage.failures import DatabaseUnavailable
from app.subjects.tables import subjects
from app.vault.tables import kept_answers
from tests.support.calls import database_calls
from tests.support.orders import delivery, events, problem, stored
from tests.support.vaults import TENANT, Vault


async def store(vault: Vault, key: str, caller: str = "checkout", **fields: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key}
    return await vault.client(caller, "order").post("/v1/records", json=delivery(**fields), headers=headers)


async def stores(vault: Vault) -> int:
    return len(await events(vault, action="record.store"))


async def forgotten(vault: Vault, **values: object) -> None:
    """What a crash leaves: the row as it was before its answer, begun long ago."""
    async with vault.parts.database.bookkeeping(TENANT) as work:
        await work.execute(update(kept_answers).values(**values))


async def test_the_second_gets_the_answer_of_the_first(vault: Vault) -> None:
    first, second = await store(vault, "k"), await store(vault, "k")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert (second.headers["location"], second.headers["etag"]) == (
        first.headers["location"],
        first.headers["etag"],
    )
    assert second.headers["idempotency-replayed"] == "true"
    assert await stores(vault) == 1


async def test_a_store_keeps_its_answer_with_its_effect_and_not_again(vault: Vault) -> None:
    with database_calls(vault) as calls:
        first = await store(vault, "k")
    assert first.status_code == 201
    assert calls.count("transaction") == 2  # begun, and done
    assert (await store(vault, "k")).content == first.content


async def test_ten_at_once_have_one_effect(vault: Vault) -> None:
    for n in range(10):
        answers = await asyncio.gather(*(store(vault, f"k-{n}", subject=f"customer-{n}") for _ in range(10)))
        counted = collections.Counter(answer.status_code for answer in answers)
        assert set(counted) <= {201, 409}
        assert counted[201] >= 1
        assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
        assert {problem(a) for a in answers if a.status_code == 409} <= {(409, "idempotency-in-flight")}
    assert await stores(vault) == 10


async def test_another_body_another_path_another_purpose_is_a_mismatch(vault: Vault) -> None:
    first = await store(vault, "k")
    assert problem(await store(vault, "k", phone="0912 345 678")) == (422, "idempotency-mismatch")
    many = {"records": [delivery()]}
    headers = {"Idempotency-Key": "k"}
    elsewhere = await vault.client("checkout", "order").post("/v1/records/store", json=many, headers=headers)
    assert problem(elsewhere) == (422, "idempotency-mismatch")
    assert (await store(vault, "k")).json() == first.json()


async def test_a_key_is_its_callers_own(vault: Vault) -> None:
    of = await store(vault, "k")
    order = {"record": of.json()["id"], "fields": ["address"], "purpose": "delivery"}
    other = await vault.client("shipping").post("/v1/tokens", json=order, headers={"Idempotency-Key": "k"})
    assert other.status_code == 200


async def test_what_discloses_is_decided_anew(vault: Vault) -> None:
    of = await stored(vault, delivery())
    order = {"record": of.json()["id"], "fields": ["address"], "purpose": "delivery"}
    token = (await vault.client("shipping").post("/v1/tokens", json=order)).json()["items"][0]["token"]
    carrier, headers = vault.client("carrier", "delivery"), {"Idempotency-Key": "k"}
    asked = {"tokens": [token]}
    before = await carrier.post("/v1/tokens/resolve", json=asked, headers=headers)
    assert before.json()["items"][0]["form"] == "plain"
    await vault.client("checkout", "order").delete(of.headers["location"])
    after = await carrier.post("/v1/tokens/resolve", json=asked, headers=headers)
    assert after.json()["items"][0]["problem"]["code"] == "not-found"


async def test_a_refused_request_gives_its_key_back(vault: Vault) -> None:
    assert problem(await store(vault, "k", phone="nonsense")) == (422, "invalid")
    assert (await store(vault, "k")).status_code == 201


@pytest.mark.parametrize(
    ("error", "answered"),
    [(DatabaseUnavailable(), (503, "unavailable")), (ConnectionError(), (500, "internal"))],
    ids=["unavailable", "unforeseen"],
)
async def test_a_failure_without_effect_gives_the_key_back(
    vault: Vault, error: Exception, answered: tuple[int, str]
) -> None:
    async def fails(*_: object) -> object:
        raise error

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(vault.parts.storer), "store", fails)
        assert problem(await store(vault, "k")) == answered
    assert (await store(vault, "k")).status_code == 201
    assert await stores(vault) == 1


async def test_a_failure_after_the_effect_gives_nothing_back(vault: Vault) -> None:
    """The reply to COMMIT was lost: the caller is told 503, and the store is there, with its answer."""
    real = vault.parts.database.transaction

    @asynccontextmanager
    async def cut_off(tenant: str) -> AsyncIterator[UnitOfWork]:
        async with real(tenant) as work:
            yield work
        raise DatabaseUnavailable

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(vault.parts.database, "bookkeeping", copy.copy(vault.parts.database).bookkeeping)
        patched.setattr(vault.parts.database, "transaction", cut_off)
        assert problem(await store(vault, "k")) == (503, "unavailable")
    again = await store(vault, "k")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert await stores(vault) == 1


async def test_after_a_crash_before_the_effect_the_work_is_done(vault: Vault) -> None:
    async def ends_here(*_: object) -> object:
        raise asyncio.CancelledError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(vault.parts.storer), "store", ends_here)
        crashed = asyncio.create_task(store(vault, "k"))
        with pytest.raises(asyncio.CancelledError):
            await crashed
    assert problem(await store(vault, "k")) == (409, "idempotency-in-flight")
    await forgotten(vault, begun_at=vault.parts.clock.now().replace(year=2020))
    assert (await store(vault, "k")).status_code == 201
    assert await stores(vault) == 1


async def test_after_a_crash_between_effect_and_answer_nothing_is_done_again(vault: Vault) -> None:
    of = await stored(vault, delivery())
    order = {"record": of.json()["id"], "fields": ["address"], "purpose": "delivery"}
    headers = {"Idempotency-Key": "k"}
    shipping = vault.client("shipping")
    first = await shipping.post("/v1/tokens", json=order, headers=headers)
    assert first.status_code == 200
    begun = vault.parts.clock.now()
    await forgotten(vault, state="effected", request=first.headers["vault-request"], answer=None)
    assert problem(await shipping.post("/v1/tokens", json=order, headers=headers)) == (
        409,
        "idempotency-in-flight",
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("app.vault.keep_answer.IN_FLIGHT", begun - begun)
        second = await shipping.post("/v1/tokens", json=order, headers=headers)
    assert problem(second) == (409, "conflict")
    assert first.json()["receipt"]["event"] in second.json()["detail"]


@pytest.mark.parametrize(
    "end", [delete(subjects), update(subjects).values(wrapped_key=bytes(61))], ids=["erased", "damaged"]
)
async def test_an_answer_about_somebody_who_is_gone_is_not_found(vault: Vault, end: Executable) -> None:
    first = await store(vault, "k")
    await vault.client("checkout", "order").delete(first.headers["location"])
    async with vault.parts.database.bookkeeping(TENANT) as work:
        await work.execute(end)
    assert problem(await store(vault, "k")) == (404, "not-found")


@pytest.mark.parametrize("key", ["", "with a space", "x" * 129, "ä"])
async def test_a_key_is_printable_and_short(sqlite_vault: Vault, key: str) -> None:
    headers = [(b"idempotency-key", key.encode())]
    client = sqlite_vault.client("checkout", "order")
    request = client.build_request("POST", "/v1/records", json=delivery())
    request.headers.raw.extend(headers)
    request = httpx.Request(
        "POST", request.url, headers=[*request.headers.raw, *headers], content=request.content
    )
    assert problem(await client.send(request)) == (400, "bad-request")
