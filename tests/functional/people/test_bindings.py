"""Purposes opened and closed on what is stored already."""

from tests.support.orders import codes, event, problem
from tests.support.people import call, done, forms, stored_buyer, stored_delivery
from tests.support.vaults import Vault

CLOSE = {"purpose": "delivery", "ref": "order-1001", "reason": "đã giao cho chị Bích"}


async def test_a_purpose_is_opened_later_and_read_for(vault: Vault) -> None:
    stored = await stored_buyer(vault)
    assert (await forms(vault, "support", stored["id"], "customer-care"))["full_name"] == "purpose-not-open"
    path = f"/v1/records/{stored['id']}/bindings"
    opened = await done(vault, "order-desk", "POST", path, {"purpose": "customer-care", "ref": "ticket-77"})
    assert (opened["purpose"], opened["state"], opened["record"]) == ("customer-care", "open", stored["id"])
    assert (await forms(vault, "support", stored["id"], "customer-care"))["full_name"] == "plain"
    page = await done(vault, "privacy-officer", "GET", f"/v1/subjects/{stored['subject']}")
    refs = {binding["purpose"]: binding["ref"] for binding in page["bindings"]}
    assert refs == {"order": "order-1001", "customer-care": "ticket-77"}
    found = await event(vault, opened["receipt"]["event"])
    assert (found["action"], found["about"], found["collection"]) == ("binding.open", opened["id"], "buyer")
    assert "ticket-77" not in str(found)


async def test_a_purpose_is_closed_by_its_reference_on_every_record(vault: Vault) -> None:
    first, second = await stored_delivery(vault), await stored_delivery(vault, "customer-9000")
    assert (await forms(vault, "shipping", first["id"], "delivery"))["address"] == "token"
    closed = await done(vault, "shipping", "POST", "/v1/bindings/close", CLOSE)
    assert {binding["record"] for binding in closed["closed"]} == {first["id"], second["id"]}
    for record in (first, second):
        assert (await forms(vault, "shipping", record["id"], "delivery"))["address"] == "purpose-not-open"
        assert (await forms(vault, "checkout", record["id"], "order"))["address"] == "plain"
    again = await done(vault, "shipping", "POST", "/v1/bindings/close", CLOSE)
    assert again["closed"] == []
    assert (await event(vault, again["receipt"]["event"]))["inputs"] == {"closed": "0"}


async def test_the_reason_is_for_people_and_not_for_the_log(sqlite_vault: Vault) -> None:
    stored = await stored_delivery(sqlite_vault)
    closed = await done(sqlite_vault, "shipping", "POST", "/v1/bindings/close", CLOSE)
    page = await done(sqlite_vault, "privacy-officer", "GET", f"/v1/subjects/{stored['subject']}")
    (binding,) = [b for b in page["bindings"] if b["purpose"] == "delivery"]
    assert (binding["state"], binding["closed_because"]) == ("closed", "call")
    assert binding["reason"] == CLOSE["reason"]
    found = await event(sqlite_vault, closed["receipt"]["event"])
    assert (found["action"], found["purpose"]) == ("binding.close", "delivery")
    assert "Bích" not in str(found)
    assert "order-1001" not in str(found)


async def test_one_binding_is_closed_by_its_id(vault: Vault) -> None:
    stored = await stored_delivery(vault)
    (binding,) = [b["id"] for b in stored["bindings"] if b["purpose"] == "delivery"]
    closed = await done(vault, "order-desk", "POST", "/v1/bindings/close", {"id": binding})
    assert [b["id"] for b in closed["closed"]] == [binding]
    assert (await forms(vault, "shipping", stored["id"], "delivery"))["recipient"] == "purpose-not-open"
    again = await done(vault, "order-desk", "POST", "/v1/bindings/close", {"id": binding})
    assert again["closed"] == []


async def test_what_cannot_be_opened(sqlite_vault: Vault) -> None:
    buyer, parcel = await stored_buyer(sqlite_vault), await stored_delivery(sqlite_vault)
    expected = {
        "weather": "unknown-purpose",
        "sale": "forbidden-purpose",
        "subject-request": "standing-purpose",
        "marketing-sms": "needs-consent",
    }
    for purpose, code in expected.items():
        path = f"/v1/records/{buyer['id']}/bindings"
        answer = await call(sqlite_vault, "checkout", "POST", path, {"purpose": purpose})
        assert problem(answer) == (422, "invalid")
        assert codes(answer) == {"/purpose": code}
    path = f"/v1/records/{parcel['id']}/bindings"
    answer = await call(sqlite_vault, "checkout", "POST", path, {"purpose": "payment"})
    assert problem(answer) == (422, "not-covered")


async def test_what_is_not_there_and_who_may_not(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    body = {"purpose": "customer-care"}
    for gone in ("rec_" + "0" * 26, "rec_nonsense"):
        answer = await call(sqlite_vault, "checkout", "POST", f"/v1/records/{gone}/bindings", body)
        assert problem(answer) == (404, "not-found")
    path = f"/v1/records/{stored['id']}/bindings"
    assert problem(await call(sqlite_vault, "support", "POST", path, body)) == (403, "not-permitted")
    close = "/v1/bindings/close"
    assert problem(await call(sqlite_vault, "support", "POST", close, CLOSE)) == (403, "not-permitted")
    missing = {"id": "bnd_" + "0" * 26}
    assert problem(await call(sqlite_vault, "checkout", "POST", close, missing)) == (404, "not-found")
    for wrong in ({}, {"purpose": "delivery"}, {**CLOSE, **missing}, {"ref": "order-1001"}):
        assert problem(await call(sqlite_vault, "checkout", "POST", close, wrong)) == (422, "invalid")
