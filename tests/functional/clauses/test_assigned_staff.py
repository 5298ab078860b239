"""Clause `assigned-staff`: inside the shop, data is used for the right job and only by the staff assigned to it."""

from tests.support.people import done, in_days, stored_buyer, told
from tests.support.vaults import Vault

CASE = "ticket-77"


async def test_only_the_assigned_agent_sees_contact_details_and_only_for_the_case(vault: Vault) -> None:
    stored = await stored_buyer(vault, purposes=("order", "customer-care"))
    assignment = {"caller": vault.callers["support"].id, "subject": stored["subject"], "case": CASE}

    async def phone(caller: str, case: str | None = CASE) -> object:
        return (await told(vault, caller, stored["id"], "customer-care", case=case))["phone"]

    # Before: masked. The privacy officer assigns the agent to this customer, for this ticket, for a week.
    assert await phone("support") == "+84 91••• ••78"
    await done(vault, "privacy-officer", "POST", "/v1/assignments", assignment | {"until": in_days(7)})

    # Now the number is plain: for this agent and this ticket, and for nobody and nothing else.
    assert await phone("support") == "0912 345 678"
    assert await phone("support", "ticket-78") == "+84 91••• ••78"
    assert await phone("support", None) == "+84 91••• ••78"
    assert await phone("support-2") == "+84 91••• ••78"

    # The job is done; the agent is an agent like any other again.
    await done(vault, "privacy-officer", "DELETE", "/v1/assignments", assignment)
    assert await phone("support") == "+84 91••• ••78"

    # The customer can see who looked, and for which case.
    seen = await done(vault, "compliance", "GET", f"/v1/subjects/{stored['subject']}/accesses")
    plain = [entry for entry in seen["items"] if entry["fields"]["phone"]["given"] == "plain"]
    assert [(entry["caller"], entry["case"]) for entry in plain] == [(vault.callers["support"].id, CASE)]
    assert plain[0]["fields"]["phone"]["clause"] == "assigned-staff"
