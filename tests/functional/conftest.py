"""Vaults on one database, for tests whose subject does not depend on which, or depends on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.vaults import PostgresStore, SqliteStore, Vault, running_vault


@pytest.fixture
async def sqlite_vault(sqlite_store: SqliteStore, tmp_path: Path) -> AsyncIterator[Vault]:
    """A running vault on SQLite alone."""
    async with running_vault(sqlite_store, tmp_path) as running:
        yield running


@pytest.fixture
async def postgresql_vault(postgres_store: PostgresStore, tmp_path: Path) -> AsyncIterator[Vault]:
    """A running vault on PostgreSQL alone."""
    async with running_vault(postgres_store, tmp_path) as running:
        yield running
