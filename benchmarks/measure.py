"""Measures the served work in turns (A B C, A B C, …), so that what drifts on a shared machine drifts for all of it.

A repetition asks every piece of work once at every number of clients. Throughput and latencies are medians over the
repetitions; a ratio is the median of the ratios within each repetition.
"""

import asyncio
import gc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from rich.progress import Progress

from benchmarks.load import Load, load
from benchmarks.served import Served
from benchmarks.wrk import installed, load_by_wrk

YARDSTICK: Final = "empty route"
BATCH_CLIENTS: Final = 4
"""So many send batches at once, beside one alone: enough that the server works while another's rows are written."""
_WARMING_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of request: where it goes, its bytes, and the status it must be answered with.

    A request does `units` of something; one of many is measured with the fewest clients and with `BATCH_CLIENTS`. `database`
    tells the processor time of a database beside the server.
    """

    name: str
    served: Served
    requests: Iterator[bytes]
    status: int
    units: int = 1
    unit: str = "requests"
    database: Callable[[], float] | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One piece of work at one number of clients in one repetition.

    Latencies in milliseconds; `cpu` is the server's processor time an answer, in microseconds, `database_cpu` that of
    PostgreSQL.
    """

    work: str
    clients: int
    repetition: int
    answers: int
    rate: float
    p50: float
    p99: float
    cpu: float
    database_cpu: float | None
    units: int
    unit: str


@dataclass(frozen=True, slots=True)
class Figure:
    """The medians of one piece of work at one number of clients; ratios to the yardstick at as many clients."""

    work: str
    clients: int
    rate: float
    p50: float
    p99: float
    cpu: float
    database_cpu: float | None
    ratio: float
    p99_ratio: float
    units: int
    unit: str


def measure(works: Sequence[Work], clients: Sequence[int], repetitions: int, seconds: float) -> list[Sample]:
    """All samples; shows how far it is."""
    samples = []
    turns = [
        (number, work)
        for number in sorted({*clients, BATCH_CLIENTS} if any(work.units > 1 for work in works) else clients)
        for work in works
        if _is_asked(work, number, clients)
    ]
    with Progress(transient=True) as progress:
        task = progress.add_task("measuring", total=repetitions * len(turns))
        for repetition in range(repetitions):
            for number, work in turns:
                progress.update(task, description=f"{work.name}, {number} clients")
                samples.append(_sample(work, number, repetition, seconds))
                progress.advance(task)
    return samples


def _is_asked(work: Work, number: int, clients: Sequence[int]) -> bool:
    if work.units > 1:
        return number in {min(clients), BATCH_CLIENTS}
    return number in clients or work.name == YARDSTICK


def figures(samples: Sequence[Sample]) -> list[Figure]:
    """The medians, in the order in which the work was measured."""
    keys = dict.fromkeys((sample.work, sample.clients) for sample in samples)
    return [_figure(samples, work, clients) for work, clients in keys]


def _figure(samples: Sequence[Sample], work: str, clients: int) -> Figure:
    mine = [s for s in samples if (s.work, s.clients) == (work, clients)]
    empty = {s.repetition: s for s in samples if (s.work, s.clients) == (YARDSTICK, clients)}

    def middle(of: Callable[[Sample], float]) -> float:
        return median(of(sample) for sample in mine)

    return Figure(
        work,
        clients,
        rate=middle(lambda s: s.rate),
        p50=middle(lambda s: s.p50),
        p99=middle(lambda s: s.p99),
        cpu=middle(lambda s: s.cpu),
        database_cpu=None if mine[0].database_cpu is None else middle(lambda s: s.database_cpu or 0.0),
        ratio=middle(lambda s: s.rate / empty[s.repetition].rate),
        p99_ratio=middle(lambda s: s.p99 / empty[s.repetition].p99),
        units=mine[0].units,
        unit=mine[0].unit,
    )


def _sample(work: Work, clients: int, repetition: int, seconds: float) -> Sample:
    # The client collects its own rubbish between samples, not during one.
    gc.collect()
    gc.disable()
    try:
        _asked(work, clients, _WARMING_SECONDS)
        before = work.served.seconds_used(), work.database() if work.database else 0.0
        done = _asked(work, clients, seconds)
        after = work.served.seconds_used(), work.database() if work.database else 0.0
    finally:
        gc.enable()
    if not done.answers:
        raise SystemExit(f"{work.name}: nothing was asked")
    return Sample(
        work.name,
        clients,
        repetition,
        done.answers,
        done.rate,
        p50=done.percentile(0.5) * 1000,
        p99=done.percentile(0.99) * 1000,
        cpu=(after[0] - before[0]) / done.answers * 1e6,
        database_cpu=(after[1] - before[1]) / done.answers * 1e6 if work.database else None,
        units=work.units,
        unit=work.unit,
    )


def _asked(work: Work, clients: int, seconds: float) -> Load:
    port = work.served.port
    if installed() and work.units == 1:  # beside a request of many things the client's own cost is nothing
        return load_by_wrk(port, work.requests, clients=clients, seconds=seconds)
    return asyncio.run(load(port, work.requests, clients=clients, seconds=seconds, status=work.status))
