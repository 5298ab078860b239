"""What tests of backups need: `kin` as an operator runs it on a test vault's settings, and a vault started again on a database."""

import asyncio
import os
import subprocess
import sysconfig
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from app.main import create_app_from
from app.settings.settings import Settings
from tests.support.vaults import Vault

KIN: Final = Path(sysconfig.get_path("scripts")) / "kin"


def environment(settings: Settings) -> dict[str, str]:
    """The process's environment with these settings and no others."""
    given = settings.model_dump(mode="json", exclude_unset=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KIN_")}
    return clean | {f"KIN_{name.upper()}": str(value) for name, value in given.items() if value is not None}


async def kin(settings: Settings, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """One command, to its end, while the test's own vault goes on."""
    command = [str(KIN), *map(str, arguments)]
    done = await asyncio.to_thread(
        subprocess.run,
        command,
        env=environment(settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@asynccontextmanager
async def started_again(vault: Vault, settings: Settings | None = None) -> AsyncIterator[Vault]:
    """The vault as a new process starts it, on the same settings or others."""
    app = create_app_from(settings or vault.parts.settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        url = app.state.parts.settings.database_url
        yield Vault(app, app.state.parts, vault.directory, url, vault.keyring, vault.callers, stack)
