"""A day of the shop, through the client, against a served vault: orders stored, labels made, tokens resolved, people told.

200 orders in every run, 10,000 in a long one. What is told of a person afterwards must be exactly what left the shop.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from kin_client.async_vault import AsyncVault
from kin_client.errors import NotFound, VaultError
from kin_client.records import NewRecord, Stored
from kin_client.subjects import Access
from tests.support.servers import Server, server
from tests.support.vaults import Store, copied_keyring

SOME: Final = 200
ALL: Final = 10_000
CARRIERS: Final = ("carrier", "carrier-2")
AT_ONCE: Final = 8
ASKED_ABOUT: Final = 4


@dataclass(frozen=True, slots=True)
class Order:
    """One customer's order: what is stored of it, and which carrier takes it."""

    number: int

    @property
    def carrier(self) -> str:
        return CARRIERS[self.number % len(CARRIERS)]

    @property
    def phone(self) -> str:
        return f"09{self.number:08}"

    @property
    def address(self) -> dict[str, Any]:
        return {
            "lines": [f"{self.number} Nguyễn Huệ"],
            "province": "Thành phố Hồ Chí Minh",
            "country": "VN",
        }

    def buyer(self) -> NewRecord:
        fields = {"full_name": f"Nguyễn Văn An {self.number}", "phone": self.phone, "address": self.address}
        return self._record("buyer", fields, "order")

    def delivery(self) -> NewRecord:
        fields = {"recipient": f"Trần Thị Bích {self.number}", "phone": self.phone, "address": self.address}
        return self._record("delivery", fields, "order", "delivery")

    def _record(self, collection: str, fields: dict[str, Any], *purposes: str) -> NewRecord:
        return NewRecord(
            collection=collection,
            fields=fields,
            customer=f"customer-{self.number}",
            purposes=dict.fromkeys(purposes, f"order-{self.number}"),
        )


class Shop:
    """The callers of the prepared tenant at a served vault, and what time each part of the day took."""

    def __init__(self, served: Server, store: Store, stack: AsyncExitStack) -> None:
        self.base_url = served.base_url
        self.callers = store.prepared.callers
        self.seconds: dict[str, float] = {}
        self._stack = stack

    async def vault(self, caller: str) -> AsyncVault:
        vault = AsyncVault(self.base_url, self.callers[caller].key, timeout=60.0)
        return await self._stack.enter_async_context(vault)

    async def timed(self, part: str, work: Any) -> Any:
        began = time.perf_counter()
        result = await work
        self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - began
        return result


@asynccontextmanager
async def open_shop(store: Store, directory: Path) -> AsyncIterator[Shop]:
    keyring = copied_keyring(store, directory)
    enough = str(10 * ALL)
    with (
        store.copy(directory) as url,
        server(url, keyring, directory / "kin.log", people_per_hour=enough) as served,
    ):
        async with AsyncExitStack() as stack:
            yield Shop(served, store, stack)


@pytest.mark.timeout(120)
async def test_some_orders(store: Store, tmp_path: Path) -> None:
    await day(store, tmp_path, SOME)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_ten_thousand_orders(store: Store, tmp_path: Path) -> None:
    await day(store, tmp_path, ALL)


