"""`python -m benchmarks memory`: what one worker holds of the machine's memory while it is asked everything for a while.

All pieces of work take turns of a few seconds; after each the worker's resident memory is read. What grows with the number of
requests shows as a slope in the second half, when pools and caches have filled.
"""

import asyncio
import json
import tempfile
import time
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from statistics import linear_regression
from typing import Final

import matplotlib as mpl
from matplotlib import pyplot as plt
from rich.progress import Progress

from benchmarks.load import load
from benchmarks.machine import describe
from benchmarks.vaults import served_vault
from benchmarks.works import works_of
from tests.support.postgres import postgres_server

_RECORDS: Final = 1000
_CLIENTS: Final = 16
_TURN_SECONDS: Final = 3.0
_FEWEST: Final = 4


def run(minutes: float, results: Path) -> None:
    """Loads, prints maximum and slope, and keeps the curve as JSON and as a picture."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kin-bench-")))
        server = stack.enter_context(postgres_server(durable=True))
        machine = describe(server)
        server.create("memory")
        vault = stack.enter_context(
            served_vault(
                server.url("memory"), directory / "vault", _RECORDS, lambda: server.sql("ANALYZE", "memory")
            )
        )
        works = works_of(vault, "PostgreSQL")
        curve, answers = [(0.0, vault.served.memory())], 0
        started = time.monotonic()
        with Progress(transient=True) as progress:
            task = progress.add_task("loading", total=minutes)
            for work in cycle(works):
                clients = _CLIENTS if work.units == 1 else 2
                turn = load(
                    work.served.port,
                    work.requests,
                    clients=clients,
                    seconds=_TURN_SECONDS,
                    status=work.status,
                )
                answers += asyncio.run(turn).answers
                passed = (time.monotonic() - started) / 60
                curve.append((passed, vault.served.memory()))
                progress.update(task, completed=passed)
                if passed >= minutes:
                    break
    _tell(machine, curve, answers, results)


def _tell(machine: dict[str, str], curve: list[tuple[float, float]], answers: int, results: Path) -> None:
    half = curve[len(curve) // 2 :] if len(curve) >= _FEWEST else curve
    slope = linear_regression([at for at, _ in half], [held for _, held in half]).slope
    most = max(held for _, held in curve)
    print(
        f"{answers:,} answers in {curve[-1][0]:.1f} minutes: {curve[0][1]:.0f} MiB at first, {most:.0f} MiB at most, "
        f"{slope:+.2f} MiB a minute in the second half"
    )
    results.mkdir(exist_ok=True)
    told = {"machine": machine, "answers": answers, "slope": slope, "most": most, "curve": curve}
    (results / "memory.json").write_text(json.dumps(told, indent=1) + "\n")
    mpl.use("svg")
    drawing, axes = plt.subplots(figsize=(8, 3), layout="constrained")
    axes.plot(*zip(*curve, strict=True))
    axes.set_ylim(bottom=0)
    axes.set_xlabel("minutes")
    axes.set_ylabel("resident memory of a worker, MiB")
    axes.spines[["top", "right"]].set_visible(False)
    drawing.savefig(results / "memory.svg", metadata={"Date": None})
    plt.close(drawing)
