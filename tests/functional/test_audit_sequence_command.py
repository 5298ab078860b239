"""`kin audit sequence --once`: signs what there is; a log that contradicts itself ends with a message and 1, not a traceback."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from app.cli.main import commands
from tests.support.erasing import erasing_settings
from tests.support.orders import delivery, stored
from tests.support.vaults import TENANT, SqliteStore, Vault, running_vault


@pytest.fixture
async def vault(sqlite_store: SqliteStore, tmp_path: Path) -> AsyncIterator[Vault]:
    async with running_vault(sqlite_store, tmp_path, None, **erasing_settings(tmp_path)) as running:
        await stored(running, delivery())
        yield running


async def sequence(vault: Vault, **more: object) -> Result:
    given = {
        "mode": "development",
        "database_url": vault.database_url,
        "keyring": vault.keyring,
        "audit_signing_key": vault.parts.settings.audit_signing_key,
        **more,
    }
    environment = {f"KIN_{name.upper()}": str(value) for name, value in given.items()}
    # A command runs a loop of its own, so it needs a thread of its own.
    arguments = ["audit", "sequence", "--once"]
    return await asyncio.to_thread(CliRunner().invoke, commands, arguments, env=environment)


async def test_everything_is_signed(vault: Vault) -> None:
    done = await sequence(vault)
    assert (done.exit_code, done.output) == (0, "")
    state = await vault.parts.audit_tree.store.state(TENANT)
    assert state is not None
    assert state.signed == state.size > 0
    assert not state.waiting


async def test_a_damaged_log_is_named_and_ends_with_1(vault: Vault) -> None:
    async with vault.parts.database.bookkeeping(TENANT) as work:
        await work.execute(text("DELETE FROM audit_events"))
    done = await sequence(vault)
    assert (done.exit_code, done.stderr) == (
        1,
        "kin: the log of shop is not signed: a sequenced event is gone\n",
    )


async def test_a_place_that_cannot_be_asked_is_named_and_ends_with_1(vault: Vault, tmp_path: Path) -> None:
    done = await sequence(vault, checkpoint_file=tmp_path)
    assert done.exit_code == 1
    assert done.stderr.startswith("kin: the log of shop is not signed: the checkpoint file cannot be read")
