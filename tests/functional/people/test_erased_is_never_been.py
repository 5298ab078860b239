"""After an erasure every call answers as if the person had never been: the same problem, after the same calls to the database."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.kernel.ids import new_uuid, text_of
from tests.support.calls import database_calls
from tests.support.erasing import erasing_vault
from tests.support.orders import EVIDENCE, account, stored
from tests.support.people import call, done, in_days, stored_buyer, stored_delivery
from tests.support.vaults import Store, Vault

Call = tuple[str, str, str, Any, dict[str, str]]
Answered = tuple[tuple[int, str, list[str]], list[str]]
OFFICER = "privacy-officer"
ANY_ID = re.compile(r"(sub|rec|tok|evt|bnd|cns|ord|hld|req|asg|crt)_[0-9a-z]{26,}")


@dataclass(frozen=True, slots=True)
class Names:
    """What can be named of a person."""

    subject: str
    record: str
    account: str
    binding: str
    consent: str
    hold: str
    token: str
    ref: str


@pytest.fixture
async def vault(store: Store, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault that can erase, on each database in turn."""
    async with erasing_vault(store, tmp_path) as running:
        yield running


async def somebody(vault: Vault, ref: str) -> Names:
    """A person with one of everything."""
    buyer = await stored_buyer(vault, ref, consents=("marketing-sms",))
    parcel = await stored_delivery(vault, ref)
    of_account = (await stored(vault, account(ref))).json()
    page = await done(vault, OFFICER, "GET", f"/v1/subjects/{buyer['subject']}")
    hold = await done(
        vault, "legal", "POST", "/v1/holds", {"subject": buyer["subject"], "case": "c", "reason": "x"}
    )
    await done(vault, "legal", "POST", f"/v1/holds/{hold['id']}/release")
    read = await done(vault, "shipping", "GET", f"/v1/records/{parcel['id']}", purpose="delivery")
    return Names(
        buyer["subject"],
        parcel["id"],
        of_account["id"],
        parcel["bindings"][0]["id"],
        page["consents"][0]["id"],
        hold["id"],
        read["fields"]["address"]["value"],
        ref,
    )


def nobody(like: Names) -> Names:
    """Names of the same form that belong to nobody."""
    return Names(
        text_of("sub", new_uuid(7)),
        text_of("rec", new_uuid(7)),
        text_of("rec", new_uuid(7)),
        text_of("bnd", new_uuid(7)),
        text_of("cns", new_uuid(7)),
        text_of("hld", new_uuid(7)),
        like.token[:-6] + "000000",
        "nobody-at-all",
    )


def every_call(vault: Vault, of: Names) -> list[Call]:
    """Caller, method, path, body, headers of every call that names something of a person."""
    subject, record = f"/v1/subjects/{of.subject}", f"/v1/records/{of.record}"
    order, delivery = {"purpose": "order"}, {"purpose": "delivery"}
    carrier = vault.callers["carrier"].id
    assigned = {"caller": vault.callers["support"].id, "subject": of.subject, "case": "t/1"}
    approval = {"purpose": "legal-claim", "case": "c", "subjects": [of.subject], "fields": ["buyer.phone"]}
    token = {"record": of.record, "fields": ["address"], "purpose": "delivery", "recipient": carrier}
    return [
        ("checkout", "GET", record, None, order),
        ("shipping", "GET", record, None, delivery),
        ("checkout", "PATCH", record, {"fields": {"note": "x"}}, order),
        ("checkout", "DELETE", record, None, order),
        ("checkout", "POST", f"/v1/records/{of.account}/verify", {"field": "password", "value": "x"}, {"purpose": "account"}),
        ("checkout", "POST", "/v1/records/read", {"ids": [of.record]}, order),
        ("checkout", "POST", f"{record}/bindings", {"purpose": "payment", "ref": "x"}, {}),
        ("checkout", "POST", "/v1/bindings/close", {"id": of.binding}, {}),
        ("checkout", "POST", "/v1/bindings/close", {"purpose": "order", "ref": "order-1001"}, {}),
        ("shipping", "POST", "/v1/tokens", token, delivery),
        ("shipping", "POST", "/v1/tokens/revoke", {"tokens": [of.token]}, delivery),
        ("shipping", "POST", "/v1/tokens/revoke", {"record": of.record}, delivery),
        ("shipping", "GET", f"/v1/tokens?record={of.record}", None, delivery),
        ("carrier", "POST", "/v1/tokens/resolve", {"tokens": [of.token]}, delivery),
        (OFFICER, "POST", "/v1/subjects/find", {"ref": of.ref}, {}),
        (OFFICER, "GET", subject, None, {}),
        (OFFICER, "GET", f"{subject}/accesses", None, {}),
        (OFFICER, "GET", f"{subject}/recipients", None, {}),
        (OFFICER, "PUT", f"{subject}/restriction", {"reason": "x"}, {}),
        (OFFICER, "DELETE", f"{subject}/restriction", None, {}),
        (OFFICER, "POST", f"{subject}/objection", {}, {}),
        (OFFICER, "POST", f"{subject}/consents", {"purpose": "marketing-sms", **EVIDENCE}, {}),
        (OFFICER, "POST", f"/v1/consents/{of.consent}/withdraw", None, {}),
        (OFFICER, "POST", f"{subject}/sessions", {}, {}),
        ("legal", "POST", "/v1/holds", {"subject": of.subject, "case": "c", "reason": "x"}, {}),
        ("legal", "POST", f"/v1/holds/{of.hold}/release", None, {}),
        (OFFICER, "POST", "/v1/assignments", {**assigned, "until": in_days(1)}, {}),
        (OFFICER, "DELETE", "/v1/assignments", assigned, {}),
        ("legal", "POST", "/v1/orders", approval, {}),
    ]  # fmt: skip


