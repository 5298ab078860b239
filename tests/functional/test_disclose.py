"""Reading a record: who gets which form for which purpose, what the receipt names, and that each answer is on record."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from app.kernel.ids import bucket_of, parse_id
from app.notice.reference import reference_notice
from app.subjects.tables import bindings, subjects
from app.vault.tables import field_values
from tests.support.orders import (
    account,
    buyer,
    codes,
    delivery,
    event,
    events_of,
    problem,
    read,
    record,
    stored,
)
from tests.support.vaults import TENANT, Vault

# Whole numbers only: four digits alone turn up in a digest now and then.
VALUES = (
    "Nguyễn",
    "0903123456",
    "903 123 456",
    "903123456",
    "90•••",
    "12 Nguyễn Huệ",
    "gọi trước",
    "tok_",
    "order-1001",
    "customer-8123",
)


async def test_shipping_gets_what_a_label_needs(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    answer = await read(vault, parcel, "shipping", "delivery")
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    body = answer.json()
    for member in ("id", "subject", "collection", "version"):
        assert body[member] == parcel.json()[member]
    assert body["fields"]["recipient"] == {"form": "plain", "value": "Nguyễn Văn An"}
    assert body["fields"]["phone"] == {"form": "masked", "value": "+84 90••• ••56"}
    assert body["fields"]["address"]["form"] == "token"
    assert body["fields"]["address"].keys() == {"form", "value", "expires_at"}
    assert body["fields"]["note"] == {"form": "withheld", "reason": "not-granted"}
    receipt = body["receipt"]
    assert (receipt["outcome"], receipt["purpose"]) == ("partial", "delivery")
    assert receipt["clauses"] == dict.fromkeys(("recipient", "phone", "address"), "third-parties")
    active = (await vault.client("compliance").get("/v1/notice")).json()
    assert receipt["notice"] == {name: active[name] for name in ("id", "version", "digest")}
    await assert_on_record(vault, answer, receipt["event"], "partial")


async def assert_on_record(
    vault: Vault, answer: httpx.Response, event_id: str, outcome: str
) -> dict[str, Any]:
    """The event that an answer names is the one of its request, ended as told, and holds no value."""
    [found] = await events_of(vault, answer)
    assert found["id"] == event_id
    assert found == await event(vault, event_id)
    assert (found["action"], found["outcome"]) == ("record.disclose", outcome)
    assert not [value for value in VALUES if value in str(found)]
    return found


REFUSED = [
    ("marketing", "delivery", "not-granted"),
    ("marketing", "marketing-sms", None),
    ("support", "customer-care", None),
    ("compliance", "delivery", "not-granted"),
    ("compliance", "customer-care", "not-granted"),
    ("admin", "delivery", "not-granted"),
    ("carrier", "delivery", "not-granted"),
    ("shipping", "order", "not-granted"),
    ("shipping", "sale", "forbidden-purpose"),
    ("checkout", "exchange", "forbidden-purpose"),
    ("shipping", "nonsense", "unknown-purpose"),
]


async def test_everybody_else_is_refused_and_each_refusal_is_on_record(vault: Vault) -> None:
    parcel = await stored(vault, delivery(purposes=("order", "delivery", "customer-care")))
    for caller, purpose, reason in REFUSED:
        answer = await read(vault, parcel, caller, purpose)
        if reason is None:
            continue
        assert problem(answer) == (403, "disclosure-denied"), caller
        assert answer.json()["reasons"] == {"*": reason}
        found = await assert_on_record(vault, answer, answer.json()["event"], "denied")
        # What is no purpose of the notice is a sender's text, and an event holds none.
        named = None if purpose == "nonsense" else purpose
        assert (found["caller"], found.get("purpose")) == (vault.callers[caller].id, named)
        assert {name: trace["reason"] for name, trace in found["fields"].items()} == {"*": reason}
        assert not [value for value in VALUES if value in answer.text]


async def test_a_collection_without_any_grant_looks_like_no_record(vault: Vault) -> None:
    """Marketing has grants for its purpose on buyers, none on parcels."""
    parcel = await stored(vault, delivery())
    answer = await read(vault, parcel, "marketing", "marketing-sms")
    assert problem(answer) == (404, "not-found")
    assert answer.json().keys() == {"type", "title", "status", "detail", "code", "request_id"}
    [found] = await events_of(vault, answer)
    assert (found["outcome"], found["reason"]) == ("denied", "not-found")


async def test_support_without_assignment_and_case_is_refused_with_reasons(vault: Vault) -> None:
    parcel = await stored(vault, delivery(purposes=("order", "customer-care")))
    answer = await read(vault, parcel, "support", "customer-care")
    assert problem(answer) == (403, "disclosure-denied")
    assert answer.json()["reasons"] == dict.fromkeys(
        ("recipient", "phone", "address", "note"), "needs-assigned"
    )
    await assert_on_record(vault, answer, answer.json()["event"], "denied")
    with_case = await read(vault, parcel, "support", "customer-care", "CASE-77")
    assert set(with_case.json()["reasons"].values()) == {"needs-assigned"}
    assert (await event(vault, with_case.json()["event"]))["case"] == "CASE-77"


async def test_support_sees_contact_details_masked(vault: Vault) -> None:
    customer = await stored(vault, buyer(purposes=("order", "customer-care")))
    fields = (await read(vault, customer, "support", "customer-care", "CASE-77")).json()["fields"]
    assert fields["full_name"] == {"form": "plain", "value": "Trần Thị Bích"}
    assert fields["email"] == {"form": "masked", "value": "b•••@e•••.com"}
    assert fields["phone"] == {"form": "masked", "value": "+84 91••• ••78"}
    assert fields["address"]["reason"] == "needs-assigned"
    assert fields["birth_date"]["reason"] == "not-granted"


async def test_without_a_purpose_there_is_no_answer(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    assert problem(await read(vault, parcel, "shipping", None)) == (400, "purpose-required")
    for misspelt in ("Delivery", "delivery now", "", "d" * 65):
        answer = await vault.client("shipping").get(
            parcel.headers["location"], headers={"Vault-Purpose": misspelt}
        )
        assert problem(answer) == (400, "bad-request")


async def test_a_purpose_that_is_not_open_on_the_record_gives_nothing(vault: Vault) -> None:
    parcel = await stored(vault, delivery(purposes=("order",)))
    answer = await read(vault, parcel, "shipping", "delivery")
    assert problem(answer) == (403, "disclosure-denied")
    assert answer.json()["reasons"] == {
        "recipient": "purpose-not-open",
        "phone": "purpose-not-open",
        "address": "purpose-not-open",
        "note": "not-granted",
    }
    found = await assert_on_record(vault, answer, answer.json()["event"], "denied")
    assert found["inputs"]["binding"] == "none"


async def test_a_closed_purpose_and_a_restricted_person_give_nothing(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    database = vault.parts.database
    async with database.bookkeeping(TENANT) as work:
        await work.execute(update(subjects).values(restricted=True))
    restricted = await read(vault, parcel, "shipping", "delivery")
    assert problem(restricted) == (403, "disclosure-denied")
    assert restricted.json()["reasons"]["recipient"] == "restricted"
    async with database.bookkeeping(TENANT) as work:
        await work.execute(update(subjects).values(restricted=False))
        await work.execute(update(bindings).where(bindings.c.purpose == "delivery").values(state="closed"))
    closed = await read(vault, parcel, "shipping", "delivery")
    assert closed.json()["reasons"]["recipient"] == "purpose-not-open"
    assert (await read(vault, parcel, "checkout", "order")).status_code == 200


async def test_a_caller_may_ask_for_less_and_for_some_fields_only(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    some = await read(vault, parcel, "checkout", "order", fields="phone,recipient", form="masked")
    assert some.json()["fields"] == {
        "phone": {"form": "masked", "value": "+84 90••• ••56"},
        "recipient": {"form": "masked", "value": "N••• A•••"},
    }
    assert {t["asked"] for t in (await event(vault, some.json()["receipt"]["event"]))["fields"].values()} == {
        "masked"
    }
    more = await read(vault, parcel, "shipping", "delivery", fields="phone", form="plain")
    assert more.json()["fields"]["phone"]["form"] == "masked"
    assert some.json()["receipt"]["outcome"] == more.json()["receipt"]["outcome"] == "allowed"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"fields": "phone,shoe_size"}, 422, "invalid"),
        ({"fields": ""}, 422, "invalid"),
        ({"form": "naked"}, 422, "invalid"),
        ({"recipient": "carrier"}, 422, "invalid"),
        ({"filds": "phone"}, 400, "bad-request"),
    ],
)
async def test_a_question_that_makes_no_sense_is_told_so(
    sqlite_vault: Vault, query: dict[str, str], status: int, code: str
) -> None:
    parcel = await stored(sqlite_vault, delivery())
    answer = await read(sqlite_vault, parcel, "shipping", "delivery", **query)
    assert problem(answer) == (status, code)
    if status == 422:
        assert list(codes(answer)) == ["/" + next(iter(query))]


async def test_names_of_fields_that_do_not_exist_reach_neither_answer_nor_event(sqlite_vault: Vault) -> None:
    """A caller without a grant is refused before its fields are looked at; they may be anything, also a value."""
    parcel = await stored(sqlite_vault, delivery())
    answer = await read(sqlite_vault, parcel, "admin", "order", fields="phone,QzMark7 Nguyễn")
    assert problem(answer) == (403, "disclosure-denied")
    assert "QzMark7" not in answer.text + str(await event(sqlite_vault, answer.json()["event"]))


async def test_every_type_comes_back_as_it_was_stored(vault: Vault) -> None:
    given: dict[str, Any] = {
        "full_name": "Nguye\u0302\u0303n  Văn An",
        "email": "An.Nguyen+shop@Example.com",
        "phone": "(028) 3822-5678",
        "address": {"country": "SG", "lines": ["1 Orchard Rd", "#02-03"], "postcode": "238801"},
        "birth_date": "1990-02-28",
        "gender": "other",
        "national_id": "079 090 001 234",
    }
    customer = await stored(vault, record("buyer", "c-1", ("customer-care",), given))
    seen = await read(vault, customer, "privacy-officer", "subject-request", "CASE-1")
    assert {name: field["value"] for name, field in seen.json()["fields"].items()} == given
    login = await stored(vault, account("c-1", username="An  Nguyễn\t"))
    assert (await read(vault, login, "checkout", "account")).json()["fields"]["username"] == {
        "form": "plain",
        "value": "An  Nguyễn\t",
    }


async def test_research_gets_groups_and_never_a_person(vault: Vault) -> None:
    address = delivery()["fields"]["address"]
    customer = await stored(
        vault, buyer(consents=("market-research",), birth_date="1991-02-03", gender="female", address=address)
    )
    fields = (await read(vault, customer, "research", "market-research")).json()["fields"]
    shown = {name: field["value"] for name, field in fields.items() if "value" in field}
    assert shown == {
        "address": {"province": "Thành phố Hồ Chí Minh", "country": "VN"},
        "birth_date": "1990–1994",
        "gender": "female",
    }


async def test_no_role_reads_for_any_purpose_what_the_notice_does_not_grant(sqlite_vault: Vault) -> None:
    """Every role × purpose on one record of each kind, with a case: a value appears only where a direct grant gives it."""
    notice = reference_notice()
    bodies = [
        delivery(purposes=("order", "delivery", "customer-care")),
        buyer(purposes=("order", "customer-care"), consents=("marketing-email",)),
        account(),
    ]
    kept = [await stored(sqlite_vault, body) for body in bodies]
    direct = {(g.role, g.purpose, field) for g in notice.grants if g.through == "direct" for field in g.reads}
    seen = set()
    for role in notice.roles:
        for purpose in notice.purposes:
            for answer in kept:
                got = await read(sqlite_vault, answer, role, purpose, "CASE-1")
                assert got.status_code in {200, 403, 404}, got.text
                collection = answer.json()["collection"]
                for name, field in got.json().get("fields", {}).items():
                    if field["form"] != "withheld":
                        assert (role, purpose, f"{collection}.{name}") in direct
                        seen.add((role, purpose, collection))
    assert len(seen) == 9


@pytest.mark.parametrize(
    "damage", ["flipped", "swapped fields", "swapped people", "swapped keys", "swapped key only"]
)
async def test_changed_rows_give_no_value_but_a_failure_on_record(vault: Vault, damage: str) -> None:
    first, second = await stored(vault, delivery("customer-1")), await stored(vault, delivery("customer-2"))
    await DAMAGES[damage](vault, first.json(), second.json())
    answer = await read(vault, first, "checkout", "order")
    assert problem(answer) == (503, "unavailable")
    assert not [value for value in VALUES if value in answer.text]
    [found] = await events_of(vault, answer)
    assert (found["action"], found["outcome"]) == ("record.disclose", "failed")
    assert found["reason"] == "integrity"


async def _flip(vault: Vault, first: dict[str, Any], _second: dict[str, Any]) -> None:
    sealed = await _sealed(vault, first, "note")
    await _reseal(vault, first, "note", sealed[:20] + bytes([sealed[20] ^ 1]) + sealed[21:])


async def _swap_fields(vault: Vault, first: dict[str, Any], _second: dict[str, Any]) -> None:
    note, recipient = await _sealed(vault, first, "note"), await _sealed(vault, first, "recipient")
    await _reseal(vault, first, "note", recipient)
    await _reseal(vault, first, "recipient", note)


async def _swap_people(vault: Vault, first: dict[str, Any], second: dict[str, Any]) -> None:
    mine, theirs = await _sealed(vault, first, "note"), await _sealed(vault, second, "note")
    await _reseal(vault, first, "note", theirs)
    await _reseal(vault, second, "note", mine)


async def _swap_keys(vault: Vault, first: dict[str, Any], second: dict[str, Any]) -> None:
    await _swap_subject_columns(vault, first, second, ("wrapped_key", "commitment"))


async def _swap_key_only(vault: Vault, first: dict[str, Any], second: dict[str, Any]) -> None:
    await _swap_subject_columns(vault, first, second, ("wrapped_key",))


async def _swap_subject_columns(
    vault: Vault, first: dict[str, Any], second: dict[str, Any], names: tuple[str, ...]
) -> None:
    one, other = parse_id("sub", first["subject"]), parse_id("sub", second["subject"])
    rows = await vault.parts.database.read(TENANT, select(subjects))
    values = {row.id: {name: getattr(row, name) for name in names} for row in rows}
    async with vault.parts.database.bookkeeping(TENANT) as work:
        await work.execute(update(subjects).where(subjects.c.id == one).values(values[other]))
        await work.execute(update(subjects).where(subjects.c.id == other).values(values[one]))


DAMAGES = {
    "flipped": _flip,
    "swapped fields": _swap_fields,
    "swapped people": _swap_people,
    "swapped keys": _swap_keys,
    "swapped key only": _swap_key_only,
}


def _where(of: dict[str, Any], field: str) -> Any:
    uuid = parse_id("rec", of["id"])
    return (
        (field_values.c.bucket == bucket_of(uuid))
        & (field_values.c.record == uuid)
        & (field_values.c.field == field)
    )


async def _sealed(vault: Vault, of: dict[str, Any], field: str) -> bytes:
    [row] = await vault.parts.database.read(TENANT, select(field_values.c.sealed).where(_where(of, field)))
    return bytes(row.sealed)


async def _reseal(vault: Vault, of: dict[str, Any], field: str, sealed: bytes) -> None:
    async with vault.parts.database.bookkeeping(TENANT) as work:
        await work.execute(update(field_values).where(_where(of, field)).values(sealed=sealed))
