"""Tokens from issue to end: one for a field, purpose and recipient; resolved by that recipient only; every refusal the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine
from sqlalchemy import select

from app.kernel.ids import new_uuid, text_of
from app.vault.tables import tokens
from tests.support.calls import database_calls
from tests.support.orders import ADDRESS, Body, codes, delivery, event, events_of, problem, read, stored
from tests.support.vaults import TENANT, Vault

START = datetime(2026, 11, 22, 8, tzinfo=UTC)


async def issue(vault: Vault, of: httpx.Response, caller: str = "shipping", **more: Any) -> httpx.Response:
    body = {"record": of.json()["id"], "fields": ["address"], "purpose": "delivery", **more}
    return await vault.client(caller).post("/v1/tokens", json=body)


async def issued(vault: Vault, of: httpx.Response, **more: Any) -> str:
    answer = await issue(vault, of, **more)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["items"][0]["token"]
    return token


async def resolve(
    vault: Vault, *texts: str, caller: str = "carrier", purpose: str = "delivery"
) -> httpx.Response:
    answer = await vault.client(caller, purpose).post("/v1/tokens/resolve", json={"tokens": texts})
    assert answer.status_code == 200, answer.text
    return answer


async def revoke(vault: Vault, caller: str = "shipping", **which: Any) -> httpx.Response:
    return await vault.client(caller).post("/v1/tokens/revoke", json=which)


def values(answer: httpx.Response) -> list[Any]:
    return [item.get("value") for item in answer.json()["items"]]


def refusal(answer: httpx.Response) -> Body:
    """The problem of the only token, without what tells requests apart."""
    (item,) = answer.json()["items"]
    assert set(item) == {"token", "problem"}
    found: Body = item["problem"]
    assert found.pop("request_id") == answer.headers["vault-request"]
    return found


async def test_a_call_and_a_read_give_out_the_same_token(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    carrier = vault.callers["carrier"].id
    by_read = await read(vault, parcel, "shipping", "delivery", recipient=carrier)
    token = by_read.json()["fields"]["address"]["value"]
    by_call = await issue(vault, parcel, recipient=carrier, expires_in="P1D", uses=3)
    # It lives on with its own terms.
    assert by_call.json()["items"] == [
        {
            "field": "address",
            "token": token,
            "expires_at": by_read.json()["fields"]["address"]["expires_at"],
            "uses": None,
        }
    ]
    assert by_call.json()["receipt"]["clauses"] == {"address": "third-parties"}
    assert values(await resolve(vault, token)) == [ADDRESS]


async def test_terms_can_be_shorter_than_the_notice_says_and_never_longer(sqlite_vault: Vault) -> None:
    with time_machine.travel(START, tick=False):
        parcel = await stored(sqlite_vault, delivery())
        answer = await issue(sqlite_vault, parcel, expires_in="PT2H", uses=2)
        (item,) = answer.json()["items"]
        assert (item["expires_at"], item["uses"]) == ("2026-11-22T10:00:00.000Z", 2)
        refused = await issue(sqlite_vault, parcel, expires_in="P8D")
        assert problem(refused) == (422, "invalid")
        assert codes(refused) == {"/expires_in": "too-long"}
        refused = await issue(sqlite_vault, parcel, expires_in="PT0S")
        assert problem(refused) == (422, "invalid")
        assert codes(refused) == {"/expires_in": "too-short"}


@pytest.mark.parametrize("end", ["expiry", "use", "revocation", "revocation of all"])
async def test_a_new_token_follows_when_one_has_ended(vault: Vault, end: str) -> None:
    with time_machine.travel(START, tick=False) as clock:
        parcel = await stored(vault, delivery())
        first = await issued(vault, parcel, uses=1, expires_in="PT1H")
        assert await issued(vault, parcel, uses=1, expires_in="PT1H") == first
        if end == "expiry":
            clock.shift(timedelta(hours=1))
        elif end == "use":
            assert values(await resolve(vault, first)) == [ADDRESS]
        else:
            which = {"tokens": [first]} if end == "revocation" else {"record": parcel.json()["id"]}
            assert (await revoke(vault, **which)).json()["revoked"] == 1
        second = await issued(vault, parcel, uses=1, expires_in="PT1H")
        assert second != first
        assert values(await resolve(vault, first, second)) == [None, ADDRESS]


async def test_a_token_with_one_use_resolves_once(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    token = await issued(vault, parcel, uses=1)
    assert values(await resolve(vault, token)) == [ADDRESS]
    assert values(await resolve(vault, token)) == [None]
    twice = await issued(vault, parcel, uses=2)
    # Twice in one call are two uses, and a third one is none.
    assert values(await resolve(vault, twice, twice, twice)) == [ADDRESS, ADDRESS, None]


async def test_a_token_without_a_count_resolves_until_it_expires(vault: Vault) -> None:
    with time_machine.travel(START, tick=False) as clock:
        token = await issued(vault, await stored(vault, delivery()))
        clock.shift(timedelta(days=7, seconds=-1))
        for _ in range(3):
            assert values(await resolve(vault, token)) == [ADDRESS]
        clock.shift(timedelta(seconds=1))
        assert values(await resolve(vault, token)) == [None]


async def test_a_token_for_one_carrier_is_none_for_another(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    hers = await issued(vault, parcel, recipient=vault.callers["carrier"].id)
    anyones = await issued(vault, parcel)
    assert hers != anyones
    assert values(await resolve(vault, hers, anyones)) == [ADDRESS, ADDRESS]
    assert values(await resolve(vault, hers, anyones, caller="carrier-2")) == [None, ADDRESS]


@pytest.mark.parametrize("recipient", ["shipping", "payment-provider", "nobody"])
async def test_a_recipient_must_be_one_whom_the_notice_lets_resolve(
    sqlite_vault: Vault, recipient: str
) -> None:
    parcel = await stored(sqlite_vault, delivery())
    nobody = "clr_" + parcel.json()["id"].removeprefix("rec_")
    given = nobody if recipient == "nobody" else sqlite_vault.callers[recipient].id
    refused = await issue(sqlite_vault, parcel, recipient=given)
    assert problem(refused) == (422, "invalid")
    assert codes(refused) == {"/recipient": "not-a-recipient"}
    assert await sqlite_vault.parts.database.read(TENANT, select(tokens)) == []


@pytest.mark.parametrize(
    ("bearer", "purpose"),
    [
        ("shipping", "delivery"),
        ("checkout", "order"),
        ("support", "customer-care"),
        ("compliance", "delivery"),
    ],
)
async def test_nobody_inside_the_shop_resolves(sqlite_vault: Vault, bearer: str, purpose: str) -> None:
    token = await issued(sqlite_vault, await stored(sqlite_vault, delivery()))
    answer = await resolve(sqlite_vault, token, caller=bearer, purpose=purpose)
    assert refusal(answer)["code"] == "not-found"


async def test_every_refusal_is_one_and_the_same(vault: Vault) -> None:
    """Wrong recipient, wrong purpose, ended in any way, never there, no token at all: same answer, same calls (A-08)."""
    with time_machine.travel(START, tick=False) as clock:
        parcels = [await stored(vault, delivery(f"customer-{n}")) for n in range(5)]
        carriers = {"recipient": vault.callers["carrier"].id}
        expired = await issued(vault, parcels[0], expires_in="PT1H", **carriers)
        live, used, revoked, closed = [await issued(vault, p, uses=1, **carriers) for p in parcels[1:]]
        clock.shift(timedelta(hours=2))
        await resolve(vault, used)
        await revoke(vault, tokens=[revoked])
        binding = next(b["id"] for b in parcels[4].json()["bindings"] if b["purpose"] == "delivery")
        ended = await vault.client("checkout").post(
            "/v1/bindings/close", json={"id": binding, "reason": "delivered"}
        )
        assert ended.status_code == 200, ended.text
        missing = live[:-8] + ("0" * 8 if live[-8:] != "0" * 8 else "1" * 8)
        cases = {
            "another carrier": (live, "carrier-2", "delivery"),
            "another purpose": (live, "carrier", "payment"),
            "not a recipient": (live, "shipping", "delivery"),
            "unknown purpose": (live, "carrier", "curiosity"),
            "expired": (expired, "carrier", "delivery"),
            "used up": (used, "carrier", "delivery"),
            "revoked": (revoked, "carrier", "delivery"),
            "purpose closed": (closed, "carrier", "delivery"),
            "never there": (missing, "carrier", "delivery"),
            "malformed": ("tok_!", "carrier", "delivery"),
            "another kind of id": (parcels[0].json()["id"], "carrier", "delivery"),
        }
        answers, calls = {}, {}
        for name, (text, bearer, purpose) in cases.items():
            with database_calls(vault) as seen:
                answers[name] = refusal(await resolve(vault, text, caller=bearer, purpose=purpose))
            calls[name] = tuple(seen)
        assert answers["never there"]["code"] == "not-found"
        assert [name for name in cases if answers[name] != answers["never there"]] == []
        assert [name for name in cases if calls[name] != calls["never there"]] == []
        # And the token that all but one of them were told did not exist is still good.
        assert values(await resolve(vault, live)) == [ADDRESS]


async def test_compliance_sees_who_resolved_what_and_how(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    carrier = vault.callers["carrier"].id
    given = await issue(vault, parcel, recipient=carrier, uses=1)
    token = given.json()["items"][0]["token"]
    seen = await event(vault, given.json()["receipt"]["event"])
    assert (seen["action"], seen["outcome"], seen["recipient"]) == ("token.issue", "allowed", carrier)
    assert seen["fields"]["address"]["given"] == "token"
    used = await resolve(vault, token)
    (resolved,) = await events_of(vault, used)
    assert (resolved["action"], resolved["outcome"]) == ("token.resolve", "allowed")
    assert (resolved["caller"], resolved["recipient"]) == (carrier, carrier)
    assert resolved["inputs"]["channel"] == "token"
    assert resolved["fields"]["address"]["given"] == "plain"
    assert resolved["subject"] == seen["subject"]
    (refused,) = await events_of(vault, await resolve(vault, token))
    assert (refused["outcome"], refused["reason"]) == ("denied", "not-found")
    assert "fields" not in refused
    for one in (seen, resolved, refused):
        assert token.removeprefix("tok_") not in str(one)
        assert "Nguyễn Huệ" not in str(one)


async def test_a_foreign_bearer_is_recorded_with_the_record_it_did_not_get(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    given = await issue(vault, parcel, recipient=vault.callers["carrier"].id)
    seen = await event(vault, given.json()["receipt"]["event"])
    (tried,) = await events_of(
        vault, await resolve(vault, given.json()["items"][0]["token"], caller="carrier-2")
    )
    assert (tried["outcome"], tried["record"]) == ("denied", seen["record"])


async def test_the_list_tells_all_but_the_token(vault: Vault) -> None:
    with time_machine.travel(START, tick=False) as clock:
        parcel = await stored(vault, delivery())
        carrier = vault.callers["carrier"].id
        given = [
            await issued(vault, parcel, recipient=carrier, uses=2),
            await issued(vault, parcel, expires_in="PT1H"),
        ]
        listed = await vault.client("shipping").get("/v1/tokens", params={"record": parcel.json()["id"]})
        items = sorted(listed.json()["items"], key=lambda item: item["recipient"] or "")
        shared = {"field": "address", "purpose": "delivery", "issued_at": "2026-11-22T08:00:00.000Z"}
        assert items == [
            {**shared, "recipient": None, "expires_at": "2026-11-22T09:00:00.000Z", "uses": None},
            {**shared, "recipient": carrier, "expires_at": "2026-11-29T08:00:00.000Z", "uses": 2},
        ]
        assert not any(token in listed.text for token in given)
        clock.shift(timedelta(hours=1))
        await resolve(vault, given[0])
        again = await vault.client("shipping").get("/v1/tokens", params={"record": parcel.json()["id"]})
        assert [item["uses"] for item in again.json()["items"]] == [1]
        actions = {one["action"] for one in await events_of(vault, listed)}
        assert actions == {"token.list"}


async def test_only_those_who_hand_out_tokens_manage_them(sqlite_vault: Vault) -> None:
    parcel = await stored(sqlite_vault, delivery())
    token = await issued(sqlite_vault, parcel)
    assert problem(await issue(sqlite_vault, parcel, caller="checkout")) == (403, "not-permitted")
    assert problem(await revoke(sqlite_vault, "carrier", tokens=[token])) == (403, "not-permitted")
    listed = await sqlite_vault.client("carrier").get("/v1/tokens", params={"record": parcel.json()["id"]})
    assert problem(listed) == (403, "not-permitted")
    assert values(await resolve(sqlite_vault, token)) == [ADDRESS]


async def test_what_is_not_there_is_revoked_in_silence_and_a_record_that_is_not_is_not(
    sqlite_vault: Vault,
) -> None:
    parcel = await stored(sqlite_vault, delivery())
    token = await issued(sqlite_vault, parcel)
    answer = await revoke(sqlite_vault, tokens=["tok_!", token, token, token[:-1] + "z"])
    assert (answer.status_code, answer.json()["revoked"]) == (200, 1)
    assert (await revoke(sqlite_vault, tokens=[token])).json()["revoked"] == 0
    nothing = text_of("rec", new_uuid(0))
    assert problem(await revoke(sqlite_vault, record=nothing)) == (404, "not-found")


async def test_tokens_of_several_records_resolve_in_order(vault: Vault) -> None:
    parcels = [await stored(vault, delivery(f"customer-{n}", recipient=f"An {n}")) for n in range(4)]
    given = [await issued(vault, parcel, fields=["recipient"]) for parcel in parcels]
    answer = await resolve(vault, given[2], "tok_!", given[0], given[3], given[1])
    assert values(answer) == ["An 2", None, "An 0", "An 3", "An 1"]
    assert len(set(answer.json()["receipt"]["events"])) == 5
