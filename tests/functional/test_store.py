"""Storing a record: what the answer says, and what is refused, by field and without a word of what was sent."""

import asyncio
from typing import Any

import pytest

from app.crypto.password import hash_password
from app.kernel.ids import parse_id
from app.vault.sealing import RecordCipher
from tests.support.orders import (
    EVIDENCE,
    account,
    buyer,
    codes,
    delivery,
    event,
    events,
    events_of,
    problem,
    read,
    record,
    stored,
)
from tests.support.vaults import TENANT, Vault

MARK = "QzMark7"


async def test_the_answer_names_what_was_made_and_repeats_no_value(vault: Vault) -> None:
    answer = await stored(vault, delivery())
    body = answer.json()
    assert answer.headers["location"] == f"/v1/records/{body['id']}"
    assert answer.headers["etag"] == '"1"'
    assert (body["collection"], body["version"]) == ("delivery", 1)
    assert body["fields"] == ["address", "note", "phone", "recipient"]
    assert {(b["purpose"], b["state"]) for b in body["bindings"]} == {("order", "open"), ("delivery", "open")}
    assert all(b["id"].startswith("bnd_") for b in body["bindings"])
    receipt = body["receipt"]
    assert (receipt["outcome"], receipt["purpose"]) == ("allowed", "order")
    assert receipt["clauses"] == dict.fromkeys(body["fields"], "trade")
    assert (receipt["notice"]["id"], receipt["notice"]["version"]) == ("shop", 1)
    for value in (
        "Nguyễn Văn An",
        "903 123 456",
        "903123456",
        "12 Nguyễn Huệ",
        "gọi trước",
        "order-1001",
        "customer-8123",
    ):
        assert value not in answer.text
        assert value not in str(await event(vault, receipt["event"]))


async def test_the_event_of_a_store_says_which_fields_for_what_and_no_value(vault: Vault) -> None:
    answer = await stored(vault, delivery())
    [found] = await events_of(vault, answer)
    assert found["id"] == answer.json()["receipt"]["event"]
    assert (found["action"], found["outcome"], found["purpose"]) == ("record.store", "allowed", "order")
    assert (found["caller"], found["roles"]) == (vault.callers["checkout"].id, ["checkout"])
    assert found["fields"].keys() == found["written"].keys() == {"recipient", "phone", "address", "note"}
    assert found["inputs"] == {"opened": "delivery,order"}
    assert found["subject"] != answer.json()["subject"]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    (buyer(full_name=f"{MARK}\u0007"), "/fields/full_name", "bad-character"),
    (buyer(full_name=7), "/fields/full_name", "wrong-type"),
    (buyer(email=f"{MARK}@@example.com"), "/fields/email", "bad-email"),
    (buyer(phone=MARK), "/fields/phone", "bad-phone"),
    (
        buyer(address={"lines": [MARK], "province": MARK, "country": "VN"}),
        "/fields/address/province",
        "unknown-province",
    ),
    (buyer(address={"lines": ["1"], "country": MARK}), "/fields/address/country", "unknown-country"),
    (buyer(address={"lines": ["1"], "country": "SG", MARK: "1"}), "/fields/address", "unknown-member"),
    (buyer(birth_date=MARK), "/fields/birth_date", "bad-date"),
    (buyer(gender=MARK), "/fields/gender", "not-a-choice"),
    (buyer(national_id=MARK), "/fields/national_id", "bad-national-id"),
    (delivery(note=f"{MARK}\u0001"), "/fields/note", "bad-character"),
    (delivery(note=MARK * 72), "/fields/note", "too-long"),
    (account(password=MARK), "/fields/password", "too-short"),
    (account(password=[MARK]), "/fields/password", "wrong-type"),
]


async def test_each_type_names_its_mistake_by_field_and_echoes_nothing(sqlite_vault: Vault) -> None:
    for body, pointer, code in WRONG:
        purpose = "account" if body["collection"] == "account" else "order"
        answer = await sqlite_vault.client("checkout", purpose).post("/v1/records", json=body)
        assert problem(answer) == (422, "invalid"), answer.text
        assert codes(answer) == {pointer: code}
        assert MARK not in answer.text


