"""The fast way to the database keeps the rules of the slow one: no change without its event, and no scan for a look-up by key."""

from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.kernel.ids import new_uuid
from app.storage.columns import microseconds
from app.storage.engine import UnwitnessedChange
from app.storage.hot import HotInsert, HotSelect, PostgresHotPath
from app.subjects.tables import subject_refs, subjects
from app.vault.store import _found, _whole_records
from tests.support.vaults import TENANT, Vault

_DIGEST = bytes(range(16))
_INSERT = HotInsert(subject_refs, ("bucket", "tenant", "digest", "subject"))


async def _insert_reference(vault: Vault, *, witnessed: bool) -> None:
    async with vault.parts.database.transaction(TENANT) as work:
        await work.insert(_INSERT, [(0, TENANT, _DIGEST, new_uuid(0))])
        if witnessed:
            work.witness()


def test_what_is_the_same_in_all_rows_goes_over_once() -> None:
    first, second = (0, TENANT, _DIGEST, new_uuid(0)), (0, TENANT, _DIGEST[::-1], new_uuid(0))
    assert _INSERT.for_postgresql([first, second]) == [
        (0,),
        (TENANT,),
        (_DIGEST, _DIGEST[::-1]),
        (first[3], second[3]),
    ]
    assert _INSERT.for_postgresql([first]) == [(value,) for value in first]
    # Two equal rows stay two, so that the database refuses them.
    assert _INSERT.for_postgresql([first, first]) == [(value, value) for value in first]


async def test_rows_with_and_without_a_value_stay_apart(vault: Vault) -> None:
    """Shortened columns beside whole ones, with nothing at either end of one."""
    people = [new_uuid(0) for _ in range(3)]
    insert = HotInsert(
        subjects,
        (
            "bucket",
            "id",
            "tenant",
            "kek_version",
            "wrapped_key",
            "commitment",
            "restricted",
            "created_at",
            "restricted_at",
        ),
    )
    times = [None, 5, None]
    async with vault.parts.database.transaction(TENANT) as work:
        rows = [
            (0, person, TENANT, 1, b"w", b"c", False, 7, at) for person, at in zip(people, times, strict=True)
        ]
        await work.insert(insert, rows)
        work.witness()
    found = await vault.parts.database.read(TENANT, select(subjects).where(subjects.c.id.in_(people)))
    assert {row.id: row.restricted_at and microseconds(row.restricted_at) for row in found} == dict(
        zip(people, times, strict=True)
    )
    assert {(row.tenant, row.wrapped_key, microseconds(row.created_at)) for row in found} == {
        (TENANT, b"w", 7)
    }


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


@pytest.mark.parametrize(
    ("statement", "key", "more"),
    [
        (HotSelect(_whole_records), new_uuid(7), {}),
        (HotSelect(_found, by_digest=True, each=True), _DIGEST, {"place": "buyer.phone", "most": 5}),
    ],
    ids=["records", "search"],
)
async def test_a_look_up_by_key_never_scans_a_table(
    postgresql_vault: Vault, statement: HotSelect, key: UUID | bytes, more: dict[str, object]
) -> None:
    """Empty tables are where a planner would rather scan; the plan it makes then is kept while they grow."""
    hot = postgresql_vault.parts.database._hot
    assert isinstance(hot, PostgresHotPath)
    wanted = {"buckets": [7], "ids": [key], "tenant": TENANT, **more}
    async with hot._pool.acquire() as connection:
        plan = await connection.fetch(
            "EXPLAIN " + statement.postgresql_text, *(wanted[name] for name in statement.postgresql_order)
        )
        assert await connection.fetchval("SHOW plan_cache_mode") == "force_generic_plan"
    assert "Index" in str(plan)
    assert "Seq Scan" not in str(plan)


async def test_the_checks_of_a_change_never_scan_a_table(postgresql_vault: Vault) -> None:
    """What checks a foreign key is planned when its table is small, and its plan is kept while that grows."""
    check = "SELECT 1 FROM ONLY subjects x WHERE bucket = 1 AND id = gen_random_uuid() FOR KEY SHARE OF x"
    async with postgresql_vault.parts.database.transaction(TENANT) as work:
        await work.execute(text("ANALYZE subjects"))
        plan = (await work.execute(text("EXPLAIN " + check))).scalars().all()
    assert "Index Scan" in str(plan)
    assert "Seq Scan" not in str(plan)
