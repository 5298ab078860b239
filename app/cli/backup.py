"""`kin backup`: a copy of the database while the vault goes on serving, and what must be kept beside it."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress

from app.settings.settings import load
from app.storage.engine import Database
from app.wiring.backup import back_up, dump_command

_APART: Final = (
    "not in it, and needed with it: the keyring, the key that signs the audit log, the erasure ledger, the published "
    "checkpoints; keep copies of them elsewhere"
)


def backup(
    to: Annotated[Path, typer.Option("--to", help="The file to make; must not exist.")],
) -> None:
    """Copy the SQLite database to a file while the vault goes on serving."""
    database = Database(load().database_url)
    if not database.is_sqlite:
        print(f"kin: PostgreSQL makes its own backups:\n  {dump_command(database.url, to)}", file=sys.stderr)
        raise typer.Exit(2)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("copying", total=None)
        held = back_up(database, to, lambda done, total: bar.update(task, completed=done, total=total))
    print(f"made {to}: {held.events} events, {held.people} people, schema {held.schema}\n{_APART}")
