"""Where rows live, read from the tables: what would break when the database is spread over many machines fails here."""

from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Index, PrimaryKeyConstraint, Table, UniqueConstraint

from app.storage.engine import Database
from app.storage.metadata import metadata
from tests.support.source import APP
from tests.support.vaults import Store

for path in sorted(APP.glob("*/tables.py")):
    import_module(f"app.{path.parent.name}.tables")
TABLES = [pytest.param(table, id=table.name) for table in metadata.sorted_tables]


def unique_keys(table: Table) -> list[PrimaryKeyConstraint | UniqueConstraint | Index]:
    keys = [key for key in table.constraints if isinstance(key, PrimaryKeyConstraint | UniqueConstraint)]
    return [*keys, *(index for index in table.indexes if index.unique)]


@pytest.mark.parametrize("table", TABLES)
def test_every_unique_key_starts_with_the_place(table: Table) -> None:
    place = table.info["place"]
    assert place in {"bucket", "tenant"}
    for key in unique_keys(table):
        assert next(iter(key.columns)).name == place, key.name


@pytest.mark.parametrize("table", TABLES)
def test_every_row_names_its_tenant(table: Table) -> None:
    assert not table.c["tenant"].nullable


@pytest.mark.parametrize("table", TABLES)
def test_no_foreign_key_leaves_its_place(table: Table) -> None:
    for key in table.foreign_key_constraints:
        assert table.info["place"] == key.referred_table.info["place"] == "bucket"
        assert key.elements[0].parent.name == "bucket"
        assert key.elements[0].column.name == "bucket"


def test_there_are_tables_to_look_at() -> None:
    assert {"subjects", "records", "field_values", "tokens", "audit_events"} <= set(metadata.tables)


async def test_the_migrations_make_exactly_these_tables(store: Store, tmp_path: Path) -> None:
    differences: list[object] = []

    def compare(connection: Connection) -> None:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        differences.extend(compare_metadata(context, metadata))

    with store.copy(tmp_path) as url:
        database = Database(url)
        await database.migrate(compare)
        await database.close()
    assert differences == []
