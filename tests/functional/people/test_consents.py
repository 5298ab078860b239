"""Consent: recorded with evidence, opens its purpose; withdrawn, closes it on the next read, everywhere."""

from pathlib import Path

import pytest

from app.main import create_app_from
from tests.support.orders import EVIDENCE, codes, event, problem
from tests.support.people import call, done, forms, in_days, stored_buyer, stored_delivery
from tests.support.vaults import Store, Vault, running_vault, settings_for

SMS = {"purpose": "marketing-sms", **EVIDENCE}
READABLE = {"full_name": "plain", "email": "not-granted", "phone": "plain"}


def closed(fields: dict[str, str]) -> bool:
    return set(fields.values()) <= {"purpose-not-open", "not-granted"}


async def sms(vault: Vault, record: str) -> dict[str, str]:
    found = await forms(vault, "marketing", record, "marketing-sms")
    return {name: form for name, form in found.items() if name in READABLE}


async def test_a_consent_opens_its_purpose_and_a_withdrawal_closes_it(vault: Vault) -> None:
    first, parcel = await stored_buyer(vault), await stored_delivery(vault)
    second = await stored_buyer(vault)
    assert closed(await sms(vault, first["id"]))
    subject = f"/v1/subjects/{first['subject']}"
    given = await done(vault, "checkout", "POST", f"{subject}/consents", SMS)
    assert {(b["record"], b["state"]) for b in given["opened"]} == {
        (first["id"], "open"),
        (second["id"], "open"),
    }
    assert parcel["id"] not in str(given["opened"])
    assert await sms(vault, first["id"]) == READABLE
    assert await sms(vault, second["id"]) == READABLE
    assert closed(await forms(vault, "marketing", first["id"], "marketing-email"))
    withdrawn = await done(vault, "privacy-officer", "POST", f"/v1/consents/{given['id']}/withdraw")
    assert withdrawn["withdraws"] == given["id"]
    assert {b["record"] for b in withdrawn["closed"]} == {first["id"], second["id"]}
    assert closed(await sms(vault, first["id"]))
    assert closed(await sms(vault, second["id"]))
    again = await call(vault, "privacy-officer", "POST", f"/v1/consents/{given['id']}/withdraw")
    assert problem(again) == (409, "conflict")


async def test_both_are_on_record_with_the_person_as_a_handle(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    given = await done(sqlite_vault, "checkout", "POST", f"/v1/subjects/{stored['subject']}/consents", SMS)
    withdrawn = await done(sqlite_vault, "checkout", "POST", f"/v1/consents/{given['id']}/withdraw")
    for answer, action in ((given, "consent.give"), (withdrawn, "consent.withdraw")):
        found = await event(sqlite_vault, answer["receipt"]["event"])
        assert (found["action"], found["purpose"], found["about"]) == (action, "marketing-sms", given["id"])
        assert len(found["subject"]) == 32
        assert stored["subject"] not in str(found)


async def test_a_withdrawal_ends_the_purpose_however_often_it_was_agreed_to(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault, consents=("marketing-sms",))
    path = f"/v1/subjects/{stored['subject']}"
    later = await done(sqlite_vault, "checkout", "POST", f"{path}/consents", SMS)
    await done(sqlite_vault, "checkout", "POST", f"/v1/consents/{later['id']}/withdraw")
    assert closed(await sms(sqlite_vault, stored["id"]))
    page = await done(sqlite_vault, "privacy-officer", "GET", path)
    assert [consent["state"] for consent in page["consents"]] == ["withdrawn", "withdrawn"]
    await done(sqlite_vault, "checkout", "POST", f"{path}/consents", SMS)
    assert await sms(sqlite_vault, stored["id"]) == READABLE


async def test_a_consent_given_long_ago_is_imported_with_its_own_time(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    path = f"/v1/subjects/{stored['subject']}"
    past = SMS | {"given_at": "2019-05-01T08:00:00+07:00", "method": "paper", "wording": "shop/1#sms"}
    await done(sqlite_vault, "privacy-officer", "POST", f"{path}/consents", past)
    (shown,) = (await done(sqlite_vault, "privacy-officer", "GET", path))["consents"]
    assert shown["given_at"] == "2019-05-01T01:00:00.000Z"
    assert (shown["method"], shown["wording"]) == ("paper", "shop/1#sms")
    assert shown["recorded_by"] == sqlite_vault.callers["privacy-officer"].id
    assert shown["recorded_at"] > "2026"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"purpose": "marketing-sms"},
            {"/given_at": "required", "/method": "required", "/wording": "required"},
        ),
        (SMS | {"purpose": "weather"}, {"/purpose": "unknown-purpose"}),
        (SMS | {"purpose": "order"}, {"/purpose": "not-by-consent"}),
        (SMS | {"purpose": "sale"}, {"/purpose": "not-by-consent"}),
        (SMS | {"given_at": in_days(2)}, {"/given_at": "in-the-future"}),
    ],
)
async def test_silence_is_no_consent(sqlite_vault: Vault, body: dict[str, str], expected: object) -> None:
    stored = await stored_buyer(sqlite_vault)
    path = f"/v1/subjects/{stored['subject']}/consents"
    answer = await call(sqlite_vault, "checkout", "POST", path, body)
    assert problem(answer) == (422, "invalid")
    assert codes(answer) == expected


