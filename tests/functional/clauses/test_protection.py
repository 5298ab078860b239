"""Clause `protection`: data is guarded from unwanted retrieval, use and disclosure, also by those who hold the database."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.audit.note import VerifierKey
from app.audit.signing_key import create_signing_key
from app.audit.verify import Trust, verify_export
from app.identity.issue import Actor
from app.kernel.ids import parse_id, text_of
from app.notice.reference import reference_source
from app.wiring.install import install_tenant
from tests.support.leaks import leaks
from tests.support.orders import Body, delivery, events, events_of, problem, stored
from tests.support.people import call, done, stored_delivery, told
from tests.support.tampering import sql
from tests.support.vaults import CallerKey, Store, Vault, running_vault

ADDRESS = {"lines": ["27 ngõ Hoa Sữa"], "province": "Thành phố Hà Nội", "country": "VN"}
SECRETS: Body = {
    "recipient": "Lê Thị Ngọc Ánh",
    "phone": "0907 913 571",
    "address": ADDRESS,
    "note": "cổng màu xanh",
}
VALUES = ["Lê Thị Ngọc Ánh", "0907 913 571", "0907913571", "+84907913571", "27 ngõ Hoa Sữa", "cổng màu xanh"]


@pytest.fixture
async def vault(store: Store, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault that signs its log."""
    create_signing_key(tmp_path / "audit.pem")
    settings: dict[str, Any] = {"audit_signing_key": tmp_path / "audit.pem", "audit_sequencer": "worker"}
    async with running_vault(store, tmp_path, **settings) as running:
        yield running


async def test_who_opens_the_database_or_the_log_finds_no_data(
    vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    parcel = await stored_delivery(vault, **SECRETS)
    seen = await told(vault, "checkout", parcel["id"], "order")
    assert seen["recipient"] == SECRETS["recipient"]

    # Whoever has the database has bytes: every value is sealed under a key of its person, which is not there.
    rows = await sql(vault, "SELECT field, sealed FROM field_values WHERE record = :record", parcel["id"])
    assert {row.field for row in rows} == SECRETS.keys()
    assert not [value for row in rows for value in VALUES if value.encode() in bytes(row.sealed)]
    assert leaks([vault.directory], VALUES) == []

    # The log of the process and the log of accesses hold none either.
    assert not [value for value in VALUES if value in caplog.text]
    assert not [value for value in VALUES if value in str(await events(vault))]


async def test_a_value_moved_to_somebody_else_does_not_open(vault: Vault) -> None:
    mine = await stored_delivery(vault, "customer-1", **SECRETS)
    other = await stored_delivery(vault, "customer-2")

    # Somebody with access to the database puts one customer's number into another's record.
    move = (
        "UPDATE field_values SET sealed = (SELECT sealed FROM field_values WHERE record = :source AND field = 'phone')"
        " WHERE record = :record AND field = 'phone'"
    )
    source = parse_id("rec", mine["id"])
    await sql(vault, move, other["id"], source=source.bytes if vault.parts.database.is_sqlite else source)

    # The vault notices, gives nothing, and says so in its log.
    refused = await call(vault, "checkout", "GET", f"/v1/records/{other['id']}", purpose="order")
    assert problem(refused) == (503, "unavailable")
    assert not [value for value in VALUES if value in refused.text]
    [noticed] = await events_of(vault, refused)
    assert (noticed["outcome"], noticed["reason"]) == ("failed", "integrity")
    assert (await told(vault, "checkout", mine["id"], "order"))["phone"] == SECRETS["phone"]


async def test_a_log_that_was_changed_is_found_out(vault: Vault) -> None:
    parcel = await stored_delivery(vault)
    refused = await call(vault, "marketing", "GET", f"/v1/records/{parcel['id']}", purpose="sale")
    assert problem(refused) == (403, "disclosure-denied")
    await vault.parts.audit_tree.keeper.catch_up()

    # An auditor gets the log and the public key, and trusts neither the shop nor its database.
    compliance = vault.client("compliance")
    key = (await compliance.get("/v1/audit/checkpoint")).json()["key"]
    log = (await compliance.get("/v1/audit/export", params={"format": "ndjson"})).content
    trust = Trust(VerifierKey.parse(key))
    assert verify_export(io.BytesIO(log), trust).fine

    # One word changed, or one line left out: it does not verify any more.
    assert log.count(b"forbidden-purpose") == 1
    changed = log.replace(b"forbidden-purpose", b"granted-as-usual!")
    assert not verify_export(io.BytesIO(changed), trust).fine
    lines = log.splitlines(keepends=True)
    without = b"".join(line for line in lines if b"forbidden-purpose" not in line)
    assert not verify_export(io.BytesIO(without), trust).fine


async def test_another_shop_in_the_same_vault_sees_nothing(vault: Vault) -> None:
    await install_tenant(vault.parts, "other-shop", reference_source().decode())
    roles = frozenset({"checkout", "compliance", "privacy-officer"})
    for role in sorted(roles):
        made = await vault.parts.callers.create("other-shop", role, [role], roles, Actor())
        key = await vault.parts.callers.issue_key("other-shop", made.id, Actor())
        name = f"other {role}"
        vault.callers = {**vault.callers, name: CallerKey(text_of("clr", made.id), key.secret)}
    parcel: Body = (await stored(vault, delivery(**SECRETS))).json()

    # The other shop's people know the very id, and meet nobody.
    path = f"/v1/records/{parcel['id']}"
    read = await call(vault, "other checkout", "GET", path, purpose="order")
    person = await call(vault, "other privacy-officer", "GET", f"/v1/subjects/{parcel['subject']}")
    assert {problem(read), problem(person)} == {(404, "not-found")}
    found = await call(vault, "other privacy-officer", "POST", "/v1/subjects/find", {"ref": "customer-8123"})
    assert problem(found) == (404, "not-found")
    log = await done(vault, "other compliance", "GET", "/v1/audit/events")
    assert {event["tenant"] for event in log["items"]} == {"other-shop"}
