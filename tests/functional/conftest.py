"""A vault for tests whose subject does not depend on the database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.vaults import SqliteStore, Vault, running_vault


@pytest.fixture
async def sqlite_vault(sqlite_store: SqliteStore, tmp_path: Path) -> AsyncIterator[Vault]:
    """A running vault on SQLite alone."""
    async with running_vault(sqlite_store, tmp_path) as running:
        yield running
