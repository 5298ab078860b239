"""`kin restore`: a backup becomes the database again, without what was erased since it was made."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress

from app.settings.settings import Settings, load
from app.storage.engine import database_url
from app.wiring.restore import Restored, restore


def restore_backup(
    source: Annotated[Path, typer.Option("--from", help="The backup that `kin backup` made.")],
    ledger: Annotated[
        list[Path] | None,
        typer.Option(
            help="An erasure ledger beside that of KIN_ERASURE_LEDGER; may be given more than once."
        ),
    ] = None,
    without_ledger: Annotated[
        bool,
        typer.Option(
            "--without-ledger", help="Whoever was erased since the backup is back, and can be read again."
        ),
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Move the database that is there aside; nothing is deleted.")
    ] = False,
) -> None:
    """Put a backup in the place of the SQLite database; stop the vault before."""
    settings = load()
    url = database_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        _usage(
            "PostgreSQL restores its own backups, with pg_restore into an empty database that the vault's role owns; then "
            "`kin migrate`; the vault replays the erasure ledger when it starts"
        )
    ledgers = _ledgers(settings, ledger or [], without_ledger=without_ledger)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("copying", total=None)
        done = restore(
            settings,
            source,
            ledgers,
            replace=replace,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            say=lambda words: bar.update(task, description=words, completed=0, total=None),
        )
    _show(done, with_ledger=bool(ledgers))


def _ledgers(settings: Settings, given: list[Path], *, without_ledger: bool) -> list[Path]:
    own = settings.erasure_ledger
    ledgers = [*given, *([own] if own and own not in given else [])]
    if without_ledger:
        if given or (own and own.exists()):
            _usage("there is an erasure ledger; leave --without-ledger out")
        return []
    if not ledgers:
        _usage(
            "without an erasure ledger, whoever was erased since this backup would be back; set KIN_ERASURE_LEDGER or give "
            "--ledger FILE; if there never was one, say --without-ledger"
        )
    for path in ledgers:
        if not path.is_file():
            _usage(
                f"the erasure ledger {path} is missing; bring it back; if nothing was ever erased, say --without-ledger"
            )
    return ledgers


def _show(done: Restored, *, with_ledger: bool) -> None:
    held = done.contents
    print(f"restored: {held.events} events, {held.people} people, schema {held.schema}")
    if with_ledger:
        print(f"erased again: {done.erased_again}")
    else:
        print("no erasure ledger was replayed: whoever was erased since the backup is back")
    for key in done.log_keys:
        print(f"an audit log has begun anew and is now verified with {key}")
    if done.moved_aside:
        print(f"the database that was there is {done.moved_aside}")


def _usage(words: str) -> NoReturn:
    print(f"kin: {words}", file=sys.stderr)
    raise typer.Exit(2)
