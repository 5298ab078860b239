"""Deep verification: rows changed behind the vault's back are found by the events that wrote them, and named."""

import pytest

from app.kernel.ids import parse_id
from app.vault.stored_rows import StoredRows
from app.vault.verify_stored import Mismatch
from tests.support.orders import delivery, stored
from tests.support.tampering import sql
from tests.support.vaults import TENANT, Vault


async def found(vault: Vault) -> set[tuple[Mismatch, str]]:
    report = await vault.parts.stored_verifier.verify(TENANT)
    return {(finding.code, finding.field) for finding in report.findings}


async def parcel(vault: Vault, customer: str = "customer-1") -> str:
    """A stored delivery; its record's id."""
    return str((await stored(vault, delivery(customer))).json()["id"])


async def changed(vault: Vault, record: str, phone: str | None) -> None:
    client = vault.client("checkout", "order")
    tag = (await client.get(f"/v1/records/{record}")).headers["etag"]
    body = {"fields": {"note": phone}}
    answer = await client.patch(f"/v1/records/{record}", json=body, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.text


async def values(vault: Vault, record: str, field: str) -> dict[str, object]:
    rows = await sql(
        vault,
        "SELECT version, sealed FROM field_values WHERE record = :record AND field = :field",
        record,
        field=field,
    )
    return {"version": rows[0].version, "sealed": rows[0].sealed}


async def test_what_the_vault_wrote_is_fine(vault: Vault) -> None:
    record = await parcel(vault)
    await changed(vault, record, "tầng 3")
    await changed(vault, record, None)
    await parcel(vault, "customer-2")
    report = await vault.parts.stored_verifier.verify(TENANT)
    assert report.findings == []
    assert (report.people, report.fields >= 6) == (2, True)


async def test_everybody_is_read_once_however_few_at_a_time(vault: Vault) -> None:
    for number in range(5):
        await parcel(vault, f"customer-{number}")
    people = [person.id async for person in StoredRows(vault.parts.database, page=1).people(TENANT)]
    assert len(people) == len(set(people)) == 5


async def test_an_old_version_brought_back(vault: Vault) -> None:
    record = await parcel(vault)
    old = await values(vault, record, "note")
    await changed(vault, record, "tầng 3")
    await put(vault, record, "note", old)
    assert await found(vault) == {(Mismatch.ROLLED_BACK, "note")}


async def test_a_removed_value_brought_back(vault: Vault) -> None:
    record = await parcel(vault)
    old = await values(vault, record, "note")
    await changed(vault, record, None)
    await sql(
        vault,
        "INSERT INTO field_values (bucket, record, field, tenant, version, sealed) "
        "SELECT bucket, record, 'note', tenant, :version, :sealed FROM field_values WHERE record = :record AND field = 'phone'",
        record,
        **old,
    )
    assert await found(vault) == {(Mismatch.RESURRECTED, "note")}


async def test_two_values_swapped(vault: Vault) -> None:
    record = await parcel(vault)
    note, phone = await values(vault, record, "note"), await values(vault, record, "phone")
    await put(vault, record, "note", phone)
    await put(vault, record, "phone", note)
    assert await found(vault) == {(Mismatch.SWAPPED, "note"), (Mismatch.SWAPPED, "phone")}


@pytest.mark.parametrize("field", ["recipient", "phone", "address", "note"])
async def test_a_bit_changed_and_a_row_lost(sqlite_vault: Vault, field: str) -> None:
    record = await parcel(sqlite_vault)
    kept = await values(sqlite_vault, record, field)
    sealed = bytes(kept["sealed"])  # type: ignore[call-overload]  # a column of bytes
    await put(sqlite_vault, record, field, {**kept, "sealed": sealed[:-1] + bytes([sealed[-1] ^ 1])})
    assert await found(sqlite_vault) == {(Mismatch.CHANGED, field)}
    await sql(
        sqlite_vault,
        "DELETE FROM field_values WHERE record = :record AND field = :field",
        record,
        field=field,
    )
    assert await found(sqlite_vault) == {(Mismatch.LOST, field)}


async def put(vault: Vault, record: str, field: str, value: dict[str, object]) -> None:
    await sql(
        vault,
        "UPDATE field_values SET version = :version, sealed = :sealed WHERE record = :record AND field = :field",
        record,
        field=field,
        **value,
    )


async def test_a_person_whose_key_was_changed(sqlite_vault: Vault) -> None:
    record = await parcel(sqlite_vault)
    await sql(
        sqlite_vault,
        "UPDATE subjects SET commitment = :commitment WHERE id = (SELECT subject FROM records WHERE id = :record)",
        record,
        commitment=bytes(32),
    )
    assert {code for code, _ in await found(sqlite_vault)} == {Mismatch.KEY}
    assert parse_id("rec", record)
