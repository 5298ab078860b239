"""What can be seen of a person without their fields: standing, who looked, what left the shop."""

from tests.support.orders import event, events, problem
from tests.support.people import call, done, forms, stored_buyer, stored_delivery
from tests.support.vaults import Vault


async def test_a_person_is_found_by_the_shops_own_reference(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    found = await done(sqlite_vault, "privacy-officer", "POST", "/v1/subjects/find", {"ref": "customer-8123"})
    assert found["id"] == stored["subject"]
    missing = await call(sqlite_vault, "privacy-officer", "POST", "/v1/subjects/find", {"ref": "customer-9"})
    assert problem(missing) == (404, "not-found")
    looked = await events(sqlite_vault, action="subject.find")
    assert [(e["outcome"], "subject" in e) for e in looked] == [("denied", False), ("allowed", True)]
    assert "customer-" not in str(looked)


async def test_the_page_shows_how_a_person_stands_and_no_field(vault: Vault) -> None:
    buyer = await stored_buyer(vault, consents=("marketing-sms",))
    parcel = await stored_delivery(vault)
    path = f"/v1/subjects/{buyer['subject']}"
    page = await done(vault, "privacy-officer", "GET", path)
    assert {(r["id"], r["collection"]) for r in page["records"]} == {
        (buyer["id"], "buyer"),
        (parcel["id"], "delivery"),
    }
    assert {(b["collection"], b["purpose"], b["ref"], b["state"]) for b in page["bindings"]} == {
        ("buyer", "order", "order-1001", "open"),
        ("buyer", "marketing-sms", None, "open"),
        ("delivery", "order", "order-1001", "open"),
        ("delivery", "delivery", "order-1001", "open"),
    }
    assert (page["restriction"], page["held"], page["holds"], page["assignments"]) == (None, False, [], [])
    for value in ("Bích", "bich@example.com", "345 678", "Nguyễn", "903 123 456", "903123456"):
        assert value not in str(page)
    found = await event(vault, page["receipt"]["event"])
    assert (found["action"], found["about"]) == ("subject.read", "page")


async def test_who_read_what_and_why(vault: Vault) -> None:
    stored, parcel = await stored_buyer(vault), await stored_delivery(vault)
    await stored_buyer(vault, "customer-9000")
    await forms(vault, "shipping", parcel["id"], "delivery")
    await forms(vault, "support", stored["id"], "customer-care", case="ticket-77")
    path = f"/v1/subjects/{stored['subject']}/accesses"
    for caller in ("compliance", "privacy-officer"):
        listed = await done(vault, caller, "GET", path)
        latest, before = listed["items"]
        assert (latest["roles"], latest["purpose"], latest["case"]) == (
            ["support"],
            "customer-care",
            "ticket-77",
        )
        assert (latest["outcome"], latest["record"]) == ("denied", stored["id"])
        assert (before["roles"], before["record"]) == (["shipping"], parcel["id"])
        assert before["fields"]["phone"] == {
            "given": "masked",
            "reason": "granted",
            "clause": "third-parties",
        }
        assert before["caller"] == vault.callers["shipping"].id
    pages = await done(vault, "compliance", "GET", f"{path}?limit=1")
    assert [item["event"] for item in pages["items"]] == [latest["event"]]
    following = await done(vault, "compliance", "GET", f"{path}?limit=1&cursor={pages['next']}")
    assert [item["event"] for item in following["items"]] == [before["event"]]
    assert following["next"] is None


async def test_what_left_the_shop(vault: Vault) -> None:
    parcel = await stored_delivery(vault)
    path = f"/v1/subjects/{parcel['subject']}/recipients"
    await forms(vault, "checkout", parcel["id"], "order")
    assert (await done(vault, "compliance", "GET", path))["items"] == []
    carrier = vault.callers["carrier"].id
    answer = await call(
        vault, "shipping", "GET", f"/v1/records/{parcel['id']}?recipient={carrier}", purpose="delivery"
    )
    tokens = {"tokens": [answer.json()["fields"]["address"]["value"]]}
    resolved = await call(vault, "carrier", "POST", "/v1/tokens/resolve", tokens, purpose="delivery")
    assert resolved.json()["items"][0]["form"] == "plain"
    stolen = await call(vault, "carrier-2", "POST", "/v1/tokens/resolve", tokens, purpose="delivery")
    assert stolen.json()["items"][0]["problem"]["code"] == "not-found"
    listed = await done(vault, "compliance", "GET", path)
    assert [(i["action"], i["recipient"]) for i in listed["items"]] == [
        ("token.resolve", carrier),
        ("record.disclose", carrier),
    ]
    assert listed["items"][0]["fields"]["address"]["given"] == "plain"


async def test_who_may_not_and_who_is_not_there(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    path = f"/v1/subjects/{stored['subject']}"
    for caller in ("checkout", "support", "marketing", "admin", "subject"):
        for tail in ("", "/accesses", "/recipients"):
            assert problem(await call(sqlite_vault, caller, "GET", path + tail)) == (403, "not-permitted")
    assert problem(await call(sqlite_vault, "compliance", "GET", path)) == (403, "not-permitted")
    for gone in ("sub_" + "0" * 26, "sub_nonsense"):
        for tail in ("", "/accesses", "/recipients"):
            answer = await call(sqlite_vault, "privacy-officer", "GET", f"/v1/subjects/{gone}{tail}")
            assert problem(answer) == (404, "not-found")
    bad = await call(sqlite_vault, "privacy-officer", "GET", f"{path}/accesses?limit=0")
    assert problem(bad) == (422, "invalid")
