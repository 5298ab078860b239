"""What tests store and read: bodies of the reference notice's three collections, and the events behind the answers."""

from typing import Any, Final

import httpx

from tests.support.vaults import Vault

Body = dict[str, Any]

ADDRESS: Final[Body] = {
    "lines": ["12 Nguyễn Huệ"],
    "ward": "Phường Sài Gòn",
    "province": "Thành phố Hồ Chí Minh",
    "country": "VN",
}
EVIDENCE: Final[Body] = {"given_at": "2025-11-22T08:00:00Z", "method": "checkbox", "wording": "shop/3#sms"}


def record(
    collection: str, subject: str | Body, purposes: tuple[str, ...], fields: Body, **more: Any
) -> Body:
    """The body of a store; a subject given as text is the shop's reference."""
    return {
        "collection": collection,
        "subject": {"ref": subject} if isinstance(subject, str) else subject,
        "purposes": [{"purpose": purpose, "ref": "order-1001"} for purpose in purposes],
        "fields": fields,
        **more,
    }


def delivery(
    subject: str | Body = "customer-8123", purposes: tuple[str, ...] = ("order", "delivery"), **fields: Any
) -> Body:
    """Where a parcel goes."""
    given = {"recipient": "Nguyễn Văn An", "phone": "0903 123 456", "address": ADDRESS, "note": "gọi trước"}
    return record("delivery", subject, purposes, given | fields)


def buyer(
    subject: str | Body = "customer-8123",
    purposes: tuple[str, ...] = ("order",),
    consents: tuple[str, ...] = (),
    **fields: Any,
) -> Body:
    """A customer, who agreed to the purposes in `consents`."""
    given = {"full_name": "Trần Thị Bích", "email": "bich@example.com", "phone": "0912 345 678"}
    agreed = [{"purpose": purpose, **EVIDENCE} for purpose in consents]
    return record("buyer", subject, purposes, given | fields, consents=agreed)


def account(subject: str | Body = "customer-8123", **fields: Any) -> Body:
    """A customer's account."""
    return record(
        "account", subject, ("account",), {"username": "bich", "password": "correct horse"} | fields
    )


async def stored(vault: Vault, body: Body, caller: str = "checkout") -> httpx.Response:
    """The answer to a store that must succeed."""
    purpose = "account" if body["collection"] == "account" else "order"
    answer = await vault.client(caller, purpose).post("/v1/records", json=body)
    assert answer.status_code == 201, answer.text
    return answer


async def read(
    vault: Vault, of: httpx.Response, caller: str, purpose: str | None, case: str | None = None, **query: str
) -> httpx.Response:
    """The answer to a read of a stored record."""
    return await vault.client(caller, purpose, case).get(of.headers["location"], params=query)


async def event(vault: Vault, event_id: str, asker: str = "compliance") -> Body:
    """An event as compliance sees it."""
    answer = await vault.client(asker).get(f"/v1/audit/events/{event_id}")
    assert answer.status_code == 200, answer.text
    found: Body = answer.json()
    return found


async def events(vault: Vault, asker: str = "compliance", **query: str) -> list[Body]:
    """The newest events that a filter finds, newest first; the asking itself is among those of the next call."""
    answer = await vault.client(asker).get("/v1/audit/events", params={"limit": "1000", **query})
    assert answer.status_code == 200, answer.text
    found: list[Body] = answer.json()["items"]
    return found


async def events_of(vault: Vault, answer: httpx.Response) -> list[Body]:
    """The events of the request that was answered so."""
    return [found for found in await events(vault) if found.get("request") == answer.headers["vault-request"]]


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem, whose form is checked in passing."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["request_id"] == answer.headers["vault-request"]
    return answer.status_code, document["code"]


def codes(answer: httpx.Response) -> dict[str, str]:
    """Pointer → code of a problem's errors."""
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}
