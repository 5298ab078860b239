"""A person's request has deadlines, moves as the table says, and outlives the person."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.support.erasing import erasing_vault, with_a_legal_duty
from tests.support.notices import activate
from tests.support.orders import ADDRESS, Body, codes, event, events, problem
from tests.support.people import call, done, stored_buyer
from tests.support.vaults import SqliteStore, Store, Vault, running_vault

OFFICER = "privacy-officer"
SUNDAY = "2026-11-22T08:00:00.000Z"
REASON = {"reason": "chị Bích gửi thư, cần đối chiếu"}


def at(moment: str) -> time_machine.travel:
    return time_machine.travel(datetime.fromisoformat(moment), tick=True)


async def opened(vault: Vault, person: Body, kind: str = "access", **more: Any) -> Body:
    return await done(
        vault, OFFICER, "POST", "/v1/requests", {"subject": person["subject"], "kind": kind, **more}
    )


async def session_of(vault: Vault, person: Body) -> str:
    path = f"/v1/subjects/{person['subject']}/sessions"
    return str((await done(vault, OFFICER, "POST", path, {}))["credential"])


async def listed(vault: Vault, query: str = "", **who: str) -> list[str]:
    caller = None if "credential" in who else OFFICER
    page = await done(vault, caller, "GET", f"/v1/requests{query}", **who)
    return [item["id"] for item in page["items"]]


async def test_a_request_says_by_when_it_is_due(vault: Vault) -> None:
    with at("2026-11-22T09:00:00Z"):
        person = await stored_buyer(vault)
        asked = await opened(vault, person, received_at=SUNDAY, words="xin bản sao dữ liệu")
        assert asked["id"].startswith("req_")
        assert (asked["state"], asked["received_at"]) == ("open", SUNDAY)
        assert asked["acknowledge_by"] == "2026-11-24T17:00:00.000Z"
        assert asked["due_at"] == "2026-12-02T08:00:00.000Z"
        assert (asked["warning"], asked["warnings"]) == (
            "none",
            {"half": "2026-11-27T08:00:00.000Z", "four-fifths": "2026-11-30T08:00:00.000Z"},
        )
        assert asked["words"] is None
        longer = await opened(vault, person, "erasure", received_at=SUNDAY, recipients_involved=True)
        assert longer["due_at"] == "2026-12-22T08:00:00.000Z"
        shown = await done(vault, OFFICER, "GET", f"/v1/requests/{asked['id']}")
        assert shown == asked | {
            "words": {"opened": "xin bản sao dữ liệu"},
            "receipt": shown["receipt"],
        }
        found = await event(vault, asked["receipt"]["event"])
        assert (found["action"], found["about"], found["inputs"]) == (
            "request.open",
            asked["id"],
            {"kind": "access"},
        )
        assert "subject" not in found


async def test_a_request_is_answered_extended_once_and_completed(vault: Vault) -> None:
    person = await stored_buyer(vault)
    asked = await opened(vault, person, "withdrawal")
    path = f"/v1/requests/{asked['id']}"
    answered = await done(vault, OFFICER, "POST", f"{path}/acknowledge")
    assert (answered["state"], answered["due_at"]) == ("acknowledged", asked["due_at"])
    assert problem(await call(vault, OFFICER, "POST", f"{path}/acknowledge")) == (409, "conflict")
    later = await done(vault, OFFICER, "POST", f"{path}/extend", REASON)
    due = [datetime.fromisoformat(found["due_at"]) for found in (asked, later)]
    assert due[1] - due[0] == timedelta(days=15)
    assert later["acknowledged_at"] == answered["acknowledged_at"]
    assert problem(await call(vault, OFFICER, "POST", f"{path}/extend", REASON)) == (409, "conflict")
    ended = await done(vault, OFFICER, "POST", f"{path}/complete")
    assert (ended["state"], ended["certificate"]) == ("completed", None)
    for step, body in (("acknowledge", None), ("extend", REASON), ("complete", None), ("refuse", REASON)):
        answer = await call(vault, OFFICER, "POST", f"{path}/{step}", body)
        assert problem(answer) == (409, "conflict"), step
    shown = await done(vault, OFFICER, "GET", path)
    assert shown == ended | {"words": {"extended": REASON["reason"]}, "receipt": shown["receipt"]}
    done_so = [await event(vault, found["receipt"]["event"]) for found in (answered, later, ended, shown)]
    assert [found["action"] for found in done_so] == [
        "request.acknowledge",
        "request.extend",
        "request.complete",
        "request.list",
    ]
    assert {found["about"] for found in done_so} == {asked["id"]}
    assert {found["inputs"]["kind"] for found in done_so} == {"withdrawal"}
    assert "Bích" not in str(done_so)


async def test_of_two_who_extend_at_the_same_time_one_does(vault: Vault) -> None:
    asked = await opened(vault, await stored_buyer(vault))
    path = f"/v1/requests/{asked['id']}/extend"
    answers = await asyncio.gather(*(call(vault, OFFICER, "POST", path, REASON) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (after,) = (await done(vault, OFFICER, "GET", "/v1/requests"))["items"]
    due = [datetime.fromisoformat(found["due_at"]) for found in (asked, after)]
    assert due[1] - due[0] == timedelta(days=10)


async def test_a_request_outlives_its_person_and_its_words_do_not(store: Store, tmp_path: Path) -> None:
    async with erasing_vault(store, tmp_path) as vault:
        person, other = await stored_buyer(vault), await stored_buyer(vault, "customer-9000")
        asked = await opened(vault, person, "erasure", words="xóa hết dữ liệu của tôi")
        second = await opened(vault, person)
        await done(vault, OFFICER, "POST", f"/v1/requests/{second['id']}/extend", REASON)
        path = f"/v1/requests/{asked['id']}"
        made = [
            await done(vault, OFFICER, "POST", f"/v1/subjects/{one['subject']}/erase")
            for one in (other, person)
        ]
        theirs, certificate = [found["id"] for found in made]
        for wrong in (theirs, f"crt_{'0' * 26}"):
            answer = await call(vault, OFFICER, "POST", f"{path}/complete", {"certificate": wrong})
            assert (problem(answer), list(codes(answer))) == ((422, "invalid"), ["/certificate"])
        missing = await call(vault, OFFICER, "POST", f"{path}/complete")
        assert (problem(missing), codes(missing)) == ((422, "invalid"), {"/certificate": "required"})
        for step in ("extend", "refuse"):
            answer = await call(vault, OFFICER, "POST", f"{path}/{step}", REASON)
            assert problem(answer) == (409, "conflict")
        ended = await done(vault, OFFICER, "POST", f"{path}/complete", {"certificate": certificate})
        assert (ended["state"], ended["certificate"]) == ("completed", certificate)
        found = await event(vault, ended["receipt"]["event"])
        assert found["inputs"] == {"kind": "erasure", "certificate": certificate}
        assert "subject" not in found
        shown = await done(vault, OFFICER, "GET", f"/v1/requests/{second['id']}")
        assert (shown["state"], shown["words"]) == ("extended", None)
        assert set(await listed(vault)) == {asked["id"], second["id"]}
        refused = await call(
            vault, OFFICER, "POST", "/v1/requests", {"subject": person["subject"], "kind": "access"}
        )
        assert problem(refused) == (404, "not-found")


async def test_what_a_hold_kept_is_no_erasure(store: Store, tmp_path: Path) -> None:
    async with erasing_vault(store, tmp_path) as vault:
        person = await stored_buyer(vault)
        asked = await opened(vault, person, "erasure")
        hold = {"subject": person["subject"], "case": "court/1", "reason": "tranh chấp"}
        held = await done(vault, "legal", "POST", "/v1/holds", hold)
        erase, complete = f"/v1/subjects/{person['subject']}/erase", f"/v1/requests/{asked['id']}/complete"
        kept = await done(vault, OFFICER, "POST", erase)
        answer = await call(vault, OFFICER, "POST", complete, {"certificate": kept["id"]})
        assert problem(answer) == (409, "conflict")
        await done(vault, "legal", "POST", f"/v1/holds/{held['id']}/release")
        gone = await done(vault, OFFICER, "POST", erase)
        ended = await done(vault, OFFICER, "POST", complete, {"certificate": gone["id"]})
        assert ended["state"] == "completed"


async def test_what_was_erased_before_the_request_does_not_answer_it(store: Store, tmp_path: Path) -> None:
    async with erasing_vault(store, tmp_path) as vault:
        await activate(vault, with_a_legal_duty())
        # Something is kept, so that there is still somebody who can ask.
        person = await stored_buyer(vault, purposes=("order", "invoice"), address=ADDRESS)
        erase = f"/v1/subjects/{person['subject']}/erase"
        with at("2026-11-22T09:00:00Z"):
            before = await done(vault, OFFICER, "POST", erase)
        with at("2026-11-23T09:00:00Z"):
            asked = await opened(vault, person, "erasure")
            earlier = await opened(vault, person, "erasure", received_at=SUNDAY)
            path = f"/v1/requests/{asked['id']}/complete"
            refused = await call(vault, OFFICER, "POST", path, {"certificate": before["id"]})
            assert problem(refused) == (409, "conflict")
            path = f"/v1/requests/{earlier['id']}/complete"
            ended = await done(vault, OFFICER, "POST", path, {"certificate": before["id"]})
            assert ended["state"] == "completed"


async def test_a_request_refused_at_once_was_answered_by_that(sqlite_vault: Vault) -> None:
    person = await stored_buyer(sqlite_vault)
    asked = await opened(sqlite_vault, person, "objection")
    path = f"/v1/requests/{asked['id']}"
    refused = await done(sqlite_vault, OFFICER, "POST", f"{path}/refuse", REASON)
    assert refused["state"] == "refused"
    assert refused["acknowledged_at"] == refused["ended_at"]
    assert (await done(sqlite_vault, OFFICER, "GET", path))["words"] == {"refused": REASON["reason"]}
    extended = await opened(sqlite_vault, person, "objection")
    path = f"/v1/requests/{extended['id']}"
    told = await done(sqlite_vault, OFFICER, "POST", f"{path}/extend", REASON)
    assert told["acknowledged_at"] == told["extended_at"]


async def test_the_most_urgent_comes_first_and_filters_find(vault: Vault) -> None:
    with at("2026-12-01T00:00:00Z"):
        person, other = await stored_buyer(vault), await stored_buyer(vault, "customer-9000")
        kinds = ("erasure", "access", "restriction")
        erasure, access, restriction = [
            (await opened(vault, person, kind, received_at="2026-11-20T00:00:00Z"))["id"] for kind in kinds
        ]
        fresh = (await opened(vault, other, "access"))["id"]
        await done(vault, OFFICER, "POST", f"/v1/requests/{erasure}/acknowledge")
        # Due on 30 November, 5, 10 and 11 December.
        everything = [access, restriction, erasure, fresh]
        assert await listed(vault) == everything
        assert await listed(vault, "?state=open") == everything
        assert await listed(vault, "?state=acknowledged") == [erasure]
        assert await listed(vault, "?kind=access") == [access, fresh]
        assert await listed(vault, f"?subject={other['subject']}") == [fresh]
        assert await listed(vault, "?due_before=2026-12-05T00:00:00Z") == [access]
        assert await listed(vault, "?due_before=2026-12-05T00:00:01Z&state=open") == [access, restriction]
        warned = {
            word: await listed(vault, f"?warning={word}")
            for word in ("none", "half", "four-fifths", "overdue")
        }
        assert warned == {
            "none": [fresh],
            "half": [restriction, erasure],
            "four-fifths": [],
            "overdue": [access],
        }
    with at("2026-12-03T00:00:00Z"):
        assert await listed(vault, "?warning=four-fifths") == [restriction]
        await done(vault, OFFICER, "POST", f"/v1/requests/{access}/complete")
        assert await listed(vault, "?warning=overdue") == []
        assert await listed(vault, "?state=open") == everything[1:]
        assert await listed(vault, "?state=completed") == [access]


async def test_pages_go_on_where_the_last_ended_also_when_its_last_was_put_off(vault: Vault) -> None:
    person = await stored_buyer(vault)
    asked = [
        (await opened(vault, person, "access", received_at=f"2026-11-{day}T00:00:00Z"))["id"]
        for day in ("20", "21", "21", "22")
    ]
    first = await done(vault, OFFICER, "GET", "/v1/requests?limit=2")
    assert {item["id"] for item in first["items"]} <= set(asked[:3])
    await done(vault, OFFICER, "POST", f"/v1/requests/{first['items'][-1]['id']}/extend", REASON)
    rest = await listed(vault, f"?limit=200&cursor={first['next']}")
    assert set(asked) - {item["id"] for item in first["items"]} <= set(rest)
    assert (await done(vault, OFFICER, "GET", "/v1/requests"))["next"] is None


async def test_a_customer_asks_and_sees_their_own_and_no_more(vault: Vault) -> None:
    mine, other = await stored_buyer(vault), await stored_buyer(vault, "customer-9000")
    theirs = await opened(vault, other)
    session = await session_of(vault, mine)
    body = {"subject": mine["subject"], "kind": "rectification", "words": "sai số nhà"}
    asked = await done(vault, None, "POST", "/v1/requests", body, credential=session)
    assert (asked["opened_by"], theirs["opened_by"]) == (None, vault.callers[OFFICER].id)
    said = await event(vault, asked["receipt"]["event"])
    assert (said["roles"], "caller" in said) == (["subject"], False)
    assert await listed(vault, credential=session) == [asked["id"]]
    assert await listed(vault, f"?subject={mine['subject']}", credential=session) == [asked["id"]]
    shown = await done(vault, None, "GET", f"/v1/requests/{asked['id']}", credential=session)
    assert shown["words"] == {"opened": "sai số nhà"}
    for method, path, sent in (
        ("POST", "/v1/requests", {"subject": other["subject"], "kind": "access"}),
        ("GET", f"/v1/requests/{theirs['id']}", None),
        ("GET", f"/v1/requests?subject={other['subject']}", None),
    ):
        answer = await call(vault, None, method, path, sent, credential=session)
        assert problem(answer) == (404, "not-found"), path
    for step, sent in (("acknowledge", None), ("extend", REASON), ("complete", None), ("refuse", REASON)):
        path = f"/v1/requests/{asked['id']}/{step}"
        answer = await call(vault, None, "POST", path, sent, credential=session)
        assert problem(answer) == (403, "not-permitted"), step
    backdated = body | {"received_at": SUNDAY}
    answer = await call(vault, None, "POST", "/v1/requests", backdated, credential=session)
    assert (problem(answer), codes(answer)) == ((422, "invalid"), {"/received_at": "bad-time"})


async def test_who_may_not_and_what_is_not_there(sqlite_vault: Vault) -> None:
    person = await stored_buyer(sqlite_vault)
    asked = await opened(sqlite_vault, person)
    body = {"subject": person["subject"], "kind": "access"}
    calls: list[tuple[str, str, Any]] = [("POST", "/v1/requests", body), ("GET", "/v1/requests", None)]
    calls += [("GET", f"/v1/requests/{asked['id']}", None)]
    steps: list[tuple[str, Any]] = [
        ("acknowledge", None),
        ("extend", REASON),
        ("complete", {}),
        ("refuse", REASON),
    ]
    calls += [("POST", f"/v1/requests/{asked['id']}/{step}", sent) for step, sent in steps]
    for caller in ("checkout", "support", "compliance", "admin", "carrier"):
        for method, path, sent in calls:
            answer = await call(sqlite_vault, caller, method, path, sent)
            assert problem(answer) == (403, "not-permitted"), (caller, path)
    refused = await events(sqlite_vault, action="permission.deny")
    assert {found["reason"] for found in refused} == {"requests|own", "requests"}
    nobody = body | {"subject": "sub_" + "0" * 26}
    assert problem(await call(sqlite_vault, OFFICER, "POST", "/v1/requests", nobody)) == (404, "not-found")
    for unknown in ("req_" + "0" * 26, "nonsense"):
        path = f"/v1/requests/{unknown}"
        assert problem(await call(sqlite_vault, OFFICER, "GET", path)) == (404, "not-found")
        for step, sent in steps:
            answer = await call(sqlite_vault, OFFICER, "POST", f"{path}/{step}", sent)
            assert problem(answer) == (404, "not-found")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "forgetting"}, "/kind"),
        ({"received_at": "2026-11-22T08:00:00"}, "/received_at"),
        ({"received_at": "2999-01-01T00:00:00Z"}, "/received_at"),
        ({"received_at": "0001-01-01T00:00:00+14:00"}, "/received_at"),
        ({"words": ""}, "/words"),
        ({"recipients_involved": "maybe"}, "/recipients_involved"),
    ],
)
async def test_what_cannot_be_asked(sqlite_vault: Vault, body: Body, pointer: str) -> None:
    person = await stored_buyer(sqlite_vault)
    sent = {"subject": person["subject"], "kind": "access"} | body
    answer = await call(sqlite_vault, OFFICER, "POST", "/v1/requests", sent)
    assert problem(answer) == (422, "invalid")
    assert list(codes(answer)) == [pointer]


@pytest.mark.parametrize(
    "query", ["state=late", "warning=1", "due_before=tomorrow", "cursor=1", "cursor=x.req_1", "limit=0"]
)
async def test_what_cannot_be_listed(sqlite_vault: Vault, query: str) -> None:
    assert problem(await call(sqlite_vault, OFFICER, "GET", f"/v1/requests?{query}")) == (422, "invalid")


async def test_an_extension_needs_a_reason(sqlite_vault: Vault) -> None:
    asked = await opened(sqlite_vault, await stored_buyer(sqlite_vault))
    for step in ("extend", "refuse"):
        answer = await call(sqlite_vault, OFFICER, "POST", f"/v1/requests/{asked['id']}/{step}", {})
        assert (problem(answer), list(codes(answer))) == ((422, "invalid"), ["/reason"])


async def test_the_same_key_opens_one_request(sqlite_vault: Vault) -> None:
    person = await stored_buyer(sqlite_vault)
    client = sqlite_vault.client(OFFICER)
    body = {"subject": person["subject"], "kind": "access"}
    answers = [
        await client.post("/v1/requests", json=body, headers={"Idempotency-Key": "letter-1"})
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert len(await listed(sqlite_vault)) == 1


async def test_the_operators_terms_hold(sqlite_store: SqliteStore, tmp_path: Path) -> None:
    terms = {"profile": "gdpr", "terms": {"access": {"within": "P7D"}}}
    async with running_vault(sqlite_store, tmp_path, deadlines=terms) as vault:
        person = await stored_buyer(vault)
        now = datetime.now(UTC).replace(microsecond=0)
        asked = await opened(vault, person, received_at=now.isoformat())
        assert datetime.fromisoformat(asked["due_at"]) == now + timedelta(days=7)
        longest = await opened(vault, person, "erasure", received_at=now.isoformat())
        assert datetime.fromisoformat(longest["due_at"]) >= now + timedelta(days=28)
