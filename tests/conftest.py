"""Fixtures of all tests that need a running vault. A pure test needs none of them, and pays for none."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.postgres import PostgresServer, postgres_server
from tests.support.vaults import PostgresStore, SqliteStore, Store, Vault, running_vault


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of this test process; a failure, not a skip, where none can be found."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_store(tmp_path_factory: pytest.TempPathFactory) -> SqliteStore:
    """Prepared SQLite databases."""
    return SqliteStore(tmp_path_factory.mktemp("prepared-sqlite"))


@pytest.fixture(scope="session")
def postgres_store(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> PostgresStore:
    """Prepared PostgreSQL databases."""
    return PostgresStore(tmp_path_factory.mktemp("prepared-postgresql"), postgres)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Store:
    """Each database in turn."""
    found: Store = request.getfixturevalue(f"{'sqlite' if request.param == 'sqlite' else 'postgres'}_store")
    return found


@pytest.fixture
async def vault(store: Store, tmp_path: Path) -> AsyncIterator[Vault]:
    """A running vault on each database in turn, with the tenant `shop`, the reference notice and a caller a role."""
    async with running_vault(store, tmp_path) as running:
        yield running