async def test_who_may_not_and_who_is_not_there(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    path = f"/v1/subjects/{stored['subject']}/consents"
    for caller in ("marketing", "support", "compliance", "shipping"):
        assert problem(await call(sqlite_vault, caller, "POST", path, SMS)) == (403, "not-permitted")
    for gone in ("sub_" + "0" * 26, "sub_nonsense"):
        answer = await call(sqlite_vault, "checkout", "POST", f"/v1/subjects/{gone}/consents", SMS)
        assert problem(answer) == (404, "not-found")
    for gone in ("cns_" + "0" * 26, "cns_nonsense", stored["bindings"][0]["id"]):
        answer = await call(sqlite_vault, "checkout", "POST", f"/v1/consents/{gone}/withdraw")
        assert problem(answer) == (404, "not-found")


async def test_an_entry_that_withdraws_cannot_be_withdrawn(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    path = f"/v1/subjects/{stored['subject']}/consents"
    given = await done(sqlite_vault, "checkout", "POST", path, SMS)
    withdrawn = await done(sqlite_vault, "checkout", "POST", f"/v1/consents/{given['id']}/withdraw")
    answer = await call(sqlite_vault, "checkout", "POST", f"/v1/consents/{withdrawn['id']}/withdraw")
    assert problem(answer) == (404, "not-found")


async def test_an_objection_ends_all_marketing_and_nothing_else(vault: Vault) -> None:
    stored = await stored_buyer(
        vault, consents=("marketing-sms", "marketing-email", "market-research"), gender="female"
    )
    path = f"/v1/subjects/{stored['subject']}"
    objection = await done(vault, "privacy-officer", "POST", f"{path}/objection", {})
    assert objection["purposes"] == [
        "marketing-call",
        "marketing-email",
        "marketing-letter",
        "marketing-sms",
    ]
    assert {b["purpose"] for b in objection["closed"]} == {"marketing-sms", "marketing-email"}
    assert closed(await sms(vault, stored["id"]))
    assert (await forms(vault, "research", stored["id"], "market-research"))["gender"] == "plain"
    states = {
        c["purpose"]: c["state"] for c in (await done(vault, "privacy-officer", "GET", path))["consents"]
    }
    assert states == {
        "marketing-sms": "withdrawn",
        "marketing-email": "withdrawn",
        "market-research": "given",
        "marketing-call": "objected",
        "marketing-letter": "objected",
    }


async def test_an_objection_can_name_its_purposes(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault, consents=("marketing-sms", "market-research"), gender="female")
    path = f"/v1/subjects/{stored['subject']}/objection"
    body = {"purposes": ["market-research"]}
    objection = await done(sqlite_vault, "privacy-officer", "POST", path, body)
    assert [b["purpose"] for b in objection["closed"]] == ["market-research"]
    assert await sms(sqlite_vault, stored["id"]) == READABLE
    for purpose in ("order", "weather", "subject-request"):
        answer = await call(sqlite_vault, "privacy-officer", "POST", path, {"purposes": [purpose]})
        assert codes(answer) == {"/purposes/0": "not-open-to-objection"}


async def test_a_withdrawal_in_one_process_acts_on_the_next_read_in_another(
    store: Store, tmp_path: Path
) -> None:
    async with running_vault(store, tmp_path) as vault:
        stored = await stored_buyer(vault, consents=("marketing-sms",))
        second = create_app_from(settings_for(vault.database_url, vault.keyring))
        async with second.router.lifespan_context(second):
            other = Vault(
                second,
                second.state.parts,
                tmp_path,
                vault.database_url,
                vault.keyring,
                vault.callers,
                vault._stack,
            )
            assert await sms(other, stored["id"]) == READABLE
            (consent,) = (await done(vault, "privacy-officer", "GET", f"/v1/subjects/{stored['subject']}"))[
                "consents"
            ]
            await done(vault, "checkout", "POST", f"/v1/consents/{consent['id']}/withdraw")
            assert closed(await sms(other, stored["id"]))
