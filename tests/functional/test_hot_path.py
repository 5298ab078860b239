"""The fast way to the database keeps the rules of the slow one: no change without its event, and no scan for a look-up by key."""

import pytest

from app.kernel.ids import bucket_of, new_uuid
from app.storage.engine import UnwitnessedChange
from app.storage.hot import HotInsert, HotSelect, PostgresHotPath
from app.subjects.tables import subject_refs
from app.vault.store import _whole_records
from tests.support.vaults import TENANT, Vault

_DIGEST = bytes(range(16))
_INSERT = HotInsert(subject_refs, ("bucket", "tenant", "digest", "subject"))


async def _insert_reference(vault: Vault, *, witnessed: bool) -> None:
    async with vault.parts.database.transaction(TENANT) as work:
        await work.insert(_INSERT, [(0, TENANT, _DIGEST, new_uuid(0))])
        if witnessed:
            work.witness()


async def _references(vault: Vault) -> int:
    return len(await vault.parts.database.read(TENANT, subject_refs.select()))


async def test_a_fast_insert_without_an_event_is_not_committed(vault: Vault) -> None:
    with pytest.raises(UnwitnessedChange):
        await _insert_reference(vault, witnessed=False)
    assert await _references(vault) == 0
    await _insert_reference(vault, witnessed=True)
    assert await _references(vault) == 1


async def test_inserting_no_rows_is_no_change(vault: Vault) -> None:
    async with vault.parts.database.transaction(TENANT) as work:
        await work.insert(_INSERT, [])


async def test_a_look_up_by_key_never_scans_a_table(postgresql_vault: Vault) -> None:
    """Empty tables are where a planner would rather scan; the plan it makes then is kept while they grow."""
    hot = postgresql_vault.parts.database._hot
    assert isinstance(hot, PostgresHotPath)
    record = new_uuid(7)
    wanted = {"buckets": [bucket_of(record)], "ids": [record], "tenant": TENANT}
    select = HotSelect(_whole_records)
    async with hot._pool.acquire() as connection:
        plan = await connection.fetch(
            "EXPLAIN " + select.postgresql_text, *(wanted[name] for name in select.postgresql_order)
        )
        assert await connection.fetchval("SHOW plan_cache_mode") == "force_generic_plan"
    assert "Index Scan" in str(plan)
    assert "Seq Scan" not in str(plan)
