"""Ten years of a shop: after every sweep the vault holds exactly what a naive reading of the notice says, and shows it.

Customers order, agree, withdraw, are held for disputes, leave. What must be there is computed beside the vault from the text
of the notice (`tests/support/naive_notice`), field by field, from the purposes on its record. Orders end after ten years
and the clock goes on for nearly two more, so that what payments keep for ten years falls due as well.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import select

from app.kernel.clock import rfc3339
from app.kernel.ids import text_of
from app.subjects.tables import subjects
from app.vault.tables import field_values
from tests.support.clocks import SetClock
from tests.support.erasing import erasing_vault
from tests.support.naive_notice import GRACE, covers, form_of, kept_until
from tests.support.orders import ADDRESS
from tests.support.vaults import TENANT, Store, Vault

YEAR: Final = 52
ORDERING: Final = 10 * YEAR
WEEKS: Final = ORDERING + 90
CONSENTS: Final = ("market-research", "marketing-email", "marketing-sms", "marketing-letter")
READERS: Final = (
    ("checkout", "order"),
    ("shipping", "delivery"),
    ("order-desk", "order-notice"),
    ("support", "customer-care"),
    ("marketing", "marketing-email"),
    ("research", "market-research"),
)
FORMS: Final = {"token", "generalised", "masked", "plain"}


@dataclass(slots=True)
class Bound:
    """A purpose on a record."""

    purpose: str
    reference: str | None
    closed: date | None = None


@dataclass(slots=True)
class Kept:
    """A record, as far as it is still to be there."""

    id: str
    collection: str
    fields: set[str]
    bound: list[Bound]

    def gone_on(self, name: str) -> date | None:
        """The day on which a field is to be erased; None while a purpose is open."""
        mine = [one for one in self.bound if covers(one.purpose, f"{self.collection}.{name}")]
        ends = [kept_until(one.purpose, one.closed) for one in mine if one.closed]
        return max(ends) + timedelta(days=GRACE) if len(ends) == len(mine) else None

    def open(self, purpose: str) -> bool:
        """Whether the purpose is open."""
        return any(one.purpose == purpose and not one.closed for one in self.bound)


@dataclass(slots=True)
class Customer:
    """A customer as the shop knows one; `subject` changes when one who was erased comes back."""

    ref: str
    leaves: int
    subject: str | None = None
    records: list[Kept] = field(default_factory=list)
    consents: dict[str, list[str]] = field(default_factory=dict)
    holds: list[tuple[int, str]] = field(default_factory=list)

    def record(self, collection: str) -> Kept | None:
        """A record of theirs in a collection."""
        return next((one for one in self.records if one.collection == collection), None)


class Shop:
    """The shop's side: what it does, every so many weeks, and what should then be in the vault."""

    def __init__(self, vault: Vault, clock: SetClock, seed: int, people: int, weeks: int) -> None:
        self.vault = vault
        self.clock = clock
        self.weeks = weeks
        self.chance = random.Random(seed)  # a seed makes a failure repeatable
        self.customers = [
            Customer(f"customer-{n}", self.chance.randint(YEAR, ORDERING)) for n in range(people)
        ]
        self.closing: dict[int, list[tuple[Customer, str, str]]] = {}
        self.orders = 0
        self.erased = 0
        self.clients: dict[tuple[str, str | None], httpx.AsyncClient] = {}

    async def send(
        self, caller: str, method: str, path: str, body: Any = None, purpose: str | None = None
    ) -> Any:
        """A call that must succeed."""
        answer = await self._client(caller, purpose).request(method, path, json=body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    async def business(self, number: int) -> None:
        """What happens up to this week since the last look."""
        for week in sorted(week for week in self.closing if week <= number):
            for customer, purpose, reference in self.closing.pop(week):
                await self._close(customer, purpose, reference)
        for customer in self.customers:
            await self._release(customer, number)
            if number < min(customer.leaves, ORDERING) and self._happens(self.weeks / 80):
                await self._order(customer, number)
            if customer.record("buyer") and self._happens(self.weeks / 60):
                await self._agree_or_withdraw(customer)
            if customer.subject and self._happens(self.weeks / 250):
                await self._hold(customer, number)

    def sweep(self) -> None:
        """What a sweep should do now."""
        today = self.clock.now().date()
        for customer in self.customers:
            if customer.holds:
                continue
            for record in customer.records:
                due = {name for name in record.fields if (day := record.gone_on(name)) and day <= today}
                record.fields -= due
                self.erased += len(due)
            customer.records = [record for record in customer.records if record.fields]
            if not customer.records:
                customer.subject = None
                customer.consents.clear()

    def stored(self) -> Iterator[tuple[str, str]]:
        """Every record and field that should be there."""
        for customer in self.customers:
            for record in customer.records:
                yield from ((record.id, name) for name in record.fields)

    async def read(self, record: Kept, caller: str, purpose: str) -> None:
        """Reads a record as somebody, and compares what comes out with what the notice says."""
        answer = await self._client(caller, purpose).get(f"/v1/records/{record.id}")
        shown = answer.json().get("fields", {})
        granted = {name: form_of(caller, purpose, f"{record.collection}.{name}") for name in record.fields}
        expected = {n: form for n, form in granted.items() if form and record.open(purpose)}
        given = {name: one["form"] for name, one in shown.items() if one["form"] in FORMS}
        assert given == expected, (record, caller, purpose, answer.text)
        assert (answer.status_code == 200) is bool(expected), (record, caller, purpose, answer.text)

    async def look_for(self, record: str) -> int:
        """The status of an answer about a record that should be gone."""
        return (await self._client("checkout", "order").get(f"/v1/records/{record}")).status_code

    async def _order(self, customer: Customer, week: int) -> None:
        self.orders += 1
        reference, paid = f"order-{self.orders}", self._happens(1 / 2)
        parcel = {"recipient": "Nguyễn Văn An", "phone": "0903 123 456", "address": ADDRESS}
        if self._happens(1 / 3):
            parcel |= {"note": "gọi trước khi giao"}
        await self._store(
            customer, "delivery", ["order", "delivery", "order-notice", "customer-care"], reference, parcel
        )
        theirs = ["order", "order-notice", *(["payment"] if paid else [])]
        if buyer := customer.record("buyer"):
            for purpose in theirs:
                await self._open(buyer, purpose, reference)
        else:
            details = {"full_name": "Trần Thị Bích", "email": "bich@example.com", "phone": "0912 345 678"}
            await self._store(customer, "buyer", theirs, reference, details | {"address": ADDRESS})
        if not customer.record("account") and self._happens(1 / 3):
            await self._store(customer, "account", ["account"], f"account-{reference}", {"username": "bich"})
            self._later(customer, "account", f"account-{reference}", week, (4, 3 * YEAR))
        for purpose, weeks in [("delivery", (1, 3)), ("order-notice", (1, 4)), ("order", (2, 9))]:
            self._later(customer, purpose, reference, week, weeks)
        if paid:
            self._later(customer, "payment", reference, week, (1, 5))
        if not self._happens(1 / 20):  # some care is never closed, and keeps its parcel for ever
            self._later(customer, "customer-care", reference, week, (4, 30))

    async def _store(
        self, customer: Customer, collection: str, purposes: list[str], reference: str, fields: dict[str, Any]
    ) -> None:
        body = {
            "collection": collection,
            "subject": {"ref": customer.ref},
            "purposes": [{"purpose": purpose, "ref": reference} for purpose in purposes],
            "fields": fields,
        }
        answer = await self.send("checkout", "POST", "/v1/records", body, purposes[0])
        assert customer.subject in {None, answer["subject"]}
        customer.subject = answer["subject"]
        bound = [Bound(purpose, reference) for purpose in purposes]
        customer.records.append(Kept(answer["id"], collection, set(fields), bound))

    async def _open(self, record: Kept, purpose: str, reference: str) -> None:
        body = {"purpose": purpose, "ref": reference}
        await self.send("checkout", "POST", f"/v1/records/{record.id}/bindings", body)
        record.bound.append(Bound(purpose, reference))

    async def _close(self, customer: Customer, purpose: str, reference: str) -> None:
        await self.send("checkout", "POST", "/v1/bindings/close", {"purpose": purpose, "ref": reference})
        for one in (one for record in customer.records for one in record.bound):
            if (one.purpose, one.reference) == (purpose, reference) and not one.closed:
                one.closed = self.clock.now().date()

    async def _agree_or_withdraw(self, customer: Customer) -> None:
        purpose = self.chance.choice(CONSENTS)
        if live := customer.consents.pop(purpose, []):
            await self.send("checkout", "POST", f"/v1/consents/{live[-1]}/withdraw")
            for one in (one for record in customer.records for one in record.bound):
                if one.purpose == purpose and not one.closed:
                    one.closed = self.clock.now().date()
            return
        evidence = {"given_at": rfc3339(self.clock.now()), "method": "checkbox", "wording": "shop/3#sms"}
        body = {"purpose": purpose, **evidence}
        given = await self.send("checkout", "POST", f"/v1/subjects/{customer.subject}/consents", body)
        customer.consents.setdefault(purpose, []).append(given["id"])
        for record in customer.records:
            if record.collection == "buyer":
                record.bound.append(Bound(purpose, None))

    async def _hold(self, customer: Customer, week: int) -> None:
        body = {"subject": customer.subject, "case": f"court/{week}", "reason": "tranh chấp"}
        placed = await self.send("legal", "POST", "/v1/holds", body)
        customer.holds.append((week + self.chance.randint(4, 3 * YEAR), placed["id"]))

    async def _release(self, customer: Customer, week: int) -> None:
        for until, hold in [one for one in customer.holds if one[0] <= week]:
            await self.send("legal", "POST", f"/v1/holds/{hold}/release")
            customer.holds.remove((until, hold))

    def _later(
        self, customer: Customer, purpose: str, reference: str, week: int, within: tuple[int, int]
    ) -> None:
        when = week + self.chance.randint(*within)
        self.closing.setdefault(when, []).append((customer, purpose, reference))

    def _happens(self, share: float) -> bool:
        return self.chance.random() < share

    def _client(self, caller: str, purpose: str | None) -> httpx.AsyncClient:
        key = caller, purpose
        if key not in self.clients:
            self.clients[key] = self.vault.client(caller, purpose)
        return self.clients[key]


async def in_the_vault(vault: Vault) -> set[tuple[str, str]]:
    found = await vault.parts.database.read(TENANT, select(field_values.c.record, field_values.c.field))
    return {(text_of("rec", row.record), row.field) for row in found}


async def people_in(vault: Vault) -> set[str]:
    return {text_of("sub", row.id) for row in await vault.parts.database.read(TENANT, select(subjects.c.id))}


async def live(store: Store, directory: Path, *, seed: int, people: int, weeks: int, samples: int) -> Shop:
    """Ten years and more, with a sweep and a comparison every so many weeks."""
    clock, gone = SetClock(), set[str]()
    async with erasing_vault(store, directory, clock) as vault:
        shop = Shop(vault, clock, seed, people, weeks)
        for number in range(0, WEEKS, weeks):
            await shop.business(number)
            before = set(shop.stored())
            assert await in_the_vault(vault) == before, number
            swept = await vault.parts.retention.sweeper.run(TENANT, clock_is_right=True)
            assert (swept.trouble, swept.failed) == (None, 0)
            shop.sweep()
            after = set(shop.stored())
            assert await in_the_vault(vault) == after, number
            assert await people_in(vault) == {one.subject for one in shop.customers if one.subject}
            gone |= {record for record, _ in before} - {record for record, _ in after}
            records = [record for one in shop.customers for record in one.records]
            for record in shop.chance.sample(records, min(samples, len(records))):
                await shop.read(record, *shop.chance.choice(READERS))
            if gone and number % 4 == 0:
                assert await shop.look_for(shop.chance.choice(sorted(gone))) == 404
            clock.forward(weeks=weeks)
    return shop


@pytest.mark.timeout(600)
async def test_ten_years_of_a_small_shop(store: Store, tmp_path: Path) -> None:
    shop = await live(store, tmp_path, seed=20261122, people=30, weeks=4, samples=1)
    assert shop.orders > 50
    assert shop.erased > 200


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", [1, 2])
async def test_ten_years_of_a_thousand_customers(store: Store, tmp_path: Path, seed: int) -> None:
    shop = await live(store, tmp_path, seed=seed, people=1000, weeks=4, samples=10)
    print(f"seed {seed}: {shop.orders} orders, {shop.erased} fields erased")
    assert shop.orders > 2000
    assert shop.erased > 10_000
