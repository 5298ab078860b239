"""Tokens that a read gives out: one for a field, purpose and recipient, the same again until it expires."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from app.vault.tables import tokens
from tests.support.orders import delivery, event, problem, read, stored
from tests.support.vaults import TENANT, Vault

START = datetime(2026, 11, 22, 8, tzinfo=UTC)


def address(answer: Any) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()["fields"]["address"]
    assert found["form"] == "token"
    assert found["value"].startswith("tok_")
    return found


async def test_the_same_token_is_given_again_until_it_expires(vault: Vault) -> None:
    with time_machine.travel(START, tick=False) as clock:
        parcel = await stored(vault, delivery())
        first = address(await read(vault, parcel, "shipping", "delivery"))
        assert first["expires_at"] == "2026-11-29T08:00:00.000Z"
        clock.shift(timedelta(days=7, seconds=-1))
        assert address(await read(vault, parcel, "shipping", "delivery")) == first
        clock.shift(timedelta(seconds=1))
        second = address(await read(vault, parcel, "shipping", "delivery"))
        assert second["value"] != first["value"]
        assert second["expires_at"] == "2026-12-06T08:00:00.000Z"
        assert address(await read(vault, parcel, "shipping", "delivery")) == second


async def test_each_recipient_record_and_field_has_a_token_of_its_own(vault: Vault) -> None:
    parcel, other = await stored(vault, delivery()), await stored(vault, delivery())
    carriers = [vault.callers[name].id for name in ("carrier", "carrier-2")]
    answers = [
        await read(vault, parcel, "shipping", "delivery"),
        await read(vault, parcel, "shipping", "delivery", recipient=carriers[0]),
        await read(vault, parcel, "shipping", "delivery", recipient=carriers[1]),
        await read(vault, other, "shipping", "delivery", recipient=carriers[0]),
    ]
    given = [address(answer)["value"] for answer in answers]
    assert len(set(given)) == 4
    again = await read(vault, parcel, "shipping", "delivery", recipient=carriers[1])
    assert address(again)["value"] == given[2]
    assert (await event(vault, again.json()["receipt"]["event"]))["recipient"] == carriers[1]


async def test_reads_at_once_give_out_one_token(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    answers = await asyncio.gather(*(read(vault, parcel, "shipping", "delivery") for _ in range(12)))
    assert len({address(answer)["value"] for answer in answers}) == 1
    assert len({answer.json()["receipt"]["event"] for answer in answers}) == 12


async def test_neither_database_nor_log_holds_the_token(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    answer = await read(vault, parcel, "shipping", "delivery")
    token = address(answer)["value"]
    rows = await vault.parts.database.read(TENANT, select(tokens))
    assert len(rows) == 1
    assert token not in str(await event(vault, answer.json()["receipt"]["event"]))
    assert token.removeprefix("tok_").encode() not in b"".join(
        bytes(v) for v in rows[0] if isinstance(v, bytes)
    )


async def test_a_refused_read_issues_nothing(vault: Vault) -> None:
    parcel = await stored(vault, delivery(purposes=("order",)))
    assert problem(await read(vault, parcel, "shipping", "delivery")) == (403, "disclosure-denied")
    assert await vault.parts.database.read(TENANT, select(tokens)) == []


@pytest.mark.parametrize("form", ["masked", "verified"])
async def test_less_than_a_token_is_not_a_token(sqlite_vault: Vault, form: str) -> None:
    """`token` stands below `masked`: who may have the token gets it for `masked` too, and for `verified` no token."""
    parcel = await stored(sqlite_vault, delivery())
    seen = await read(sqlite_vault, parcel, "shipping", "delivery", form=form, fields="address,recipient")
    assert seen.json()["fields"]["address"]["form"] == ("token" if form == "masked" else "verified")
