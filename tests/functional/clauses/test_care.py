"""Clause `care`: any support agent can look after a customer; their contact details stay masked."""

from tests.support.people import stored_buyer, told
from tests.support.vaults import Vault


async def test_support_helps_without_seeing_contact_details(vault: Vault) -> None:
    stored = await stored_buyer(vault, purposes=("order", "customer-care"), national_id="001190012345")

    # An agent knows whom they talk to, and can compare the last digits; no more.
    seen = await told(vault, "support", stored["id"], "customer-care")
    assert seen["full_name"] == "Trần Thị Bích"
    assert seen["phone"] == "+84 91••• ••78"
    assert "bich@example.com" not in str(seen)
    assert seen["national_id"] == "not-granted"

    # Naming a case does not make them the assigned one.
    with_case = await told(vault, "support", stored["id"], "customer-care", case="ticket-77")
    assert with_case == seen

    # Customers who have not asked for care are not looked at.
    stranger = await stored_buyer(vault, "customer-9000")
    refused = await told(vault, "support", stranger["id"], "customer-care")
    assert refused["full_name"] == "purpose-not-open"
