"""How tests speak about people: one call, its answer, and a person stored to speak about."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from app.kernel.clock import rfc3339
from tests.support.orders import Body, buyer, delivery, stored
from tests.support.vaults import Vault


async def call(
    vault: Vault, caller: str | None, method: str, path: str, body: Any = None, **headers: str | None
) -> httpx.Response:
    """One call; `purpose`, `case` and `order` are headers, `credential` is sent instead of the caller's key."""
    client = vault.client(caller, headers.get("purpose"), headers.get("case"))
    more: dict[str, str] = {}
    if order := headers.get("order"):
        more["Vault-Order"] = order
    if credential := headers.get("credential"):
        more["Authorization"] = f"Bearer {credential}"
    if body is None:
        return await client.request(method, path, headers=more)
    return await client.request(method, path, headers=more, json=body)


async def done(
    vault: Vault, caller: str | None, method: str, path: str, body: Any = None, **headers: str | None
) -> Body:
    """The answer to a call that must succeed."""
    answer = await call(vault, caller, method, path, body, **headers)
    assert answer.status_code in {200, 201}, answer.text
    found: Body = answer.json()
    return found


async def forms(
    vault: Vault, caller: str | None, record: str, purpose: str, **headers: str | None
) -> dict[str, str]:
    """Field → the form in which it came out, or the reason why it did not; also of a refusal."""
    answer = await call(vault, caller, "GET", f"/v1/records/{record}", purpose=purpose, **headers)
    document = answer.json()
    if answer.status_code == 403:
        found: dict[str, str] = document["reasons"]
        return found
    assert answer.status_code == 200, answer.text
    return {name: shown.get("reason", shown["form"]) for name, shown in document["fields"].items()}


async def stored_buyer(vault: Vault, ref: str = "customer-8123", **more: Any) -> Body:
    """A customer on record; the answer to the store."""
    found: Body = (await stored(vault, buyer(ref, **more))).json()
    return found


async def stored_delivery(vault: Vault, ref: str = "customer-8123", **more: Any) -> Body:
    """A parcel's data on record; the answer to the store."""
    found: Body = (await stored(vault, delivery(ref, **more))).json()
    return found


def in_days(days: float) -> str:
    """A time so many days from now, as bodies write it."""
    return rfc3339(datetime.now(UTC) + timedelta(days=days))


async def told(
    vault: Vault, caller: str | None, record: str, purpose: str, **headers: str | None
) -> dict[str, Any]:
    """Field → what the caller is told: the value, `a token`, or why nothing."""
    answer = await call(vault, caller, "GET", f"/v1/records/{record}", purpose=purpose, **headers)
    if answer.status_code == 403:
        return dict(answer.json()["reasons"])
    assert answer.status_code == 200, answer.text
    return {
        name: "a token" if shown["form"] == "token" else shown.get("value", shown.get("reason"))
        for name, shown in answer.json()["fields"].items()
    }
