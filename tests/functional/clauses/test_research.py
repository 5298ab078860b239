"""Clause `research`: the market is studied in generalised values, of customers who agreed to it, and never by name."""

from tests.support.orders import ADDRESS, problem
from tests.support.people import call, done, stored_buyer, told
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


async def test_research_counts_customers_and_never_a_few(vault: Vault) -> None:
    born = {"women": ("female", 12), "men": ("male", 3)}
    for name, (gender, number) in born.items():
        for n in range(number):
            fields = {"address": ADDRESS, "birth_date": "1990-04-30", "gender": gender}
            await stored_buyer(vault, f"{name}-{n}", consents=("market-research",), **fields)
    await stored_buyer(vault, "silent", purposes=("order", "customer-care"), gender="female")

    # How many customers of which kind: rounded, and only of groups in which nobody stands out.
    by = {"collection": "buyer", "by": ["gender"]}
    counted = await done(vault, "research", "POST", "/v1/statistics", by, purpose="market-research")
    assert counted["groups"] == [{"group": {"gender": "female"}, "people": 10}]
    by = {"collection": "buyer", "by": ["address"]}
    counted = await done(vault, "research", "POST", "/v1/statistics", by, purpose="market-research")
    assert counted["people"] == 15
    assert "Nguyễn Huệ" not in str(counted)

    # Not by who they are, not for another purpose, and by nobody else.
    by_name = {"collection": "buyer", "by": ["full_name"]}
    refused = await call(vault, "research", "POST", "/v1/statistics", by_name, purpose="market-research")
    assert refused.json()["reasons"] == {"full_name": "not-granted"}
    for_sale = await call(vault, "research", "POST", "/v1/statistics", by, purpose="sale")
    assert problem(for_sale) == (403, "disclosure-denied")
    marketing = await call(vault, "marketing", "POST", "/v1/statistics", by, purpose="market-research")
    assert problem(marketing) == (403, "not-permitted")
