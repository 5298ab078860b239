"""Restriction stops every purpose with a binding; a legal hold stands until it is released."""

from tests.support.orders import event, problem
from tests.support.people import call, done, forms, stored_buyer
from tests.support.vaults import Vault

REASON = {"reason": "chị Bích gọi ngày 22/11"}


async def test_a_restriction_stops_purposes_with_a_binding_and_lets_standing_ones_go_on(vault: Vault) -> None:
    stored = await stored_buyer(vault, purposes=("order", "customer-care"))
    path = f"/v1/subjects/{stored['subject']}"
    laid = await done(vault, "privacy-officer", "PUT", f"{path}/restriction", REASON)
    assert laid["restricted"] is True
    for caller, purpose in (("checkout", "order"), ("support", "customer-care")):
        assert (await forms(vault, caller, stored["id"], purpose))["full_name"] == "restricted"
    asked = await forms(vault, "privacy-officer", stored["id"], "subject-request", case="dsr/1")
    assert asked["phone"] == "plain"
    page = await done(vault, "privacy-officer", "GET", path)
    assert page["restriction"]["reason"] == REASON["reason"]
    lifted = await done(vault, "privacy-officer", "DELETE", f"{path}/restriction", {"reason": "đã xong"})
    assert lifted["restricted"] is False
    assert (await forms(vault, "checkout", stored["id"], "order"))["full_name"] == "plain"
    assert (await done(vault, "privacy-officer", "GET", path))["restriction"] is None


async def test_laying_it_twice_keeps_the_first_time_and_the_last_reason(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    path = f"/v1/subjects/{stored['subject']}"
    await done(sqlite_vault, "privacy-officer", "PUT", f"{path}/restriction", REASON)
    first = (await done(sqlite_vault, "privacy-officer", "GET", path))["restriction"]
    await done(sqlite_vault, "privacy-officer", "PUT", f"{path}/restriction", {"reason": "khác"})
    second = (await done(sqlite_vault, "privacy-officer", "GET", path))["restriction"]
    assert second == first | {"reason": "khác"}
    await done(sqlite_vault, "privacy-officer", "DELETE", f"{path}/restriction")


async def test_the_log_says_that_it_was_done_and_not_why(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    path = f"/v1/subjects/{stored['subject']}/restriction"
    laid = await done(sqlite_vault, "privacy-officer", "PUT", path, REASON)
    lifted = await done(sqlite_vault, "privacy-officer", "DELETE", path)
    events = [await event(sqlite_vault, answer["receipt"]["event"]) for answer in (laid, lifted)]
    assert [found["action"] for found in events] == ["subject.restrict", "subject.unrestrict"]
    assert events[0]["subject"] == events[1]["subject"]
    assert "Bích" not in str(events)


async def test_a_hold_is_placed_seen_and_released(vault: Vault) -> None:
    stored = await stored_buyer(vault)
    path = f"/v1/subjects/{stored['subject']}"
    body = {"subject": stored["subject"], "case": "court/2026-118", **REASON}
    held = await done(vault, "legal", "POST", "/v1/holds", body)
    other = await done(vault, "privacy-officer", "POST", "/v1/holds", body | {"case": "court/2"})
    page = await done(vault, "privacy-officer", "GET", path)
    assert page["held"] is True
    assert [hold["case"] for hold in page["holds"]] == ["court/2026-118", "court/2"]
    assert page["holds"][0]["reason"] == REASON["reason"]
    answer = await call(vault, "checkout", "GET", f"/v1/records/{stored['id']}", purpose="order")
    assert answer.json()["fields"]["full_name"]["form"] == "plain"
    assert (await event(vault, answer.json()["receipt"]["event"]))["inputs"]["held"] is True
    assert (await event(vault, held["receipt"]["event"]))["case"] == "court/2026-118"
    for hold, still in ((held, True), (other, False)):
        released = await done(vault, "legal", "POST", f"/v1/holds/{hold['id']}/release")
        assert released["state"] == "released"
        assert (await done(vault, "privacy-officer", "GET", path))["held"] is still
    again = await call(vault, "legal", "POST", f"/v1/holds/{held['id']}/release")
    assert problem(again) == (409, "conflict")
    answer = await call(vault, "checkout", "GET", f"/v1/records/{stored['id']}", purpose="order")
    assert (await event(vault, answer.json()["receipt"]["event"]))["inputs"]["held"] is False


async def test_who_may_not_and_who_is_not_there(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    hold = {"subject": stored["subject"], "case": "court/1", **REASON}
    path = f"/v1/subjects/{stored['subject']}/restriction"
    for caller in ("checkout", "support", "compliance", "admin"):
        assert problem(await call(sqlite_vault, caller, "POST", "/v1/holds", hold)) == (403, "not-permitted")
        assert problem(await call(sqlite_vault, caller, "PUT", path, REASON)) == (403, "not-permitted")
    nobody = "sub_" + "0" * 26
    answers = [
        await call(sqlite_vault, "legal", "POST", "/v1/holds", hold | {"subject": nobody}),
        await call(sqlite_vault, "legal", "POST", f"/v1/holds/{'hld_' + '0' * 26}/release"),
        await call(sqlite_vault, "legal", "POST", "/v1/holds/nonsense/release"),
        await call(sqlite_vault, "privacy-officer", "PUT", f"/v1/subjects/{nobody}/restriction", REASON),
        await call(sqlite_vault, "privacy-officer", "DELETE", f"/v1/subjects/{nobody}/restriction"),
        await call(sqlite_vault, "privacy-officer", "GET", f"/v1/subjects/{nobody}"),
    ]
    assert {problem(answer) for answer in answers} == {(404, "not-found")}
