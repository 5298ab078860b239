"""Clause `authority`: an authority gets what it lawfully demands: two people decide, the case is named, it ends by time."""

from tests.support.orders import events, problem
from tests.support.people import call, done, stored_buyer, told
from tests.support.vaults import Vault

CASE = "police/2026-0042"


async def test_an_authority_gets_what_was_demanded_and_approved(vault: Vault) -> None:
    wanted, neighbour = await stored_buyer(vault), await stored_buyer(vault, "customer-9000")
    purpose = "authority-request"

    # Legal alone sees nothing, even with the case in hand.
    alone = await told(vault, "legal", wanted["id"], purpose, case=CASE)
    assert set(alone.values()) == {"needs-approved"}

    # It asks for the name and the number of one customer, for one case.
    demand = {
        "purpose": purpose,
        "case": CASE,
        "subjects": [wanted["subject"]],
        "fields": ["buyer.full_name", "buyer.phone"],
        "expires_in": "P7D",
    }
    order = (await done(vault, "legal", "POST", "/v1/orders", demand))["id"]
    assert set((await told(vault, "legal", wanted["id"], purpose, case=CASE, order=order)).values()) == {
        "needs-approved"
    }

    # Somebody else decides; legal cannot approve its own demand.
    own = await call(vault, "legal", "POST", f"/v1/orders/{order}/approve")
    assert problem(own) == (403, "not-permitted")
    await done(vault, "privacy-officer", "POST", f"/v1/orders/{order}/approve")

    # Now exactly that is disclosed: these fields, this customer, this case.
    seen = await told(vault, "legal", wanted["id"], purpose, case=CASE, order=order)
    assert (seen["full_name"], seen["phone"]) == ("Trần Thị Bích", "0912 345 678")
    assert seen["email"] == "needs-approved"
    other_person = await told(vault, "legal", neighbour["id"], purpose, case=CASE, order=order)
    assert set(other_person.values()) == {"needs-approved"}
    other_case = await told(vault, "legal", wanted["id"], purpose, case="police/1", order=order)
    assert set(other_case.values()) == {"needs-approved"}

    # Who asked, who approved and who read stands in the log under the case.
    under_case = await events(vault, case=CASE)
    done_by = {found["action"]: found["caller"] for found in under_case if found["outcome"] != "denied"}
    assert done_by == {
        "order.request": vault.callers["legal"].id,
        "order.approve": vault.callers["privacy-officer"].id,
        "record.disclose": vault.callers["legal"].id,
    }
