"""`python -m benchmarks growth`: what a read costs in an empty vault and in a full one.

The vault is filled by batches through its own code. At each size its single disclosure is measured in turns with the empty
route, so that the ratio says what the records cost and not what else the machine does meanwhile.
"""

import asyncio
import json
import random
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table

from app.kernel.ids import text_of
from benchmarks.asked import STORED_AT_ONCE, reads, submission
from benchmarks.machine import describe
from benchmarks.measure import YARDSTICK, Figure, Work, figures, measure
from benchmarks.served import database_seconds, served
from benchmarks.vaults import opened, serving, stored
from tests.support.postgres import PostgresServer, postgres_server
from tests.support.vaults import Prepared, prepare

_SIZES: Final = (10_000, 100_000, 1_000_000)
_ASKED_FOR: Final = 20_000
_CLIENTS: Final = 32
_REPETITIONS: Final = 5
_SECONDS: Final = 4.0
_TOGETHER: Final = 4


def run(to: int, results: Path) -> None:
    """Fills, measures at 10 k, 100 k, 1 M (as far as `to`) and at `to`, prints, and keeps the figures as JSON."""
    sizes = [*(size for size in _SIZES if size < to), to]
    found: dict[int, Figure] = {}
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kin-bench-")))
        server = stack.enter_context(postgres_server(durable=True))
        machine = describe(server)
        server.create("growth")
        prepared = prepare(server.url("growth"), directory)
        empty = stack.enter_context(served("benchmarks.empty_route:app", directory / "empty.log", {}))
        records: list[str] = []
        for before, size in zip([0, *sizes], sizes, strict=False):
            asyncio.run(_filled(prepared, range(before, size), records))
            server.sql("VACUUM ANALYZE", "growth")
            with serving(prepared, directory) as running:
                officer = prepared.callers["privacy-officer"]
                works = [
                    Work(YARDSTICK, empty, reads(officer, ["rec_1"]), 200),
                    Work("read", running, reads(officer, records), 200, database=_seconds(server)),
                ]
                found[size] = figures(measure(works, [_CLIENTS], _REPETITIONS, _SECONDS))[1]
    _show(machine, found)
    results.mkdir(exist_ok=True)
    told = {"machine": machine, "sizes": {size: asdict(figure) for size, figure in found.items()}}
    (results / "growth.json").write_text(json.dumps(told, indent=1) + "\n")


async def _filled(prepared: Prepared, numbers: Sequence[int], sample: list[str]) -> None:
    """Stores the buyers of these numbers; `sample` stays a random choice of all that are stored (reservoir sampling)."""
    draw = random.Random(numbers[0])
    with Progress(
        *Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn()
    ) as progress:
        task = progress.add_task("filling", total=numbers[-1] + 1, completed=numbers[0])
        async with opened(prepared) as parts:
            for first in range(0, len(numbers), _TOGETHER * STORED_AT_ONCE):
                batch = numbers[first : first + _TOGETHER * STORED_AT_ONCE]
                whole = [submission(number) for number in batch]
                parts_of = [whole[i : i + STORED_AT_ONCE] for i in range(0, len(whole), STORED_AT_ONCE)]
                ids = await asyncio.gather(*(stored(parts, prepared, each) for each in parts_of))
                for number, record in zip(batch, chain(*ids), strict=True):
                    place = number if number < _ASKED_FOR else draw.randrange(number + 1)
                    if place < _ASKED_FOR:
                        sample[place : place + 1] = [text_of("rec", record)]
                progress.advance(task, len(batch))
            # Else the served vault would sequence for minutes while its reads are measured.
            await parts.audit_tree.keeper.catch_up()


def _show(machine: dict[str, str], found: dict[int, Figure]) -> None:
    console = Console(width=110)
    console.print(" · ".join(f"{name} {value}" for name, value in machine.items()), style="dim")
    table = Table("records", "requests/s", "× empty", "× of the first", "p99 ms", "CPU µs", "PostgreSQL µs")
    first = next(iter(found.values()))
    for size, f in found.items():
        numbers = (f.rate, f.ratio, first.ratio / f.ratio, f.p99, f.cpu, f.database_cpu or 0.0)
        table.add_row(f"{size:,}", *(f"{n:,.2f}" if n < 10 else f"{n:,.0f}" for n in numbers))
    console.print(table)


def _seconds(server: PostgresServer) -> Callable[[], float]:
    return lambda: database_seconds(server)
