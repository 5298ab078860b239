"""The samples have to be good data for the reference notice, and always the same."""

import json
import tomllib
from collections import Counter
from importlib import resources
from itertools import islice
from typing import Any

from app.cli.sample_orders import Order, sample_orders
from app.vault.field_types.catalogue import field_type
from app.vault.field_types.vietnam_units import FORMER_PROVINCES, PROVINCES

NOTICE = tomllib.loads(resources.files("app.notice").joinpath("shop.toml").read_text(encoding="utf-8"))
ORDERS = list(sample_orders(seed=7, count=1_500))


def bodies(orders: list[Order]) -> list[dict[str, Any]]:
    return [body for order in orders for body in (order.buyer, order.delivery, order.account) if body]


def test_every_value_passes_its_field_type() -> None:
    for body in bodies(ORDERS):
        declared = NOTICE["collections"][body["collection"]]["fields"]
        for name, value in body["fields"].items():
            field = declared[name]
            kind = field_type(
                field["type"], choices=tuple(field.get("choices", ())), max_length=field.get("max_length")
            )
            assert kind.parse(value) is value
        assert {name for name, field in declared.items() if field.get("required")} <= body["fields"].keys()


def test_every_field_is_covered_by_a_purpose_of_its_body() -> None:
    for body in bodies(ORDERS):
        opened = [opening["purpose"] for opening in body["purposes"] + body.get("consents", [])]
        covered = {pattern for purpose in opened for pattern in NOTICE["purposes"][purpose]["covers"]}
        collection = body["collection"]
        assert f"{collection}.*" in covered or {f"{collection}.{name}" for name in body["fields"]} <= covered


def test_every_consent_covers_a_field_and_carries_its_evidence() -> None:
    seen = set()
    for order in ORDERS:
        for consent in order.buyer.get("consents", []):
            seen.add(consent["purpose"])
            assert NOTICE["purposes"][consent["purpose"]]["basis"] == "consent"
            assert set(NOTICE["consent"]["evidence"]) <= consent.keys()
            covers = {
                pattern.removeprefix("buyer.") for pattern in NOTICE["purposes"][consent["purpose"]]["covers"]
            }
            assert covers - {"full_name"} & order.buyer["fields"].keys()
    assert seen == {name for name, purpose in NOTICE["purposes"].items() if purpose.get("basis") == "consent"}


def test_the_same_seed_gives_the_same_orders() -> None:
    assert list(sample_orders(seed=7, count=50)) == ORDERS[:50]
    assert list(sample_orders(seed=8, count=50)) != ORDERS[:50]
    assert [order.number for order in islice(sample_orders(seed=7, count=10**9), 2)] == [
        "order-1001",
        "order-1002",
    ]
    assert len(ORDERS) == 1_500
    assert list(sample_orders(seed=7, count=0)) == []


def test_a_customer_who_returns_is_the_same_person() -> None:
    by_customer: dict[str, list[Order]] = {}
    for order in ORDERS:
        references = {body["subject"]["ref"] for body in bodies([order])}
        assert len(references) == 1
        by_customer.setdefault(references.pop(), []).append(order)
    repeated = [orders for orders in by_customer.values() if len(orders) > 1]
    assert repeated
    for first, *later in repeated:
        assert all(order.buyer["fields"] == first.buyer["fields"] for order in later)
        assert not any("consents" in order.buyer or order.account for order in later)
    assert 0.6 < len(by_customer) / len(ORDERS) < 0.8


def test_a_citizen_number_fits_its_owner() -> None:
    former = {"0" + province.code: province.now for province in FORMER_PROVINCES}
    names = {province.code: province.name for province in PROVINCES}
    owners = [order.buyer["fields"] for order in ORDERS if "national_id" in order.buyer["fields"]]
    assert owners
    for owner in owners:
        number = owner["national_id"]
        assert names[former[number[:3]]] == owner["address"]["province"]
        if "birth_date" in owner:
            assert str(19 + int(number[3]) // 2) + number[4:6] == owner["birth_date"][:4]
        if owner.get("gender") in {"male", "female"}:
            assert int(number[3]) % 2 == (owner["gender"] == "female")


def test_the_customers_live_where_people_live_and_are_called_what_people_are_called() -> None:
    provinces = Counter(order.buyer["fields"]["address"]["province"] for order in ORDERS)
    assert [name for name, _ in provinces.most_common(2)] == ["Thành phố Hồ Chí Minh", "Thành phố Hà Nội"]
    families = Counter(order.buyer["fields"]["full_name"].split()[0] for order in ORDERS)
    assert [name for name, _ in families.most_common(2)] == ["Nguyễn", "Trần"]


def test_mail_to_a_sample_leads_nowhere() -> None:
    reserved = (".example", "example.com", "example.net", "example.org")
    addresses = [order.buyer["fields"]["email"] for order in ORDERS if "email" in order.buyer["fields"]]
    assert addresses
    assert all(address.endswith(reserved) for address in addresses)


def test_some_orders_come_with_an_account_a_note_or_another_recipient() -> None:
    assert any(order.account for order in ORDERS)
    assert any("note" in order.delivery["fields"] for order in ORDERS)
    assert any(
        order.delivery["fields"]["recipient"] != order.buyer["fields"]["full_name"] for order in ORDERS
    )


def test_the_bodies_are_json() -> None:
    assert json.loads(json.dumps(bodies(ORDERS))) == bodies(ORDERS)
