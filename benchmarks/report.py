"""How the results are shown: tables for people, also in the documentation, and a file of raw results for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Figure, Sample

_BEGIN: Final = "<!-- figures: `python -m benchmarks --picture` writes what stands from here -->"
_END: Final = "<!-- to here -->"
Alone = Mapping[str, float]
"""Name → value, for parts measured alone: µs, or events a second."""


def show(machine: Mapping[str, str], figures: Sequence[Figure], micro: Alone, commits: Alone) -> None:
    """Prints everything."""
    console = Console(width=140)
    console.print(" · ".join(f"{name} {value}" for name, value in machine.items()), style="dim")
    console.print(_served(figures))
    console.print(_alone("alone", "µs", micro, 2))
    console.print(_alone("audit log, group commit", "events/s", commits, 0))


def keep(
    directory: Path,
    machine: Mapping[str, str],
    figures: Sequence[Figure],
    samples: Sequence[Sample],
    micro: Alone,
    commits: Alone,
) -> Path:
    """Writes the raw results as JSON; returns the file."""
    directory.mkdir(exist_ok=True)
    file = directory / "results.json"
    results = {
        "machine": dict(machine),
        "figures": [asdict(figure) for figure in figures],
        "samples": [asdict(sample) for sample in samples],
        "microseconds": dict(micro),
        "events_per_second": dict(commits),
    }
    file.write_text(json.dumps(results, indent=1) + "\n")
    return file


def document(
    file: Path, machine: Mapping[str, str], figures: Sequence[Figure], micro: Alone, commits: Alone
) -> None:
    """Renews the figures that stand between the two marks in a Markdown file."""
    before, _, rest = file.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    lines = [
        "Measured on: " + "; ".join(f"{name} {value}" for name, value in machine.items()) + ".",
        "",
        *_markdown(_served(figures)),
        "",
        *_markdown(_alone("alone", "µs", micro, 2)),
        "",
        *_markdown(_alone("audit log, group commit", "events/s", commits, 0)),
    ]
    file.write_text(before + _BEGIN + "\n" + "\n".join(lines) + "\n" + _END + after)


def _markdown(table: Table) -> list[str]:
    cells = [[str(column.header), *(str(cell) for cell in column.cells)] for column in table.columns]
    rows = [f"| {' | '.join(row)} |" for row in zip(*cells, strict=True)]
    return [rows[0], "|---|" + "---:|" * (len(cells) - 1), *rows[1:]]


def _served(figures: Sequence[Figure]) -> Table:
    table = Table(
        "work",
        "clients",
        "requests/s",
        "× empty",
        "p50 ms",
        "p99 ms",
        "p99 × empty",
        "CPU µs",
        "PostgreSQL µs",
        "units/s",
        "units/s a core",
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for i, f in enumerate(figures):
        numbers = (
            f"{f.rate:,.0f}",
            f"{f.ratio:.2f}",
            f"{f.p50:.1f}",
            f"{f.p99:.1f}",
            f"{f.p99_ratio:.1f}",
            f"{f.cpu:,.0f}",
            "" if f.database_cpu is None else f"{f.database_cpu:,.0f}",
            *(["", ""] if f.units == 1 else _in_units(f)),
        )
        last = i + 1 == len(figures) or figures[i + 1].clients != f.clients
        table.add_row(f.work, str(f.clients), *numbers, end_section=last)
    return table


def _in_units(figure: Figure) -> list[str]:
    """How many of what a request is made of, by the clock, and in a second of the server's processor time."""
    of_a_core = figure.units / figure.cpu * 1e6
    return [f"{figure.rate * figure.units:,.0f} {figure.unit}", f"{of_a_core:,.0f}"]


def _alone(title: str, unit: str, values: Alone, places: int) -> Table:
    table = Table(title, unit)
    table.columns[1].justify = "right"
    for name, value in values.items():
        table.add_row(name, f"{value:,.{places}f}")
    return table
