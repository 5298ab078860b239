"""Clause `research`: the market is studied in generalised values, of customers who agreed to it, and never by name."""

from tests.support.orders import ADDRESS
from tests.support.people import done, stored_buyer, told
from tests.support.vaults import Vault


async def test_research_learns_a_decade_and_a_province_and_never_who(vault: Vault) -> None:
    asked = await stored_buyer(
        vault, consents=("market-research",), address=ADDRESS, birth_date="1990-04-30", gender="female"
    )
    seen = await told(vault, "research", asked["id"], "market-research")
    assert seen["gender"] == "female"
    assert "1990-04-30" not in str(seen)
    assert "Nguyễn Huệ" not in str(seen)
    assert "Hồ Chí Minh" in str(seen["address"])
    assert {seen[name] for name in ("full_name", "email", "phone")} == {"not-granted"}

    # Who has not agreed is not studied.
    silent = await stored_buyer(vault, "customer-9000", address=ADDRESS)
    refused = await told(vault, "research", silent["id"], "market-research")
    assert refused["address"] == "purpose-not-open"

    # Who withdraws is not studied any longer.
    page = await done(vault, "privacy-officer", "GET", f"/v1/subjects/{asked['subject']}")
    (consent,) = page["consents"]
    await done(vault, "privacy-officer", "POST", f"/v1/consents/{consent['id']}/withdraw")
    after = await told(vault, "research", asked["id"], "market-research")
    assert after["gender"] == "purpose-not-open"
