"""`python -m benchmarks`: measures, prints, keeps the raw results, and renews the documentation's figures when asked."""

import argparse
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from benchmarks import growth, memory, picture, report, sequenced
from benchmarks.alone import group_commit, pure_parts
from benchmarks.asked import reads
from benchmarks.machine import describe
from benchmarks.measure import YARDSTICK, Work, figures, measure
from benchmarks.served import database_seconds, served
from benchmarks.vaults import served_vault
from benchmarks.works import works_of
from tests.support.postgres import PostgresServer, postgres_server

_ROOT: Final = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class _Size:
    """How much is measured."""

    records: int
    repetitions: int
    seconds: float
    clients: Sequence[int]
    times: int


_WHOLE: Final = _Size(records=5000, repetitions=3, seconds=3.0, clients=(1, 8, 32), times=20_000)
_QUICK: Final = _Size(records=100, repetitions=1, seconds=0.5, clients=(8,), times=500)
_WAITING: Final = (1, 16, 64)


def main() -> None:
    """What was asked for; without a program everything, in the order: parts alone, then the served work in turns."""
    asked = _arguments()
    if asked.program == "growth":
        growth.run(asked.to, _ROOT / "bench-results")
    elif asked.program == "memory":
        memory.run(asked.minutes, _ROOT / "bench-results")
    elif asked.program == "sequenced":
        sequenced.run(_ROOT / "bench-results")
    else:
        _measured(asked)


def _measured(asked: argparse.Namespace) -> None:
    size = _QUICK if asked.quick else _WHOLE
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kin-bench-")))
        server = stack.enter_context(postgres_server(durable=True))
        machine = describe(server)
        micro = pure_parts(size.times)
        commits = _commits(server, directory, size.seconds)
        samples = measure(
            _works(stack, server, directory, size), size.clients, size.repetitions, size.seconds
        )
    found = figures(samples)
    report.show(machine, found, micro, commits)
    print(report.keep(_ROOT / "bench-results", machine, found, samples, micro, commits).relative_to(_ROOT))
    if asked.picture:
        picture.draw(found, _ROOT / "docs" / "performance.svg")
        report.document(_ROOT / "docs" / "performance.md", machine, found, micro, commits)


def _works(stack: ExitStack, server: PostgresServer, directory: Path, size: _Size) -> list[Work]:
    server.create("served")
    empty = stack.enter_context(served("benchmarks.empty_route:app", directory / "empty.log", {}))
    settling = {
        # What autovacuum does in time on any server: without statistics a plan is a guess.
        "PostgreSQL": lambda: server.sql("VACUUM ANALYZE", "served"),
        "SQLite": lambda: "",
    }
    urls = {"PostgreSQL": server.url("served"), "SQLite": f"sqlite:///{directory / 'kin.db'}"}
    vaults = {
        database: stack.enter_context(
            served_vault(url, directory / database, size.records, settling[database])
        )
        for database, url in urls.items()
    }
    yardstick = reads(vaults["PostgreSQL"].prepared.callers["privacy-officer"], ["rec_1"])
    works = [Work(YARDSTICK, empty, yardstick, 200)]
    works += works_of(vaults["PostgreSQL"], "PostgreSQL", lambda: database_seconds(server))
    return works + works_of(vaults["SQLite"], "SQLite")


def _commits(server: PostgresServer, directory: Path, seconds: float) -> dict[str, float]:
    server.create("commits")
    urls = {"PostgreSQL": server.url("commits"), "SQLite": f"sqlite:///{directory / 'commits.db'}"}
    return {
        f"{database}, {waiting} waiting": rate
        for database, url in urls.items()
        for waiting, rate in group_commit(url, directory / f"commits-{database}", _WAITING, seconds).items()
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "program",
        nargs="?",
        choices=("growth", "memory", "sequenced"),
        help="instead: a read's cost while the vault fills, a worker's memory under load, or what sequencing the log costs",
    )
    parser.add_argument("--to", type=int, default=1_000_000, help="growth: how many records in the end")
    parser.add_argument("--minutes", type=float, default=10.0, help="memory: how long the load lasts")
    parser.add_argument("--quick", action="store_true", help="little of everything, to see that it runs")
    parser.add_argument(
        "--picture",
        action="store_true",
        help="draw docs/performance.svg and renew the figures of docs/performance.md",
    )
    return parser.parse_args()


if __name__ == "__main__":
    uvloop.install()
    main()
