"""Clause `contact`: e-mail, SMS, letter and telephone each need a consent of their own, and end when it is withdrawn."""

from tests.support.orders import ADDRESS
from tests.support.people import done, stored_buyer, told
from tests.support.vaults import Vault

CHANNELS = {"marketing-email": "email", "marketing-sms": "phone", "marketing-letter": "address"}
AGREED = {"given_at": "2026-11-01T08:00:00Z", "method": "checkbox", "wording": "shop/1#sms"}


async def reached(vault: Vault, record: str) -> set[str]:
    """The channels in which marketing gets what it needs to reach the customer."""
    found = set()
    for purpose, field in CHANNELS.items():
        if (await told(vault, "marketing", record, purpose))[field] != "purpose-not-open":
            found.add(purpose)
    return found


async def test_each_channel_needs_its_own_consent_and_ends_with_it(vault: Vault) -> None:
    stored = await stored_buyer(vault, address=ADDRESS)
    person = f"/v1/subjects/{stored['subject']}"

    # A customer who bought something has not agreed to be advertised to.
    assert await reached(vault, stored["id"]) == set()

    # She agrees to SMS: marketing gets her number for SMS, and neither her e-mail nor her address.
    consent = await done(
        vault, "checkout", "POST", f"{person}/consents", {"purpose": "marketing-sms", **AGREED}
    )
    assert await reached(vault, stored["id"]) == {"marketing-sms"}
    sms = await told(vault, "marketing", stored["id"], "marketing-sms")
    assert (sms["phone"], sms["email"], sms["address"]) == ("0912 345 678", "not-granted", "not-granted")

    # A telephone call needs a consent too, and a case besides.
    await done(vault, "checkout", "POST", f"{person}/consents", {"purpose": "marketing-call", **AGREED})
    without = await told(vault, "marketing", stored["id"], "marketing-call")
    assert without["phone"] == "needs-case"
    with_case = await told(vault, "marketing", stored["id"], "marketing-call", case="campaign/tet-2027")
    assert with_case["phone"] == "0912 345 678"

    # She withdraws, as easily as she agreed: the next read gives nothing.
    await done(vault, "checkout", "POST", f"/v1/consents/{consent['id']}/withdraw")
    assert await reached(vault, stored["id"]) == set()

    # She objects to all marketing: whatever was left is over, and the order goes on.
    await done(vault, "privacy-officer", "POST", f"{person}/objection", {})
    called = await told(vault, "marketing", stored["id"], "marketing-call", case="campaign/tet-2027")
    assert called["phone"] == "purpose-not-open"
    assert (await told(vault, "checkout", stored["id"], "order"))["full_name"] == "Trần Thị Bích"
