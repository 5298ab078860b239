"""Clause `agreement`: what a customer agreed to, in which words, how and when, is on record, and silence is no agreement."""

from tests.support.orders import codes, event, problem
from tests.support.people import call, done, stored_buyer
from tests.support.vaults import Vault


async def test_the_agreement_is_on_record_with_its_wording(vault: Vault) -> None:
    stored = await stored_buyer(vault)
    person = f"/v1/subjects/{stored['subject']}"

    # Without the wording, the way and the time there is no consent.
    silent = await call(vault, "checkout", "POST", f"{person}/consents", {"purpose": "marketing-email"})
    assert problem(silent) == (422, "invalid")
    assert set(codes(silent)) == {"/given_at", "/method", "/wording"}

    # With them it is recorded: which words, under which version of the notice, by whom.
    agreed = {
        "purpose": "marketing-email",
        "given_at": "2026-11-01T08:00:00Z",
        "method": "checkbox",
        "wording": "shop/1#email",
    }
    consent = await done(vault, "checkout", "POST", f"{person}/consents", agreed)
    (shown,) = (await done(vault, "privacy-officer", "GET", person))["consents"]
    assert {name: shown[name] for name in ("purpose", "method", "wording")} == {
        "purpose": "marketing-email",
        "method": "checkbox",
        "wording": "shop/1#email",
    }
    assert (shown["given_at"], shown["notice_version"]) == ("2026-11-01T08:00:00.000Z", 1)
    assert shown["recorded_by"] == vault.callers["checkout"].id

    # The log proves when it was recorded, and a withdrawal is another entry: nothing is overwritten.
    recorded = await event(vault, consent["receipt"]["event"])
    assert (recorded["action"], recorded["notice"]["version"]) == ("consent.give", 1)
    await done(vault, "checkout", "POST", f"/v1/consents/{consent['id']}/withdraw")
    (after,) = (await done(vault, "privacy-officer", "GET", person))["consents"]
    assert after["state"] == "withdrawn"
    assert after == shown | {"state": "withdrawn", "withdrawn_at": after["withdrawn_at"]}
