"""What compliance can ask of the log: every filter, pages, one event, counts; and that whoever asks is on record."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from tests.support.orders import buyer, codes, delivery, events, events_of, problem, read, stored
from tests.support.vaults import Vault

START = datetime(2030, 11, 22, 8, tzinfo=UTC)


async def some_history(vault: Vault) -> dict[str, Any]:
    """An hour apart each: a parcel, a customer, four reads of three outcomes, a failed authentication."""
    with time_machine.travel(START, tick=False) as clock:
        parcel = await stored(vault, delivery("customer-1"))
        clock.shift(timedelta(hours=1))
        customer = await stored(vault, buyer("customer-2", purposes=("order", "customer-care")))
        answers = [parcel, customer]
        for caller, purpose, of, case in [
            ("shipping", "delivery", parcel, None),
            ("support", "customer-care", customer, "CASE-7"),
            ("marketing", "delivery", parcel, None),
            ("support-2", "customer-care", customer, None),
        ]:
            clock.shift(timedelta(hours=1))
            carrier = {"recipient": vault.callers["carrier"].id} if caller == "shipping" else {}
            answers.append(await read(vault, of, caller, purpose, case, **carrier))
        clock.shift(timedelta(hours=1))
        answers.append(await vault.client(None, "order").get(parcel.headers["location"]))
    return {
        "subjects": [parcel.json()["subject"], customer.json()["subject"]],
        "requests": [answer.headers["vault-request"] for answer in answers],
    }


async def test_every_filter_finds_what_it_names_and_nothing_else(vault: Vault) -> None:
    history = await some_history(vault)
    callers = {name: vault.callers[name].id for name in ("checkout", "support", "carrier", "admin")}
    stores, reads, everything = {0, 1}, {2, 3, 4, 5}, set(range(7))
    expected: list[tuple[dict[str, str], set[int]]] = [
        ({"subject": history["subjects"][0]}, {0, 2}),
        ({"subject": history["subjects"][1]}, {1, 3, 5}),
        ({"subject": "sub_" + "0" * 26}, set()),
        ({"caller": callers["checkout"]}, stores),
        ({"caller": callers["admin"]}, set()),
        ({"role": "support"}, {3, 5}),
        ({"role": "supp"}, set()),
        ({"purpose": "delivery"}, {2, 4}),
        ({"purpose": "customer-care"}, {3, 5}),
        ({"action": "record.disclose"}, reads),
        ({"action": "auth.fail"}, {6}),
        ({"outcome": "partial"}, {2, 3, 5}),
        ({"outcome": "denied"}, {4, 6}),
        ({"collection": "buyer"}, {1, 3, 5}),
        ({"field": "email"}, {1, 3, 5}),
        ({"form": "token"}, {2}),
        ({"form": "stored"}, stores),
        ({"field": "email", "form": "masked"}, {3, 5}),
        ({"field": "email", "form": "token"}, set()),
        ({"recipient": callers["carrier"]}, {2}),
        ({"clause": "trade"}, stores),
        ({"case": "CASE-7"}, {3}),
        ({"case": "CASE"}, set()),
        ({"notice_version": "1"}, everything - {6}),
        ({"notice_version": "2"}, set()),
        ({"since": "2030-11-22T10:00:00Z"}, {2, 3, 4, 5, 6}),
        ({"until": "2030-11-22T10:00:00Z"}, stores),
        ({"since": "2030-11-22T16:30:00+07:00", "until": "2030-11-22T19:00:00+07:00"}, {2, 3}),
        ({"role": "support", "case": "CASE-7", "outcome": "partial"}, {3}),
        ({"role": "%"}, set()),
        ({"field": "_mail"}, set()),
    ]
    for query, wanted in expected:
        since = {"since": "2030-11-22T08:00:00Z", "until": "2030-11-23T00:00:00Z"} | query
        found = await events(vault, **since)
        assert {history["requests"].index(e["request"]) for e in found} == wanted, query
        assert [e["at"] for e in found] == sorted((e["at"] for e in found), reverse=True)


async def test_pages_are_whole_while_events_are_added(vault: Vault) -> None:
    history = await some_history(vault)
    compliance, seen = vault.client("compliance"), []
    cursor: dict[str, str] = {}
    for _ in range(20):
        query = {"since": "2030-11-22T08:00:00Z", "until": "2030-11-23T00:00:00Z", "limit": "2"} | cursor
        page = (await compliance.get("/v1/audit/events", params=query)).json()
        seen += [found["request"] for found in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == history["requests"][::-1]


async def test_counts_by_each_group(vault: Vault) -> None:
    await some_history(vault)
    compliance = vault.client("compliance")
    day = {"since": "2030-11-22T08:00:00Z", "until": "2030-11-23T00:00:00Z"}
    expected: dict[str, dict[str, int]] = {
        "day": {"2030-11-22": 7},
        "hour": {f"2030-11-22T{hour:02}:00:00Z": 1 for hour in range(8, 15)},
        "caller": {
            vault.callers["checkout"].id: 2,
            **{vault.callers[name].id: 1 for name in ("shipping", "support", "support-2", "marketing")},
        },
        "role": {"checkout": 2, "support": 2, "shipping": 1, "marketing": 1},
        "purpose": {"order": 2, "delivery": 2, "customer-care": 2},
        "outcome": {"allowed": 2, "partial": 3, "denied": 2},
        "action": {"record.store": 2, "record.disclose": 4, "auth.fail": 1},
        "form": {"stored": 2, "plain": 3, "masked": 3, "withheld": 4, "token": 1},
    }
    for group, counts in expected.items():
        answer = await compliance.get("/v1/audit/summary", params={"by": group, **day})
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        assert {item["group"]: item["events"] for item in items} == counts, group
        assert [i["events"] for i in items] == sorted(
            (i["events"] for i in items), reverse=True
        ) or group in {
            "day",
            "hour",
        }
    narrowed = await compliance.get("/v1/audit/summary", params={"by": "purpose", "role": "support", **day})
    assert narrowed.json()["items"] == [{"group": "customer-care", "events": 2}]


async def test_who_asks_is_on_record_before_the_answer(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    compliance = vault.client("compliance")
    for path, about in [
        ("/v1/audit/events", "events"),
        ("/v1/audit/events?role=support", "events"),
        (f"/v1/audit/events/{parcel.json()['receipt']['event']}", "event"),
        (f"/v1/audit/events/evt_{'0' * 26}", "event"),
        ("/v1/audit/summary?by=role", "summary"),
    ]:
        answer = await compliance.get(path)
        [found] = await events_of(vault, answer)
        assert (found["action"], found["outcome"], found["about"]) == ("audit.query", "allowed", about)
        assert found["caller"] == vault.callers["compliance"].id


async def test_an_event_that_does_not_exist(vault: Vault) -> None:
    for event_id in ("evt_" + "0" * 26, "evt_1", "rec_" + "0" * 26, "%F0%9F%91%80"):
        answer = await vault.client("compliance").get(f"/v1/audit/events/{event_id}")
        assert problem(answer) == (404, "not-found")


@pytest.mark.parametrize(
    ("query", "member"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"cursor": "evt_1"}, "cursor"),
        ({"caller": "checkout"}, "caller"),
        ({"subject": "sub_1"}, "subject"),
        ({"action": "record.steal"}, "action"),
        ({"outcome": "ok"}, "outcome"),
        ({"form": "naked"}, "form"),
        ({"role": ""}, "role"),
        ({"role": "r" * 129}, "role"),
        ({"notice_version": "one"}, "notice_version"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2030-11-22T08:00:00"}, "since"),
    ],
    ids=str,
)
async def test_a_filter_that_makes_no_sense_is_told_so(
    sqlite_vault: Vault, query: dict[str, str], member: str
) -> None:
    answer = await sqlite_vault.client("compliance").get("/v1/audit/events", params=query)
    assert problem(answer) == (422, "invalid")
    assert codes(answer) == {f"/{member}": "bad-parameter"}


EDGES = [
    {"notice_version": "9" * 30},
    {"notice_version": "-1"},
    {"since": "0001-01-01T00:00:00+14:00"},
    {"since": "1969-12-31T23:59:59Z"},
    {"until": "9999-12-31T23:59:59-14:00"},
    {"since": "9999-12-31T23:59:59Z"},
    {"role": "|"},
    {"field": "a=b", "form": "plain"},
    {"case": "%"},
    {"subject": "'; DROP TABLE audit_events; --"},
]


async def test_a_filter_at_the_edge_of_what_can_be_written_is_answered(vault: Vault) -> None:
    compliance = vault.client("compliance")
    for query in EDGES:
        for path, by in (("/v1/audit/events", {}), ("/v1/audit/summary", {"by": "day"})):
            answer = await compliance.get(path, params={**query, **by})
            assert answer.status_code in {200, 422}, (query, answer.text)


async def test_by_is_required(sqlite_vault: Vault) -> None:
    answer = await sqlite_vault.client("compliance").get("/v1/audit/summary")
    assert (problem(answer), codes(answer)) == ((422, "invalid"), {"/by": "bad-parameter"})
