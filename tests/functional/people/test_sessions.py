"""A customer who is signed in sees their own data, changes what they may, and signs out everywhere at once."""

from datetime import UTC, datetime, timedelta

import time_machine

from tests.support.orders import EVIDENCE, Body, event, problem
from tests.support.people import call, done, forms, stored_buyer, stored_delivery
from tests.support.vaults import Vault

OWN = "subject-request"


async def signed_in(vault: Vault, person: Body, expires_in: str = "PT15M") -> str:
    path = f"/v1/subjects/{person['subject']}/sessions"
    started = await done(vault, "privacy-officer", "POST", path, {"expires_in": expires_in})
    credential: str = started["credential"]
    assert credential.startswith("kis_shop_")
    return credential


async def test_a_customer_reads_their_own_data_and_nobody_elses(vault: Vault) -> None:
    mine, parcel = await stored_buyer(vault), await stored_delivery(vault)
    other = await stored_buyer(vault, "customer-9000")
    session = await signed_in(vault, mine)
    read = await forms(vault, None, mine["id"], OWN, credential=session)
    assert (read["full_name"], read["phone"]) == ("plain", "plain")
    assert (await forms(vault, None, parcel["id"], OWN, credential=session))["address"] == "plain"
    missing = "rec_" + "0" * 26
    answers = [
        await call(vault, None, "GET", f"/v1/records/{record}", purpose=OWN, credential=session)
        for record in (other["id"], missing)
    ]
    assert {problem(answer) for answer in answers} == {(404, "not-found")}
    assert len({str(answer.json() | {"request_id": ""}) for answer in answers}) == 1
    for purpose in ("order", "customer-care", "marketing-sms"):
        answer = await call(
            vault, None, "GET", f"/v1/records/{mine['id']}", purpose=purpose, credential=session
        )
        assert problem(answer) == (403, "disclosure-denied")


async def test_the_event_says_that_it_was_their_own(sqlite_vault: Vault) -> None:
    mine = await stored_buyer(sqlite_vault)
    session = await signed_in(sqlite_vault, mine)
    answer = await call(
        sqlite_vault, None, "GET", f"/v1/records/{mine['id']}", purpose=OWN, credential=session
    )
    found = await event(sqlite_vault, answer.json()["receipt"]["event"])
    assert found["inputs"]["own"] is True
    assert found["roles"] == ["subject"]


