"""PostgreSQL's row-level security holds tenants apart even for the owner of the tables, and even for a forgotten WHERE."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from app.storage.metadata import metadata
from tests.support.vaults import TENANT, PostgresStore

FENCED = sorted(name for name, table in metadata.tables.items() if table.info.get("fenced", True))


@pytest.fixture
async def connection(
    postgres_store: PostgresStore, tmp_path: Path
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    with postgres_store.copy(tmp_path) as url:
        connection = await asyncpg.connect(url)
        yield connection
        await connection.close()


async def test_every_table_of_a_tenant_is_fenced_for_its_owner_too(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    rows = await connection.fetch(
        "SELECT relname FROM pg_class JOIN pg_roles ON pg_roles.oid = relowner "
        "WHERE relkind = 'r' AND relrowsecurity AND relforcerowsecurity AND NOT rolsuper AND NOT rolbypassrls"
    )
    assert sorted(row["relname"] for row in rows) == FENCED


async def test_a_connection_sees_the_rows_of_its_tenant_only(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    async def count(tenant: str | None, table: str) -> int:
        async with connection.transaction():
            if tenant is not None:
                await connection.execute("SELECT set_config('kin.tenant', $1, true)", tenant)
            return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))

    for table in ("callers", "api_keys", "tenant_keys", "audit_events", "notice_versions"):
        assert await count(TENANT, table) > 0
        assert await count("another", table) == 0
        assert await count(None, table) == 0


async def test_a_row_of_another_tenant_cannot_be_written(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await connection.execute("SELECT set_config('kin.tenant', 'another', false)")
    insert = (
        "INSERT INTO subject_refs (bucket, tenant, digest, subject) VALUES (1, $1, $2, gen_random_uuid())"
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(insert, TENANT, b"digest")
    assert await connection.execute(insert, "another", b"digest") == "INSERT 0 1"
