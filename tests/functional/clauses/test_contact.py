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


async def test_each_channel_gets_its_own_field_and_nothing_of_the_others(vault: Vault) -> None:
    needs = {
        "marketing-email": ("email", "bich@example.com"),
        "marketing-sms": ("phone", "0912 345 678"),
        "marketing-letter": ("address", ADDRESS),
        "marketing-call": ("phone", "0912 345 678"),
    }
    stored = await stored_buyer(vault, address=ADDRESS)
    person = f"/v1/subjects/{stored['subject']}/consents"
    for purpose, (field, value) in needs.items():
        consent = await done(vault, "checkout", "POST", person, {"purpose": purpose, **AGREED})
        seen = await told(vault, "marketing", stored["id"], purpose, case="campaign/tet-2027")
        assert seen.pop(field) == value
        assert seen.pop("full_name") == "Trần Thị Bích"
        assert set(seen.values()) == {"not-granted"}

        # A consent to one channel opens no other, and its withdrawal acts on the next read.
        for other in needs.keys() - {purpose}:
            closed = await told(vault, "marketing", stored["id"], other, case="campaign/tet-2027")
            assert closed[needs[other][0]] == "purpose-not-open"
        await done(vault, "checkout", "POST", f"/v1/consents/{consent['id']}/withdraw")
        after = await told(vault, "marketing", stored["id"], purpose, case="campaign/tet-2027")
        assert after[field] == "purpose-not-open"