async def day(store: Store, directory: Path, number: int) -> None:
    orders = [Order(n) for n in range(number)]
    async with open_shop(store, directory) as shop:
        parcels = await stored(shop, orders)
        tokens = await labelled(shop, orders, parcels)
        await delivered(shop, orders, tokens)
        await refused(shop, orders[0], parcels[0], tokens[0])
        await told(shop, orders[:: max(number // ASKED_ABOUT, 1)], parcels)
        await found_by_phone(shop)
    kind = store.prepared.url.partition(":")[0]
    parts = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in shop.seconds.items())
    print(f"{kind}, {number} orders: {parts}")


async def stored(shop: Shop, orders: Sequence[Order]) -> list[Stored]:
    """Checkout stores buyers and deliveries in batches; the delivery of each order."""
    checkout = await shop.vault("checkout")
    buyers = await shop.timed(
        "buyers stored", checkout.store_many((o.buyer() for o in orders), purpose="order")
    )
    deliveries = await shop.timed(
        "deliveries stored", checkout.store_many((o.delivery() for o in orders), purpose="order")
    )
    parcels: list[Stored] = list(deliveries.results())
    assert [one.subject for one in buyers.results()] == [one.subject for one in parcels]
    assert len({one.subject for one in parcels}) == len(orders)
    return parcels


async def labelled(shop: Shop, orders: Sequence[Order], parcels: Sequence[Stored]) -> list[str]:
    """Shipping reads every parcel and gets a token for the address, for its carrier, for one use."""
    shipping = await shop.vault("shipping")
    asked = shipping.read_many([p.id for p in parcels], purpose="delivery", fields=["recipient", "phone"])
    labels = await shop.timed("labels read", asked)
    for order, label in zip(orders, labels.results(), strict=True):
        assert label["recipient"].value == f"Trần Thị Bích {order.number}"
        assert label["phone"].form == "masked"
    turns = asyncio.Semaphore(AT_ONCE)

    async def token(order: Order, parcel: Stored) -> str:
        async with turns:
            issued = await shipping.issue_tokens(
                parcel.id,
                ["address"],
                purpose="delivery",
                recipient=shop.callers[order.carrier].id,
                uses=1,
            )
        (item,) = issued.items
        assert item.token is not None
        return item.token

    tokens: list[str] = await shop.timed("tokens issued", asyncio.gather(*map(token, orders, parcels)))
    assert len(set(tokens)) == len(orders)
    return tokens


async def delivered(shop: Shop, orders: Sequence[Order], tokens: Sequence[str]) -> None:
    """Each carrier resolves each of its tokens; then each of them has been used."""
    for carrier in CARRIERS:
        mine = [
            (order, token) for order, token in zip(orders, tokens, strict=True) if order.carrier == carrier
        ]
        vault = await shop.vault(carrier)
        texts = [token for _, token in mine]
        resolved = await shop.timed("tokens resolved", vault.resolve_tokens(texts, purpose="delivery"))
        for (order, _), item in zip(mine, resolved.results(), strict=True):
            assert (item.field, item.form, item.value) == ("address", "plain", order.address)
        again = await shop.timed("resolved again", vault.resolve_tokens(texts, purpose="delivery"))
        assert all(isinstance(item, NotFound) for item in again.items)


async def refused(shop: Shop, order: Order, parcel: Stored, used: str) -> None:
    """Whoever may not resolve a token learns nothing of why: the same bytes in every case."""
    shipping = await shop.vault("shipping")
    others = next(name for name in CARRIERS if name != order.carrier)
    issued = await shipping.issue_tokens(
        parcel.id, ["recipient"], purpose="delivery", recipient=shop.callers[order.carrier].id
    )
    live = issued.items[0].token or ""
    none = used[:-1] + ("0" if used[-1] != "0" else "1")
    async with httpx.AsyncClient(base_url=shop.base_url, trust_env=False) as http:
        answers = {
            "used up": await problem(http, shop, order.carrier, "delivery", used),
            "shipping": await problem(http, shop, "shipping", "delivery", live),
            "another carrier": await problem(http, shop, others, "delivery", live),
            "another purpose": await problem(http, shop, order.carrier, "payment", live),
            "no token": await problem(http, shop, order.carrier, "delivery", none),
        }
        assert len(set(answers.values())) == 1, answers
        assert b'"code":"not-found"' in answers["used up"]
    carrier = await shop.vault(order.carrier)
    (resolved,) = (await carrier.resolve_tokens([live], purpose="delivery")).results()
    assert resolved.value == f"Trần Thị Bích {order.number}"


async def problem(http: httpx.AsyncClient, shop: Shop, caller: str, purpose: str, token: str) -> bytes:
    """The bytes of the one item, but for the token and the id of the request."""
    headers = {"Authorization": f"Bearer {shop.callers[caller].key}", "Vault-Purpose": purpose}
    answer = await http.post("/v1/tokens/resolve", json={"tokens": [token]}, headers=headers)
    assert answer.status_code == 200
    item = answer.content.partition(b',"receipt"')[0]
    return item.replace(token.encode(), b"").replace(answer.headers["vault-request"].encode(), b"")


async def told(shop: Shop, orders: Sequence[Order], parcels: Sequence[Stored]) -> None:
    """The register of a person lists what went to whom, and nothing else: one address each, and a name once."""
    officer, checkout = await shop.vault("privacy-officer"), await shop.vault("checkout")
    for order in orders:
        subject = parcels[order.number].subject
        assert (await officer.find_subject(f"customer-{order.number}")).id == subject
        register = [access async for access in officer.recipients(subject)]
        carrier, record = shop.callers[order.carrier].id, parcels[order.number].id
        expected = [("token.resolve", carrier, record, "delivery", "address")]
        if order.number == 0:
            expected = [("token.resolve", carrier, record, "delivery", "recipient"), *expected]
        assert list(disclosures(register, "token.resolve")) == expected
        assert {access.recipient for access in register} == {carrier}
    with pytest.raises(VaultError):
        await checkout.find_subject("customer-0")


def disclosures(
    register: Sequence[Access], action: str
) -> Iterator[tuple[str, str | None, str | None, str | None, str]]:
    """What left the shop: each field that was given, with how and to whom."""
    for access in register:
        for name, trace in access.fields.items():
            if access.action == action and trace.given == "plain":
                yield access.action, access.recipient, access.record, access.purpose, name


async def found_by_phone(shop: Shop) -> None:
    """However a number is written, and whatever it was before 2018."""
    checkout = await shop.vault("checkout")

    def caller(number: str, phone: str) -> NewRecord:
        fields = {"full_name": "Lê Văn Cường", "phone": phone}
        return NewRecord(collection="buyer", fields=fields, customer=number, purposes={"order": number})

    mobile = await checkout.store(caller("c-1", "0903123456"), purpose="order")
    renumbered = await checkout.store(caller("c-2", "070 3123456"), purpose="order")
    written = {
        mobile.id: ("0903123456", "+84 903 123 456", "84903123456"),
        renumbered.id: ("070 3123456", "0120 3123456", "+84 1203 123 456"),
    }
    for record, spellings in written.items():
        for phone in spellings:
            found = await checkout.search("buyer", "phone", phone, purpose="order", fields=["full_name"])
            assert [item.id for item in found.items] == [record]
