"""Orders of invented customers, as the shop's checkout would store them: to try the vault on, and to measure it.

Decides what is ordered by whom and which purposes and consents come with it, in the terms of the reference notice. Who
the customers are is `sample_people`'s. Nothing here is about a real person.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from app.cli.sample_people import Person, dice, mobile_number, person, stranger
from app.kernel.clock import rfc3339

_FIRST_CUSTOMER: Final = 8_001
_FIRST_ORDER: Final = 1_001
_RETURNING: Final = 0.3
_WITH_ACCOUNT: Final = 0.08
"""Few: making a password's verifier takes a tenth of a second by design."""
_BUYER_PURPOSES: Final = ("order", "payment", "order-notice", "customer-care")
_DELIVERY_PURPOSES: Final = ("order", "delivery", "order-notice", "customer-care")
# Purpose, the wording agreed to, the field without which it makes no sense, the share of customers who agree.
_CONSENTS: Final = (
    ("marketing-email", "shop/1#email", "email", 0.4),
    ("marketing-sms", "shop/1#sms", "phone", 0.35),
    ("marketing-letter", "shop/1#letter", "address", 0.1),
    ("marketing-call", "shop/1#call", "phone", 0.12),
    ("market-research", "shop/1#research", "address", 0.25),
)
_OPENED: Final = datetime(2025, 8, 1, 8, tzinfo=UTC)
_NOTES: Final = (
    "Giao giờ hành chính",
    "Giao buổi tối sau 18h",
    "Gọi trước khi giao 15 phút",
    "Để ở quầy lễ tân",
    "Gửi bảo vệ nếu không có nhà",
    "Hàng dễ vỡ, xin nhẹ tay",
    "Cho xem hàng trước khi nhận",
    "Quà sinh nhật, đừng để hóa đơn trong hộp",
    "Nhà trong hẻm, xe tải không vào được",
    "Chỉ giao thứ bảy, chủ nhật",
)


@dataclass(frozen=True, slots=True)
class Order:
    """One order: the bodies to POST to /v1/records, in this order. `account` comes with some first orders."""

    number: str
    buyer: dict[str, Any]
    delivery: dict[str, Any]
    account: dict[str, Any] | None


def sample_orders(seed: int, count: int) -> Iterator[Order]:
    """`count` orders, the same for the same seed; about three in ten are by somebody who has ordered before."""
    customers = 0
    for index in range(count):
        rng = dice(f"{seed}/order/{index}")
        returning = customers > 0 and rng.random() < _RETURNING
        number = rng.randrange(customers) if returning else customers
        customers += not returning
        yield _order(
            f"order-{_FIRST_ORDER + index}", person(seed, _FIRST_CUSTOMER + number), rng, returning=returning
        )


def _order(number: str, customer: Person, rng: Random, *, returning: bool) -> Order:
    buyer = _body("buyer", customer, _BUYER_PURPOSES, number, _buyer_fields(customer))
    consents = [] if returning else _consents(buyer["fields"], rng)
    return Order(
        number=number,
        buyer=buyer | {"consents": consents} if consents else buyer,
        delivery=_body("delivery", customer, _DELIVERY_PURPOSES, number, _delivery_fields(customer, rng)),
        account=None if returning or rng.random() >= _WITH_ACCOUNT else _account(customer, rng),
    )


def _body(
    collection: str, customer: Person, purposes: tuple[str, ...], reference: str, fields: dict[str, Any]
) -> dict[str, Any]:
    return {
        "collection": collection,
        "subject": {"ref": _reference(customer)},
        "purposes": [{"purpose": purpose, "ref": reference} for purpose in purposes],
        "fields": fields,
    }


def _reference(customer: Person) -> str:
    return f"customer-{customer.number}"


def _buyer_fields(customer: Person) -> dict[str, Any]:
    given = {
        "full_name": customer.full_name,
        "email": customer.email,
        "phone": customer.phone,
        "address": customer.address,
        "birth_date": customer.birth_date,
        "gender": customer.gender,
        "national_id": customer.national_id,
    }
    return {name: value for name, value in given.items() if value is not None}


def _delivery_fields(customer: Person, rng: Random) -> dict[str, Any]:
    recipient, phone, address = customer.full_name, customer.phone, customer.address
    if rng.random() < 0.12:
        recipient, phone, address = stranger(rng)
    elif rng.random() < 0.05:
        phone = mobile_number(rng)
    fields = {"recipient": recipient, "phone": phone, "address": address}
    return fields | {"note": rng.choice(_NOTES)} if rng.random() < 0.4 else fields


def _consents(fields: dict[str, Any], rng: Random) -> list[dict[str, str]]:
    given_at = rfc3339(_OPENED + timedelta(minutes=rng.randrange(60 * 24 * 150)))
    return [
        {"purpose": purpose, "given_at": given_at, "method": "checkbox", "wording": wording}
        for purpose, wording, needs, share in _CONSENTS
        if rng.random() < share and needs in fields
    ]


def _account(customer: Person, rng: Random) -> dict[str, Any]:
    password = f"mat-khau-mau-{rng.getrandbits(64):016x}"
    fields = {"username": customer.username, "password": password}
    return _body("account", customer, ("account",), _reference(customer), fields)