async def test_all_mistakes_are_told_at_once(sqlite_vault: Vault) -> None:
    body = record(
        "delivery",
        "c-1",
        ("order", "nonsense", "sale", "subject-request", "marketing-sms"),
        {"phone": MARK, "email": "a@example.com"},
    )
    answer = await sqlite_vault.client("checkout", "order").post("/v1/records", json=body)
    assert problem(answer) == (422, "invalid")
    assert codes(answer) == {
        "/purposes/1/purpose": "unknown-purpose",
        "/purposes/2/purpose": "forbidden-purpose",
        "/purposes/3/purpose": "standing-purpose",
        "/purposes/4/purpose": "needs-consent",
        "/fields/recipient": "required",
        "/fields/address": "required",
        "/fields/phone": "bad-phone",
        "/fields/email": "unknown-field",
    }


async def test_a_value_in_the_place_of_a_name_is_not_echoed(sqlite_vault: Vault) -> None:
    checkout = sqlite_vault.client("checkout", "order")
    body = delivery()
    body["fields"][f"{MARK} Nguyễn"] = "1"
    for sent in (
        body,
        delivery() | {MARK: 1},
        delivery() | {"collection": MARK},
        delivery() | {"subject": MARK},
    ):
        answer = await checkout.post("/v1/records", json=sent)
        assert problem(answer) == (422, "invalid")
        assert MARK not in answer.text


async def test_a_field_that_no_opened_purpose_covers_is_not_collected(vault: Vault) -> None:
    checkout = vault.client("checkout", "order")
    answer = await checkout.post("/v1/records", json=buyer(birth_date="1990-02-03", national_id="A1234567"))
    assert problem(answer) == (422, "not-covered")
    assert codes(answer) == {"/fields/birth_date": "not-covered", "/fields/national_id": "not-covered"}
    details = {error["pointer"]: error["detail"] for error in answer.json()["errors"]}
    assert "market-research" in details["/fields/birth_date"]
    await stored(vault, buyer(consents=("market-research",), birth_date="1990-02-03"))


async def test_without_a_purpose_that_is_opened_nothing_is_collected(sqlite_vault: Vault) -> None:
    answer = await sqlite_vault.client("checkout", "order").post("/v1/records", json=buyer(purposes=()))
    assert problem(answer) == (422, "not-covered")
    assert codes(answer).keys() == {"/fields/full_name", "/fields/email", "/fields/phone"}


