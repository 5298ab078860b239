"""`kin erasures`: what the clock will erase, and a sweep by hand, from the operator's side. No field is opened."""

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress

from app.audit.event import Action, Event, Outcome
from app.cli.session import with_parts
from app.kernel.clock import rfc3339
from app.kernel.duration import Duration
from app.kernel.ids import new_uuid, text_of
from app.retention.clock_check import ClockTrouble
from app.retention.find_due import DueRecord
from app.retention.sweep import Sweep
from app.wiring.parts import Parts

commands: Final = typer.Typer(no_args_is_help=True, help="See what the clock will erase, or have it erased.")
Tenant = Annotated[str, typer.Option(help="The tenant.")]

_PAGE: Final = 200
_AHEAD: Final = Duration(days=30)
_COLUMNS: Final = ("erase_at", "due_at", "record", "collection", "field", "purpose", "clause")
_LINE: Final = "{:<24}  {:<24}  {:<30}  {:<12}  {:<16}  {:<16}  {}"
_TROUBLES: Final = {
    ClockTrouble.AHEAD: "the clock stands more than a day after the last sweep",
    ClockTrouble.BEHIND: "the clock stands more than an hour before the last sweep",
}


@commands.command()
def due(
    before: Annotated[
        str | None, typer.Option(help="By when (2026-11-22T08:00:00Z); 30 days from now without.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a field and line.")] = False,
    tenant: Tenant = "shop",
) -> None:
    """Print what is to be erased by a time, field by field, in the order in which people are stored."""
    until = _moment(before) if before else None

    async def work(parts: Parts) -> None:
        if not as_json:
            print(_LINE.format(*_COLUMNS))
        now = parts.clock.now()
        async for record in parts.retention.previewer.all(_asked(tenant, now), until or _AHEAD.after(now)):
            for line in _lines(record):
                print(json.dumps(line) if as_json else _LINE.format(*(line[c] or "-" for c in _COLUMNS)))

    with_parts(work)


@commands.command()
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and erase nothing.")] = False,
    clock_is_right: Annotated[
        bool, typer.Option("--clock-is-right", help="You have looked: the clock may be believed.")
    ] = False,
    tenant: Tenant = "shop",
) -> None:
    """Sweep once: erase everything that is due. Exit code 1 when the clock looks wrong, or something could not be erased."""
    if dry_run:
        count = with_parts(lambda parts: parts.retention.sweeper.count(tenant))
        print(f"something is to be erased of {count} people")
        return

    async def work(parts: Parts) -> Sweep:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("people", total=await parts.retention.sweeper.population(tenant))
            return await parts.retention.sweeper.run(
                tenant,
                clock_is_right=clock_is_right,
                seen=lambda count: progress.advance(bar, count),
            )

    _conclude(with_parts(work))


def _conclude(sweep: Sweep) -> None:
    if sweep.trouble:
        _fail(
            f"{_TROUBLES[sweep.trouble]}, so nothing was erased; look at the clock of this machine, "
            "and if it is right, say so with --clock-is-right"
        )
    print(
        f"erased something of {sweep.people} people; of {sweep.destroyed} of them everything, and their keys"
    )
    if sweep.failed:
        _fail(f"could not erase what is due of {sweep.failed} people; run `kin check`")


def _lines(record: DueRecord) -> Iterator[dict[str, str | bool | None]]:
    for name, one in record.fields.items():
        yield {
            "subject": text_of("sub", record.subject),
            "record": text_of("rec", record.id),
            "collection": record.collection,
            "field": name,
            "due_at": rfc3339(one.due_at),
            "erase_at": None if record.held else rfc3339(one.erase_at),
            "purpose": one.purpose,
            "clause": one.clause,
            "held": record.held,
        }


def _asked(tenant: str, now: datetime) -> Event:
    """The operator at the command line is on record too; no caller is known there."""
    return Event(
        id=new_uuid(),
        at=now,
        tenant=tenant,
        action=Action.RETENTION_PREVIEW,
        outcome=Outcome.ALLOWED,
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901  # it has no offset either
    if moment.tzinfo is None:
        raise typer.BadParameter(
            "write a time with its offset, such as 2026-11-22T08:00:00Z", param_hint="--before"
        )
    return moment


def _fail(words: str) -> None:
    print(f"kin: {words}", file=sys.stderr)
    raise typer.Exit(1)
