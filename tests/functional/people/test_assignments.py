"""Support sees plain contact details of customers assigned to it, with the case; otherwise masked."""

import pytest

from tests.support.orders import codes, event, problem
from tests.support.people import call, done, forms, in_days, stored_buyer
from tests.support.vaults import Vault

OPEN = {"full_name": "plain", "email": "plain", "phone": "plain"}
MASKED = {"full_name": "plain", "email": "masked", "phone": "masked"}


async def care(vault: Vault, record: str, caller: str = "support", case: str | None = None) -> dict[str, str]:
    found = await forms(vault, caller, record, "customer-care", case=case)
    return {name: form for name, form in found.items() if name in OPEN}


def assignment(vault: Vault, subject: str, case: str | None = "ticket-77", days: float = 7) -> dict[str, str]:
    body = {"caller": vault.callers["support"].id, "subject": subject, "until": in_days(days)}
    return body | ({"case": case} if case else {})


async def test_only_the_assigned_one_with_the_case_sees_plain(vault: Vault) -> None:
    stored = await stored_buyer(vault, purposes=("order", "customer-care"))
    other = await stored_buyer(vault, "customer-9000", purposes=("order", "customer-care"))
    assert await care(vault, stored["id"], case="ticket-77") == MASKED
    made = await done(
        vault, "privacy-officer", "POST", "/v1/assignments", assignment(vault, stored["subject"])
    )
    assert await care(vault, stored["id"], case="ticket-77") == OPEN
    assert await care(vault, stored["id"], case="ticket-78") == MASKED
    assert await care(vault, stored["id"]) == MASKED
    assert await care(vault, stored["id"], "support-2", "ticket-77") == MASKED
    assert await care(vault, other["id"], case="ticket-77") == MASKED
    found = await event(vault, made["receipt"]["event"])
    assert (found["action"], found["case"]) == ("assignment.make", "ticket-77")
    assert found["about"] == vault.callers["support"].id


async def test_a_batch_is_decided_item_by_item_with_one_look(vault: Vault) -> None:
    mine, other = [
        await stored_buyer(vault, ref, purposes=("order", "customer-care"))
        for ref in ("customer-1", "customer-2")
    ]
    await done(vault, "privacy-officer", "POST", "/v1/assignments", assignment(vault, mine["subject"]))
    body = {"ids": [mine["id"], other["id"]], "fields": ["email"]}
    answer = await done(
        vault, "support", "POST", "/v1/records/read", body, purpose="customer-care", case="ticket-77"
    )
    assert [item["fields"]["email"]["form"] for item in answer["items"]] == ["plain", "masked"]


async def test_the_event_says_whether_the_caller_was_assigned(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault, purposes=("order", "customer-care"))
    for assigned in (False, True):
        if assigned:
            await done(
                sqlite_vault,
                "privacy-officer",
                "POST",
                "/v1/assignments",
                assignment(sqlite_vault, stored["subject"], None),
            )
        answer = await call(
            sqlite_vault,
            "support",
            "GET",
            f"/v1/records/{stored['id']}",
            purpose="customer-care",
            case="ticket-1",
        )
        inputs = (await event(sqlite_vault, answer.json()["receipt"]["event"]))["inputs"]
        assert (inputs["assigned"], inputs["case"]) == (assigned, True)
    answer = await call(sqlite_vault, "checkout", "GET", f"/v1/records/{stored['id']}", purpose="order")
    assert "assigned" not in (await event(sqlite_vault, answer.json()["receipt"]["event"]))["inputs"]


async def test_an_assignment_ends_by_call_and_by_time(vault: Vault) -> None:
    stored = await stored_buyer(vault, purposes=("order", "customer-care"))
    body = assignment(vault, stored["subject"])
    await done(vault, "privacy-officer", "POST", "/v1/assignments", body)
    ended = await done(vault, "privacy-officer", "DELETE", "/v1/assignments", body)
    assert ended["ended"] == 1
    assert await care(vault, stored["id"], case="ticket-77") == MASKED
    again = await done(vault, "privacy-officer", "DELETE", "/v1/assignments", body)
    assert again["ended"] == 0
    short = assignment(vault, stored["subject"], days=0.3 / 86400)
    await done(vault, "privacy-officer", "POST", "/v1/assignments", short)
    (shown,) = [
        made
        for made in (await done(vault, "privacy-officer", "GET", f"/v1/subjects/{stored['subject']}"))[
            "assignments"
        ]
        if made["ended_at"] is None
    ]
    while await care(vault, stored["id"], case="ticket-77") != MASKED:
        pass  # the clock ends it: no row is changed
    assert shown["case"] == "ticket-77"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"until": in_days(-1)}, {"/until": "in-the-past"}),
        ({"caller": "clr_" + "0" * 26}, {"/caller": "not-found"}),
    ],
)
async def test_what_cannot_be_assigned(sqlite_vault: Vault, change: dict[str, str], expected: object) -> None:
    stored = await stored_buyer(sqlite_vault)
    body = assignment(sqlite_vault, stored["subject"]) | change
    answer = await call(sqlite_vault, "privacy-officer", "POST", "/v1/assignments", body)
    assert problem(answer) == (422, "invalid")
    assert codes(answer) == expected


async def test_who_may_not_and_who_is_not_there(sqlite_vault: Vault) -> None:
    stored = await stored_buyer(sqlite_vault)
    body = assignment(sqlite_vault, stored["subject"])
    for caller in ("support", "checkout", "compliance", "legal"):
        for method in ("POST", "DELETE"):
            answer = await call(sqlite_vault, caller, method, "/v1/assignments", body)
            assert problem(answer) == (403, "not-permitted")
    nobody = body | {"subject": "sub_" + "0" * 26}
    for method in ("POST", "DELETE"):
        answer = await call(sqlite_vault, "privacy-officer", method, "/v1/assignments", nobody)
        assert problem(answer) == (404, "not-found")
