"""What tests of backups need: `kin` on a test vault's settings, and a vault started again on a database."""

import asyncio
import io
import os
import sys
import sysconfig
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from unittest.mock import patch

from app.cli.main import run
from app.main import create_app_from
from app.settings.settings import Settings
from tests.support.vaults import Vault


@dataclass(frozen=True, slots=True)
class Said:
    """What a command answered."""

    returncode: int
    stdout: str
    stderr: str


KIN: Final = Path(sysconfig.get_path("scripts")) / "kin"


def environment(settings: Settings) -> dict[str, str]:
    """The process's environment with these settings and no others."""
    given = settings.model_dump(mode="json", exclude_unset=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KIN_")}
    return clean | {f"KIN_{name.upper()}": str(value) for name, value in given.items() if value is not None}


async def kin(settings: Settings, *arguments: str | Path) -> Said:
    """One command, to its end, in a thread beside the test's own vault."""
    return await asyncio.to_thread(_run, environment(settings), [str(each) for each in arguments])


def _run(settings: dict[str, str], arguments: list[str]) -> Said:
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        patch.dict(os.environ, settings, clear=True),
        patch.object(sys, "argv", ["kin", *arguments]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            run()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


@asynccontextmanager
async def started_again(vault: Vault, settings: Settings | None = None) -> AsyncIterator[Vault]:
    """The vault as a new process starts it, on the same settings or others."""
    app = create_app_from(settings or vault.parts.settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        url = app.state.parts.settings.database_url
        yield Vault(app, app.state.parts, vault.directory, url, vault.keyring, vault.callers, stack)
