"""What happens to one person at the same moment happens one after the other, and the rows say so afterwards."""

import asyncio
from collections.abc import Awaitable

import httpx

from tests.support.orders import EVIDENCE
from tests.support.people import call, done, forms, stored_buyer
from tests.support.vaults import Vault

SMS = {"purpose": "marketing-sms", **EVIDENCE}


async def statuses(*calls: Awaitable[httpx.Response]) -> list[int]:
    answers = await asyncio.gather(*calls)
    return sorted(answer.status_code for answer in answers)


async def test_of_ten_withdrawals_one_withdraws(vault: Vault) -> None:
    stored = await stored_buyer(vault)
    path = f"/v1/subjects/{stored['subject']}/consents"
    given = await done(vault, "checkout", "POST", path, SMS)
    withdraw = f"/v1/consents/{given['id']}/withdraw"
    found = await statuses(*(call(vault, "checkout", "POST", withdraw) for _ in range(10)))
    assert found == [200] + [409] * 9


async def test_the_last_of_consents_and_withdrawals_decides_and_none_is_half_done(vault: Vault) -> None:
    stored = await stored_buyer(vault)
    path = f"/v1/subjects/{stored['subject']}"
    given = await done(vault, "checkout", "POST", f"{path}/consents", SMS)
    await statuses(
        *(call(vault, "checkout", "POST", f"{path}/consents", SMS) for _ in range(4)),
        call(vault, "checkout", "POST", f"/v1/consents/{given['id']}/withdraw"),
    )
    page = await done(vault, "privacy-officer", "GET", path)
    live = {consent["id"] for consent in page["consents"] if consent["state"] == "given"}
    opened = {b["consent"] for b in page["bindings"] if b["state"] == "open" and "consent" in b}
    # Who agrees twice has agreed; the purpose is opened by the first.
    assert opened <= live
    assert bool(opened) is bool(live)
    readable = (await forms(vault, "marketing", stored["id"], "marketing-sms"))["phone"] == "plain"
    assert readable is bool(live)


async def test_one_decision_on_an_order(vault: Vault) -> None:
    stored = await stored_buyer(vault)
    body = {
        "purpose": "legal-claim",
        "case": "court/1",
        "subjects": [stored["subject"]],
        "fields": ["buyer.phone"],
    }
    order = (await done(vault, "legal", "POST", "/v1/orders", body))["id"]
    steps = ("approve", "reject") * 4
    found = await statuses(
        *(call(vault, "privacy-officer", "POST", f"/v1/orders/{order}/{step}") for step in steps)
    )
    assert found == [200] + [409] * 7


async def test_holds_placed_and_released_leave_the_mark_that_is_true(vault: Vault) -> None:
    stored = await stored_buyer(vault)
    path = f"/v1/subjects/{stored['subject']}"
    body = {"subject": stored["subject"], "case": "court/1", "reason": "x"}
    standing = [(await done(vault, "legal", "POST", "/v1/holds", body))["id"] for _ in range(3)]
    for placed in (2, 0):
        await statuses(
            *(call(vault, "legal", "POST", f"/v1/holds/{hold}/release") for hold in standing),
            *(call(vault, "legal", "POST", "/v1/holds", body) for _ in range(placed)),
        )
        page = await done(vault, "privacy-officer", "GET", path)
        standing = [hold["id"] for hold in page["holds"] if hold["released_at"] is None]
        assert len(standing) == placed
        assert page["held"] is bool(placed)


async def test_a_consent_sent_again_under_its_key_is_one_entry(vault: Vault) -> None:
    stored = await stored_buyer(vault)
    path = f"/v1/subjects/{stored['subject']}"
    client = vault.client("checkout")
    sent = [
        await client.post(f"{path}/consents", json=SMS, headers={"Idempotency-Key": "consent-1"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in sent] == [201, 201]
    assert sent[0].content == sent[1].content
    page = await done(vault, "privacy-officer", "GET", path)
    assert [consent["id"] for consent in page["consents"]] == [sent[0].json()["id"]]
