"""Clause `notify`: contact data is used to tell customers about their order, while the order is open."""

from tests.support.people import done, stored_delivery, told
from tests.support.vaults import Vault


async def test_customers_are_told_about_their_order_while_it_is_open(vault: Vault) -> None:
    parcel = await stored_delivery(vault, purposes=("order", "delivery", "order-notice"))

    # The order desk may call the recipient: name and number, and nothing else.
    seen = await told(vault, "order-desk", parcel["id"], "order-notice")
    assert (seen["recipient"], seen["phone"]) == ("Nguyễn Văn An", "0903 123 456")
    assert (seen["address"], seen["note"]) == ("not-granted", "not-granted")

    # The parcel has arrived; there is nothing left to announce, so there is nobody left to call.
    body = {"purpose": "order-notice", "ref": "order-1001", "reason": "đã giao"}
    await done(vault, "order-desk", "POST", "/v1/bindings/close", body)
    after = await told(vault, "order-desk", parcel["id"], "order-notice")
    assert (after["recipient"], after["phone"]) == ("purpose-not-open", "purpose-not-open")