async def test_a_caller_with_the_role_but_without_a_session_owns_nothing(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    assert set((await forms(sqlite_vault, "subject", stored["id"], OWN)).values()) <= {
        "needs-own",
        "not-granted",
    }


async def test_a_customer_manages_what_is_theirs_and_not_what_is_others(vault: Vault) -> None:
    mine = await stored_buyer(vault, consents=("marketing-sms",))
    other = await stored_buyer(vault, "customer-9000", consents=("marketing-sms",))
    session = await signed_in(vault, mine)
    page = await done(vault, None, "GET", f"/v1/subjects/{mine['subject']}", credential=session)
    assert [record["id"] for record in page["records"]] == [mine["id"]]
    assert {"held", "holds", "assignments"}.isdisjoint(page)
    (consent,) = page["consents"]
    officer = await done(vault, "privacy-officer", "GET", f"/v1/subjects/{other['subject']}")
    not_mine = [
        ("GET", f"/v1/subjects/{other['subject']}", None),
        ("GET", f"/v1/subjects/{other['subject']}/accesses", None),
        ("POST", f"/v1/subjects/{other['subject']}/consents", {"purpose": "marketing-sms", **EVIDENCE}),
        ("POST", f"/v1/subjects/{other['subject']}/objection", {}),
        ("PUT", f"/v1/subjects/{other['subject']}/restriction", {"reason": "x"}),
        ("POST", f"/v1/consents/{officer['consents'][0]['id']}/withdraw", None),
        ("POST", f"/v1/subjects/{other['subject']}/sessions/end", None),
    ]
    for method, path, body in not_mine:
        answer = await call(vault, None, method, path, body, credential=session)
        assert problem(answer) == (404, "not-found"), path
    await done(vault, None, "POST", f"/v1/consents/{consent['id']}/withdraw", credential=session)
    assert (await forms(vault, "marketing", mine["id"], "marketing-sms"))["phone"] == "purpose-not-open"
    assert (await forms(vault, "marketing", other["id"], "marketing-sms"))["phone"] == "plain"
    seen = await done(vault, None, "GET", f"/v1/subjects/{mine['subject']}/accesses", credential=session)
    assert seen["items"][0]["roles"] == ["marketing"]


async def test_a_customer_may_nothing_else(sqlite_vault: Vault) -> None:
    mine = await stored_buyer(sqlite_vault)
    session = await signed_in(sqlite_vault, mine)
    for method, path, body in (
        ("POST", "/v1/subjects/find", {"ref": "customer-8123"}),
        ("POST", f"/v1/subjects/{mine['subject']}/sessions", {}),
        ("POST", "/v1/holds", {"subject": mine["subject"], "case": "x", "reason": "x"}),
        ("GET", "/v1/audit/events", None),
        ("GET", "/v1/callers", None),
        ("GET", "/v1/orders", None),
    ):
        answer = await call(sqlite_vault, None, method, path, body, credential=session)
        assert problem(answer) == (403, "not-permitted"), path


async def test_signing_out_ends_every_session_at_once(vault: Vault) -> None:
    mine, other = await stored_buyer(vault), await stored_buyer(vault, "customer-9000")
    first, second, theirs = [await signed_in(vault, person) for person in (mine, mine, other)]
    ended = await done(vault, None, "POST", "/v1/sessions/end", credential=first)
    assert ended["ended"] == 2
    for session in (first, second):
        answer = await call(vault, None, "GET", f"/v1/records/{mine['id']}", purpose=OWN, credential=session)
        assert problem(answer) == (401, "unauthenticated")
    assert (await forms(vault, None, other["id"], OWN, credential=theirs))["phone"] == "plain"
    path = f"/v1/subjects/{other['subject']}/sessions/end"
    assert (await done(vault, "privacy-officer", "POST", path))["ended"] == 1
    answer = await call(vault, None, "GET", f"/v1/subjects/{other['subject']}", credential=theirs)
    assert problem(answer) == (401, "unauthenticated")


async def test_a_session_ends_by_itself(sqlite_vault: Vault) -> None:
    mine = await stored_buyer(sqlite_vault)
    session = await signed_in(sqlite_vault, mine, "PT10M")
    path = f"/v1/subjects/{mine['subject']}"
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=9), tick=True):
        await done(sqlite_vault, None, "GET", path, credential=session)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11), tick=True):
        assert problem(await call(sqlite_vault, None, "GET", path, credential=session)) == (
            401,
            "unauthenticated",
        )


async def test_what_is_no_session_is_refused_and_on_record(sqlite_vault: Vault) -> None:
    mine = await stored_buyer(sqlite_vault)
    session = await signed_in(sqlite_vault, mine)
    for wrong in (session[:-1], session[:-8] + "00000000", session.replace("_shop_", "_none_"), "kis_"):
        answer = await call(sqlite_vault, None, "GET", f"/v1/subjects/{mine['subject']}", credential=wrong)
        assert problem(answer) == (401, "unauthenticated")
    listed = await done(sqlite_vault, "compliance", "GET", "/v1/audit/events?action=auth.fail")
    assert [found["reason"] for found in listed["items"]] == [
        "malformed-credential",
        "unknown-tenant",
        "unknown-or-ended-session",
        "malformed-credential",
    ]
    assert session[:20] not in str(listed)


async def test_a_session_lives_a_day_at_most_and_belongs_to_somebody(sqlite_vault: Vault) -> None:
    mine = await stored_buyer(sqlite_vault)
    path = f"/v1/subjects/{mine['subject']}/sessions"
    for wrong in ("PT0S", "P2D", "soon"):
        answer = await call(sqlite_vault, "privacy-officer", "POST", path, {"expires_in": wrong})
        assert problem(answer) == (422, "invalid")
    nobody = f"/v1/subjects/{'sub_' + '0' * 26}/sessions"
    assert problem(await call(sqlite_vault, "privacy-officer", "POST", nobody, {})) == (404, "not-found")
    for caller in ("checkout", "support", "compliance", "admin"):
        assert problem(await call(sqlite_vault, caller, "POST", path, {})) == (403, "not-permitted")