async def answered(
    vault: Vault, caller: str, method: str, path: str, body: Any, headers: dict[str, str]
) -> Answered:
    """The answer, ids blotted out, and how the database was used for it."""
    client = vault.client(caller, headers.get("purpose"))
    more = {"If-Match": '"1"'} if method == "PATCH" else {}
    with database_calls(vault) as seen:
        answer: httpx.Response = await client.request(method, path, json=body, headers=more)
    kept = sorted(f"{n}: {v}" for n, v in answer.headers.items() if n not in {"vault-request", "date"})
    return (answer.status_code, ANY_ID.sub("an id", answer.text), kept), list(seen)


async def compared(vault: Vault, of_gone: Call, of_nobody: Call) -> tuple[Answered, Answered] | None:
    """Both answers where they differ. The vault's own work can come between and read too, so a difference must stay."""
    for _ in range(5):
        found, expected = await answered(vault, *of_gone), await answered(vault, *of_nobody)
        if found == expected:
            return None
    return found, expected


async def test_every_call_answers_as_for_nobody(vault: Vault) -> None:
    gone = await somebody(vault, "customer-1")
    before = [await answered(vault, *each) for each in every_call(vault, gone)[:1]]
    assert before[0][0][0] == 200, "the person was there"
    await done(vault, OFFICER, "POST", f"/v1/subjects/{gone.subject}/erase")
    pairs = zip(every_call(vault, gone), every_call(vault, nobody(gone)), strict=True)
    different = [(a[1:3], *seen) for a, b in pairs if (seen := await compared(vault, a, b)) is not None]
    assert different == []


async def test_what_was_answered_under_a_key_is_answered_no_more(vault: Vault) -> None:
    gone = await somebody(vault, "customer-1")
    client = vault.client("shipping", "delivery")
    body = {"record": gone.record, "fields": ["address"], "purpose": "delivery"}
    key = {"Idempotency-Key": "tokens-1"}
    assert (await client.post("/v1/tokens", json=body, headers=key)).status_code == 200
    replayed = await client.post("/v1/tokens", json=body, headers=key)
    assert replayed.headers["idempotency-replayed"] == "true"
    await done(vault, OFFICER, "POST", f"/v1/subjects/{gone.subject}/erase")
    again = await client.post("/v1/tokens", json=body, headers=key)
    assert again.status_code == 404
    assert "tok_" not in again.text


async def test_a_session_and_an_order_of_the_person_end_with_them(vault: Vault) -> None:
    gone, stays = await somebody(vault, "customer-1"), await somebody(vault, "customer-2")
    session = await done(vault, OFFICER, "POST", f"/v1/subjects/{gone.subject}/sessions", {})
    both = {
        "purpose": "legal-claim",
        "case": "c",
        "fields": ["buyer.phone"],
        "subjects": [gone.subject, stays.subject],
    }
    order = await done(vault, "legal", "POST", "/v1/orders", both)
    await done(vault, OFFICER, "POST", f"/v1/subjects/{gone.subject}/erase")
    ended = await call(vault, None, "GET", f"/v1/subjects/{gone.subject}", credential=session["credential"])
    assert ended.status_code == 401
    (shown,) = (await done(vault, OFFICER, "GET", "/v1/orders"))["items"]
    assert shown["id"] == order["id"]
    assert shown["subjects"] == [stays.subject]


async def test_a_search_finds_who_stays(vault: Vault) -> None:
    gone, stays = await somebody(vault, "customer-1"), await somebody(vault, "customer-2")
    body = {"collection": "delivery", "field": "phone", "equals": "0903123456"}
    found = await done(vault, "checkout", "POST", "/v1/records/search", body, purpose="order")
    assert {item["id"] for item in found["items"]} == {gone.record, stays.record}
    await done(vault, OFFICER, "POST", f"/v1/subjects/{gone.subject}/erase")
    found = await done(vault, "checkout", "POST", "/v1/records/search", body, purpose="order")
    assert {item["id"] for item in found["items"]} == {stays.record}
