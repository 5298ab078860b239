"""Clause `not-for-trade`: nothing is disclosed for sale or exchange, to anybody, under any circumstances."""

from tests.support.orders import events, problem
from tests.support.people import call, stored_buyer
from tests.support.vaults import Vault


async def test_nothing_is_sold_or_exchanged(vault: Vault) -> None:
    stored = await stored_buyer(vault, consents=("marketing-sms",))
    path = f"/v1/records/{stored['id']}"
    for caller in sorted(vault.callers):
        for purpose in ("sale", "exchange"):
            refused = await call(vault, caller, "GET", path, purpose=purpose, case="deal/1")
            assert problem(refused) == (403, "disclosure-denied")
            assert set(refused.json()["reasons"].values()) == {"forbidden-purpose"}

    # Every attempt is on record, under the clause that forbids it.
    tries = await events(vault, purpose="sale")
    assert len(tries) == len(vault.callers)
    clauses = {trace["clause"] for found in tries for trace in found["fields"].values()}
    assert clauses == {"not-for-trade"}

    # It cannot be asked for as an approved order either.
    order = {"purpose": "sale", "case": "deal/1", "subjects": [stored["subject"]], "fields": ["buyer.phone"]}
    assert problem(await call(vault, "legal", "POST", "/v1/orders", order)) == (422, "invalid")
