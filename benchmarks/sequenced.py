"""`python -m benchmarks sequenced`: what the sequencer costs those who are served while it works.

Two vaults alike, each with a database of its own on one server, take turns; one sequences and signs its log in the serving
process, the other's log is left alone. What is asked appends an event a record, durable before its answer.
"""

import json
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.machine import describe
from benchmarks.measure import Sample, Work, measure
from benchmarks.served import database_seconds
from benchmarks.vaults import ServedVault, served_vault
from benchmarks.works import works_of
from tests.support.postgres import PostgresServer, postgres_server

_RECORDS: Final = 5000
_CLIENTS: Final = 32
_REPETITIONS: Final = 7
_SECONDS: Final = 4.0
_ASKED: Final = ("read", "store", "resolve")
_WITH: Final = "sequenced"
_WITHOUT: Final = "left alone"


def run(results: Path) -> None:
    """Measures, prints, and keeps the samples as JSON."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kin-bench-")))
        server = stack.enter_context(postgres_server(durable=True))
        machine = describe(server)
        works = []
        for name in (_WITHOUT, _WITH):
            database = name.replace(" ", "_")
            server.create(database)
            works.append(_works(_vault(stack, server, directory / database, database, name), name, server))
        turns = [work for pair in zip(*works, strict=True) for work in pair]
        samples = measure(turns, [_CLIENTS], _REPETITIONS, _SECONDS)
    _show(machine, samples)
    results.mkdir(exist_ok=True)
    told = {"machine": machine, "samples": [asdict(sample) for sample in samples]}
    (results / "sequenced.json").write_text(json.dumps(told, indent=1) + "\n")


def _vault(
    stack: ExitStack, server: PostgresServer, directory: Path, database: str, name: str
) -> ServedVault:
    return stack.enter_context(
        served_vault(
            server.url(database),
            directory,
            _RECORDS,
            lambda: server.sql("VACUUM ANALYZE", database),
            sequenced=name == _WITH,
        )
    )


def _works(vault: ServedVault, name: str, server: PostgresServer) -> list[Work]:
    works = works_of(vault, name, lambda: database_seconds(server))
    return [work for work in works if work.name in {f"{asked}, {name}" for asked in _ASKED}]


def _show(machine: dict[str, str], samples: list[Sample]) -> None:
    console = Console(width=110)
    console.print(" · ".join(f"{name} {value}" for name, value in machine.items()), style="dim")
    table = Table("work", "without, requests/s", "with", "with / without", "CPU µs without", "with")
    for asked in _ASKED:
        alone = [s for s in samples if s.work == f"{asked}, {_WITHOUT}"]
        beside = [s for s in samples if s.work == f"{asked}, {_WITH}"]
        ratio = median(b.rate / a.rate for a, b in zip(alone, beside, strict=True))
        rates = [f"{median(s.rate for s in each):,.0f}" for each in (alone, beside)]
        spent = [f"{median(s.cpu for s in each):,.0f}" for each in (alone, beside)]
        table.add_row(asked, *rates, f"{ratio:.2f}", *spent)
    console.print(table)
