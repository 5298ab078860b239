"""`kin`: the list of sub-commands, and what a person sees when one fails.

Exit codes: 0 fine, 1 findings or a failed check, 2 wrong usage. A user's mistake never ends in a traceback.
"""

import sys
from typing import Final

import typer

from app.cli import (
    audit,
    backup,
    caller,
    certificate,
    check,
    dev,
    erasures,
    key,
    migrate,
    notice,
    restore,
    serve,
    tenant,
    worker,
)
from app.kernel.errors import VaultError
from app.settings.settings import SettingsRefused
from app.storage.engine import InvalidDatabaseURL
from app.wiring.preflight import StartRefused

commands: Final = typer.Typer(
    name="kin",
    help="Kín: a vault for personal data that runs the shop's privacy notice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
commands.command("dev")(dev.dev)
commands.command("serve")(serve.serve)
commands.command("worker")(worker.worker)
commands.command("migrate")(migrate.migrate_database)
commands.command("check")(check.check)
commands.command("backup")(backup.backup)
commands.command("restore")(restore.restore_backup)
commands.add_typer(notice.commands, name="notice")
commands.add_typer(tenant.commands, name="tenant")
commands.add_typer(caller.commands, name="caller")
commands.add_typer(key.commands, name="key")
commands.add_typer(audit.commands, name="audit")
commands.add_typer(certificate.commands, name="certificate")
commands.add_typer(erasures.commands, name="erasures")


def run() -> None:
    """The console script."""
    try:
        commands()
    except (SettingsRefused, InvalidDatabaseURL) as refused:
        _fail(str(refused), 2)
    except StartRefused as refused:
        _fail(str(refused), 1)
    except VaultError as error:
        details = "".join(f"\n  {e.pointer}: {e.detail}" for e in error.errors)
        _fail(error.detail + details, 1)


def _fail(words: str, code: int) -> None:
    print(f"kin: {words}", file=sys.stderr)
    sys.exit(code)
