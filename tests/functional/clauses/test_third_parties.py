"""Clause `third-parties`: a carrier gets what the order needs, as little as that is, and the shop knows who got what."""

from datetime import UTC, datetime, timedelta

from tests.support.orders import ADDRESS, problem
from tests.support.people import call, done, stored_delivery, told
from tests.support.vaults import Vault


async def test_a_carrier_learns_the_address_of_its_parcel_and_nothing_else(vault: Vault) -> None:
    parcel = await stored_delivery(vault)
    path = f"/v1/records/{parcel['id']}"
    carrier, other = vault.callers["carrier"].id, vault.callers["carrier-2"].id

    # Shipping prepares the label without owning the address: it gets a token, made out to one carrier.
    label = await call(vault, "shipping", "GET", f"{path}?recipient={carrier}", purpose="delivery")
    fields = label.json()["fields"]
    assert fields["recipient"]["value"] == "Nguyễn Văn An"
    assert fields["phone"]["value"] == "+84 90••• ••56"
    token = {"tokens": [fields["address"]["value"]]}

    # The token ends by itself in seven days.
    lasting = datetime.fromisoformat(fields["address"]["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6) < lasting <= timedelta(days=7)

    # The carrier itself cannot read the record, whatever it asks for.
    assert set((await told(vault, "carrier", parcel["id"], "delivery")).values()) == {"not-granted"}

    # It exchanges the token for the address; another carrier, or the same one for another purpose, gets nothing.
    resolved = await done(vault, "carrier", "POST", "/v1/tokens/resolve", token, purpose="delivery")
    assert resolved["items"][0]["value"]["lines"] == ADDRESS["lines"]
    stolen = await done(vault, "carrier-2", "POST", "/v1/tokens/resolve", token, purpose="delivery")
    assert stolen["items"][0]["problem"]["code"] == "not-found"

    # The customer can be told to whom their data went.
    register = await done(vault, "compliance", "GET", f"/v1/subjects/{parcel['subject']}/recipients")
    assert {entry["recipient"] for entry in register["items"]} == {carrier}
    passed_on = {(n, field["given"]) for entry in register["items"] for n, field in entry["fields"].items()}
    assert ("address", "plain") in passed_on
    assert other not in str([entry["recipient"] for entry in register["items"]])

    # Delivered: the purpose is closed, and with it the token.
    closing = {"purpose": "delivery", "ref": "order-1001", "reason": "đã giao"}
    await done(vault, "shipping", "POST", "/v1/bindings/close", closing)
    late = await call(vault, "carrier", "POST", "/v1/tokens/resolve", token, purpose="delivery")
    assert "lines" not in late.text
    again = await call(vault, "shipping", "GET", path, purpose="delivery")
    assert problem(again) == (403, "disclosure-denied")