@pytest.mark.parametrize(
    ("consent", "expected"),
    [
        (
            {"purpose": "marketing-sms"},
            {f"/consents/0/{member}": "required" for member in ("wording", "method", "given_at")},
        ),
        (
            {"purpose": "marketing-sms", **EVIDENCE, "given_at": "2199-01-01T00:00:00Z"},
            {"/consents/0/given_at": "in-the-future"},
        ),
        ({"purpose": "order", **EVIDENCE}, {"/consents/0/purpose": "not-by-consent"}),
        ({"purpose": "sale", **EVIDENCE}, {"/consents/0/purpose": "not-by-consent"}),
        ({"purpose": "nonsense", **EVIDENCE}, {"/consents/0/purpose": "unknown-purpose"}),
        (
            {"purpose": "marketing-sms", **EVIDENCE, "given_at": "today"},
            {"/consents/0/given_at": "datetime-from-date-parsing"},
        ),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_consent_needs_its_evidence_and_its_purpose(
    sqlite_vault: Vault, consent: dict[str, Any], expected: dict[str, str]
) -> None:
    body = buyer() | {"consents": [consent]}
    answer = await sqlite_vault.client("checkout", "order").post("/v1/records", json=body)
    assert problem(answer) == (422, "invalid")
    assert codes(answer) == expected


async def test_a_consent_opens_its_purpose(vault: Vault) -> None:
    answer = await stored(vault, buyer(consents=("marketing-sms",)))
    assert {b["purpose"] for b in answer.json()["bindings"]} == {"order", "marketing-sms"}
    seen = await read(vault, answer, "marketing", "marketing-sms")
    assert seen.json()["fields"]["phone"] == {"form": "plain", "value": "0912 345 678"}
    assert seen.json()["fields"]["email"] == {"form": "withheld", "reason": "not-granted"}
    refused = await read(vault, answer, "marketing", "marketing-email")
    assert problem(refused) == (403, "disclosure-denied")
    assert refused.json()["reasons"]["email"] == "purpose-not-open"


async def test_who_may_not_record_consents_stores_none(vault: Vault) -> None:
    officer = vault.client("privacy-officer", "subject-request", "CASE-1")
    answer = await officer.post("/v1/records", json=buyer(consents=("marketing-sms",)))
    assert problem(answer) == (403, "disclosure-denied")
    assert answer.json()["reasons"] == {"consents": "not-granted"}
    assert (await event(vault, answer.json()["event"]))["outcome"] == "denied"
    assert (await officer.post("/v1/records", json=buyer())).status_code == 201


@pytest.mark.parametrize(
    ("caller", "purpose", "reasons"),
    [
        ("shipping", "delivery", {"*": "not-granted"}),
        ("checkout", "delivery", {"*": "not-granted"}),
        ("checkout", "account", {"*": "not-granted"}),
        ("checkout", "sale", {"*": "forbidden-purpose"}),
        ("checkout", "nonsense", {"*": "unknown-purpose"}),
        ("privacy-officer", "subject-request", {"*": "not-granted"}),
        ("admin", "order", {"*": "not-granted"}),
    ],
)
async def test_who_may_not_write_is_refused_with_an_event(
    sqlite_vault: Vault, caller: str, purpose: str, reasons: dict[str, str]
) -> None:
    answer = await sqlite_vault.client(caller, purpose).post("/v1/records", json=delivery())
    assert problem(answer) == (403, "disclosure-denied")
    assert answer.json()["reasons"] == reasons
    found = await event(sqlite_vault, answer.json()["event"])
    # What is no purpose of the notice is a sender's text, and an event holds none.
    named = None if purpose == "nonsense" else purpose
    assert (found["action"], found["outcome"], found.get("purpose")) == ("record.store", "denied", named)
    assert {field: trace["reason"] for field, trace in found["fields"].items()} == reasons
    assert await events(sqlite_vault, action="record.store", outcome="allowed") == []


async def test_a_person_is_found_again_by_reference_and_by_id(vault: Vault) -> None:
    first = (await stored(vault, delivery("customer-1"))).json()
    again = (await stored(vault, buyer("customer-1"))).json()
    by_id = (await stored(vault, buyer({"id": first["subject"]}))).json()
    other = (await stored(vault, delivery("customer-2"))).json()
    assert first["subject"] == again["subject"] == by_id["subject"] != other["subject"]
    assert len({first["id"], again["id"], by_id["id"], other["id"]}) == 4


async def test_a_person_who_is_missing_cannot_be_stored_to(vault: Vault) -> None:
    stranger = {"id": "sub_" + "0" * 26}
    answer = await vault.client("checkout", "order").post("/v1/records", json=delivery(stranger))
    assert problem(answer) == (404, "not-found")


async def test_one_new_reference_stored_at_once_makes_one_person(vault: Vault) -> None:
    checkout = vault.client("checkout", "order")
    answers = await asyncio.gather(
        *(checkout.post("/v1/records", json=delivery(f"customer-{n % 2}")) for n in range(16))
    )
    assert [answer.status_code for answer in answers] == [201] * 16
    for n in range(2):
        assert len({answer.json()["subject"] for answer in answers[n::2]}) == 1
    for answer in answers:
        assert (await read(vault, answer, "checkout", "order")).json()["fields"]["note"][
            "value"
        ] == "gọi trước"


async def test_a_password_is_kept_as_its_verifier_and_never_comes_back(vault: Vault) -> None:
    answer = await stored(vault, account())
    assert "password" in answer.json()["fields"]
    seen = await read(vault, answer, "checkout", "account")
    assert seen.json()["fields"]["password"] == {"form": "verified"}
    for role in ("support", "legal", "privacy-officer", "subject", "admin"):
        for purpose in ("account", "customer-care", "subject-request", "authority-request"):
            other = await read(vault, answer, role, purpose, "CASE-1")
            assert "value" not in other.json().get("fields", {}).get("password", {})
    found = await vault.parts.discloser._store.load(TENANT, parse_id("rec", answer.json()["id"]))
    assert found is not None
    keys = await vault.parts.keyring.subject(TENANT, found.subject, found.key)
    cipher = RecordCipher(keys.field, TENANT, found.subject, found.id, "account")
    verifier = cipher.open_sealed("password", 1, found.fields["password"].envelope).reveal()
    assert (
        verifier.rpartition("$")[0].rpartition("$")[0]
        == hash_password("x").rpartition("$")[0].rpartition("$")[0]
    )
    assert "correct horse" not in verifier


async def test_without_a_purpose_nothing_is_stored(vault: Vault) -> None:
    answer = await vault.client("checkout").post("/v1/records", json=delivery())
    assert problem(answer) == (400, "purpose-required")
    assert await events(vault, action="record.store") == []
