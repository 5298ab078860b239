"""Clause `trade`: data is collected so that an order succeeds and is delivered, and for nothing that was not said."""

from tests.support.orders import ADDRESS, buyer, codes, problem
from tests.support.people import call, stored_buyer, told
from tests.support.vaults import Vault


async def test_what_an_order_needs_is_collected_and_no_more(vault: Vault) -> None:
    # The shop stores who bought, for the order. The checkout sees what it needs to go on with it.
    stored = await stored_buyer(vault, address=ADDRESS)
    seen = await told(vault, "checkout", stored["id"], "order")
    assert seen["full_name"] == "Trần Thị Bích"
    assert seen["address"]["ward"] == "Phường Sài Gòn"
    assert seen["phone"] == "+84 91••• ••78"

    # A birth date serves no order. The vault does not take it, and says which purpose it would need.
    body = buyer("customer-2", birth_date="1990-04-30")
    refused = await call(vault, "checkout", "POST", "/v1/records", body, purpose="order")
    assert problem(refused) == (422, "not-covered")
    assert codes(refused) == {"/fields/birth_date": "not-covered"}
    assert "market-research" in refused.json()["errors"][0]["detail"]

    # Nobody who has nothing to do with the order sees anything of it.
    for caller in ("marketing", "research", "carrier", "compliance", "admin"):
        assert set((await told(vault, caller, stored["id"], "order")).values()) == {"not-granted"}
