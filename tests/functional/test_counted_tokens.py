"""A token that counts its uses gives out as many as it has, however many ask for them at once."""

import asyncio
from collections import Counter

from tests.support.orders import delivery, stored
from tests.support.vaults import Vault


async def _token(vault: Vault, uses: int, customer: str = "customer-1") -> str:
    """A token of the address of a new parcel, for the carrier."""
    parcel = await stored(vault, delivery(customer))
    order = {"record": parcel.json()["id"], "fields": ["address"], "purpose": "delivery", "uses": uses}
    to = {"recipient": vault.callers["carrier"].id}
    answer = await vault.client("shipping").post("/v1/tokens", json=order | to)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["items"][0]["token"]
    return token


async def _outcomes(vault: Vault, *requests: list[str]) -> Counter[str]:
    """How many items of these requests, sent at once, got their value, and how many did not."""
    carrier = vault.client("carrier", "delivery")
    answers = await asyncio.gather(
        *(carrier.post("/v1/tokens/resolve", json={"tokens": tokens}) for tokens in requests)
    )
    assert {answer.status_code for answer in answers} == {200}
    items = [item for answer in answers for item in answer.json()["items"]]
    return Counter("given" if "value" in item else item["problem"]["code"] for item in items)


async def test_as_many_as_there_are_uses(vault: Vault) -> None:
    token = await _token(vault, uses=3)
    assert await _outcomes(vault, *[[token]] * 8) == {"given": 3, "not-found": 5}
    assert await _outcomes(vault, [token]) == {"not-found": 1}


async def test_a_token_named_twice_is_used_twice(vault: Vault) -> None:
    token = await _token(vault, uses=3)
    assert await _outcomes(vault, [token, token]) == {"given": 2}
    assert await _outcomes(vault, [token, token]) == {"given": 1, "not-found": 1}


async def test_each_use_is_on_record_and_so_is_each_refusal(vault: Vault) -> None:
    token = await _token(vault, uses=2)
    await _outcomes(vault, *[[token]] * 5)
    events = await vault.client("compliance").get("/v1/audit/events", params={"action": "token.resolve"})
    outcomes = Counter(event["outcome"] for event in events.json()["items"])
    assert outcomes == {"allowed": 2, "denied": 3}


async def test_tokens_of_many_records_are_used_together(vault: Vault) -> None:
    tokens = [await _token(vault, 1, f"customer-{n}") for n in range(4)]
    assert await _outcomes(vault, tokens, list(reversed(tokens))) == {"given": 4, "not-found": 4}
    assert await _outcomes(vault, tokens[:1]) == {"not-found": 1}
