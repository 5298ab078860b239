"""Clause `legal-claims`: the shop defends its rights with approved disclosures, and keeps what a dispute needs."""

from tests.support.people import done, stored_buyer, told
from tests.support.vaults import Vault

CASE = "court/2026-118"


async def test_a_dispute_is_defended_with_an_approved_order_and_a_hold(vault: Vault) -> None:
    stored = await stored_buyer(vault)
    person = f"/v1/subjects/{stored['subject']}"

    # A dispute begins: what the court will ask for must not be erased meanwhile.
    hold = {"subject": stored["subject"], "case": CASE, "reason": "tranh chấp về đơn hàng order-1001"}
    held = await done(vault, "legal", "POST", "/v1/holds", hold)
    page = await done(vault, "privacy-officer", "GET", person)
    assert (page["held"], page["holds"][0]["case"]) == (True, CASE)

    # The customer has restricted processing; defending a claim goes on, with an approval.
    await done(vault, "privacy-officer", "PUT", f"{person}/restriction", {"reason": "khách hàng yêu cầu"})
    claim = {"purpose": "legal-claim", "case": CASE, "subjects": [stored["subject"]], "fields": ["buyer.*"]}
    order = (await done(vault, "legal", "POST", "/v1/orders", claim))["id"]
    await done(vault, "privacy-officer", "POST", f"/v1/orders/{order}/approve")
    seen = await told(vault, "legal", stored["id"], "legal-claim", case=CASE, order=order)
    assert (seen["full_name"], seen["email"]) == ("Trần Thị Bích", "bich@example.com")
    assert (await told(vault, "checkout", stored["id"], "order"))["full_name"] == "restricted"

    # The dispute is over.
    await done(vault, "legal", "POST", f"/v1/holds/{held['id']}/release")
    assert (await done(vault, "privacy-officer", "GET", person))["held"] is False
