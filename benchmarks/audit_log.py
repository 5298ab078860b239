"""The audit log at size: `python -m benchmarks.audit_log [--events N] [--sqlite] [--quick]`.

Fills a log, then measures what compliance does with it: questions by subject, time, caller and facet, a proof, sequencing,
export, offline verification; and what the sequencer costs those who append.
"""

import argparse
import asyncio
import gc
import hashlib
import io
import multiprocessing
import random
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event as EventOfProcesses
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

import uvloop
from rich.console import Console
from rich.progress import Progress, track
from rich.table import Table

from app.audit.event import Action, Event, FieldTrace, NoticeRef, Outcome
from app.audit.export import LogExporter
from app.audit.export_format import Ndjson
from app.audit.facet_store import FacetStore
from app.audit.keep import LogKeeper
from app.audit.log import AuditLog, Receipt
from app.audit.prove import LogProver
from app.audit.publish import Publishing
from app.audit.query import AuditQuery, Filter
from app.audit.sequence import Sequencer
from app.audit.signing_key import SigningKey, create_signing_key, load_signing_key
from app.audit.store import AuditStore
from app.audit.tree_store import TreeStore
from app.audit.verify import Trust, verify_export
from app.kernel.clock import SystemClock
from app.kernel.ids import new_uuid
from app.storage.engine import Database
from app.wiring.migrate import migrate
from tests.support.postgres import postgres_server

TENANT: Final = "shop"
_COMMIT: Final = 1000
_CALL: Final = 10
_REPEATS: Final = 200
Elsewhere = Callable[[], AbstractContextManager[None]]
_FIELDS: Final = ("recipient", "phone", "address", "note", "email", "full_name")


class Bench:
    """A log being measured."""

    def __init__(self, database: Database, signing: SigningKey, events: int) -> None:
        self.database = database
        self.signing = signing
        self.events = events
        self.store = AuditStore(database)
        self.tree = TreeStore(database)
        self.query = AuditQuery(self.store, FacetStore(database))
        self.dice = random.Random(1)
        self.began = datetime.now(UTC) - timedelta(
            seconds=events / 100
        )  # a hundred events a second, until now
        self.figures: list[tuple[str, str, str]] = []

    def sequencer(self) -> Sequencer:
        """One that signs, and publishes nowhere."""
        nowhere = Publishing([], None)
        return Sequencer(self.database, self.tree, SystemClock(), self.signing.signer, nowhere.known)

    def keeper(self) -> LogKeeper:
        """What a serving process runs beside its requests."""

        async def tenants() -> list[str]:
            return [TENANT]

        return LogKeeper(self.sequencer(), Publishing([], None), tenants)

    def call(self, at: datetime) -> list[Event]:
        """What one call leaves behind that reads ten records at that time."""
        first = self.event(at)
        return [first, *(self._another(first) for _ in range(_CALL - 1))]

    def _another(self, event: Event) -> Event:
        people, records = max(1, self.events // 20), max(1, self.events // 10)
        return event._replace(
            id=self._id(event.at),
            subject=self.subject(self.dice.randrange(people)),
            record=self.subject(self.dice.randrange(records)),
        )

    @staticmethod
    def _id(at: datetime) -> UUID:
        fresh = new_uuid().int & (1 << 80) - 1
        return UUID(int=int(at.timestamp() * 1000) << 80 | fresh)

    def event(self, at: datetime) -> Event:
        """A disclosure of four fields at that time."""
        form = self.dice.choice(("plain", "masked", "token", "withheld"))
        return Event(
            id=self._id(at),
            at=at,
            tenant=TENANT,
            action=Action.RECORD_DISCLOSE,
            outcome=Outcome.PARTIAL,
            caller=UUID(int=self.dice.randrange(30) + 1),
            roles=("shipping",) if self.dice.random() < 0.999 else ("legal",),
            purpose="delivery",
            case=f"CASE-{self.dice.randrange(10**6)}" if self.dice.random() < 0.001 else None,
            subject=self.subject(self.dice.randrange(max(1, self.events // 20))),
            record=self.subject(self.dice.randrange(max(1, self.events // 10))),
            collection="delivery",
            notice=NoticeRef("shop", 1, "sha256:" + "9" * 64),
            fields={
                name: FieldTrace(form, "granted", "third-parties") for name in self.dice.sample(_FIELDS, 4)
            },
            inputs={"binding": "open", "case": False, "channel": "direct", "restricted": False},
        )

    @staticmethod
    def subject(number: int) -> str:
        """The handle of an invented person."""
        return hashlib.sha256(str(number).encode()).hexdigest()[:32]

    def note(self, what: str, figure: str, goal: str) -> None:
        """Keeps a figure for the table."""
        self.figures.append((what, figure, goal))


async def fill(bench: Bench) -> None:
    """All events, ten a call and a thousand a commit; one commit is under way while the next is made."""
    log, began = AuditLog(bench.store, lambda _: None), time.perf_counter()
    last: asyncio.Task[list[Receipt]] | None = None
    for start in track(
        range(0, bench.events, _COMMIT), description="appending", console=Console(stderr=True)
    ):
        at = [bench.began + timedelta(milliseconds=10 * n) for n in range(start, start + _COMMIT, _CALL)]
        made = [event for moment in at for event in bench.call(moment)]
        if last:
            await last
        last = asyncio.create_task(log.append_all(TENANT, made))
        await asyncio.sleep(0)
    if last:
        await last
    bench.note("fill, a thousand a commit", rate(bench.events, began), "")


async def sequence(bench: Bench) -> None:
    """Everything, how many a second, and what of the processor this process spent on each."""
    sequencer, done, began, busy = bench.sequencer(), 0, time.perf_counter(), time.process_time()
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("sequencing", total=bench.events)
        while (step := await sequencer.step(TENANT)).events or step.signed:
            done += step.events
            bar.update(task, completed=done)
    bench.note("sequencing", rate(done, began), "")
    spent = (time.process_time() - busy) / max(1, done)
    bench.note("sequencing, processor time in Python", f"{spent * 1e6:.1f} µs an event", "")
    await sequencer.let_go()


def rate(done: int, began: float) -> str:
    """Events a second since `began`."""
    return f"{done / (time.perf_counter() - began):,.0f} events/s"


async def ask(bench: Bench) -> None:
    """Each question many times, with other values each time."""
    late = bench.began + timedelta(seconds=bench.events / 100)

    def moment() -> datetime:
        return bench.began + (late - bench.began) * bench.dice.random()

    def hour() -> Filter:
        since = moment()
        return Filter(since=since, until=since + timedelta(hours=1))

    questions: dict[str, Callable[[], Filter]] = {
        "by subject": lambda: Filter(subject=bench.subject(bench.dice.randrange(bench.events // 20))),
        "by record": lambda: Filter(record=bench.subject(bench.dice.randrange(bench.events // 10))),
        "by time": hour,
        "by caller": lambda: Filter(caller=UUID(int=bench.dice.randrange(30) + 1)),
        "by caller and time": lambda: replace(hour(), caller=UUID(int=bench.dice.randrange(30) + 1)),
        "by a rare role": lambda: Filter(role="legal"),
        "by a rare role and time": lambda: replace(hour(), role="legal"),
        "by field and form": lambda: Filter(field="phone", form="plain"),
        "by case": lambda: Filter(case=f"CASE-{bench.dice.randrange(10**6)}"),
        "by a rare role and a common field": lambda: Filter(role="legal", field="phone", outcome="partial"),
        "by role, field and form": lambda: Filter(role="shipping", field="note", form="token"),
        "by an absent purpose": lambda: Filter(purpose="authority-request"),
    }
    for name, wanted in questions.items():

        async def page(wanted: Callable[[], Filter] = wanted) -> None:
            await bench.query.page(TENANT, wanted(), limit=100)

        bench.note(f"page of 100 {name}", await p95(page), "p95 ≤ 50 ms")


async def prove(bench: Bench) -> None:
    """Proofs of events at random places."""
    prover, newest = LogProver(bench.tree), await bench.tree.latest(TENANT)
    assert newest is not None

    async def one() -> None:
        (leaf,) = await bench.tree.leaves(TENANT, n := bench.dice.randrange(newest.size), n + 1)
        assert await prover.proof_file(TENANT, leaf.id)

    bench.note("proof of an event", await p95(one), "≤ 20 ms")


async def export_and_verify(bench: Bench, directory: Path) -> None:
    """The whole log to a file, and the file verified."""
    path, began = directory / "export.ndjson", time.perf_counter()
    with path.open("wb") as file:
        async for piece in LogExporter(bench.tree).export(TENANT, Filter(), Ndjson()):
            file.write(piece)
    bench.note("export", rate(bench.events, began), "")
    began = time.perf_counter()
    with io.BufferedReader(path.open("rb", buffering=0), 1 << 20) as lines:
        report = verify_export(lines, Trust(bench.signing.signer(TENANT).key))
    seconds = time.perf_counter() - began
    if not report.fine:
        raise SystemExit(f"the export does not verify: {report.findings}")
    bench.note("offline verification", f"{report.events / seconds:,.0f} events/s", "≥ 50,000 events/s")


class Appended(NamedTuple):
    """Events a second, and seconds of this process's processor time for each."""

    rate: float
    spent: float


async def append_beside(bench: Bench, repeats: int, elsewhere: Elsewhere | None) -> None:
    """What the sequencer costs those who append as fast as they can: without it, with it in the same process, and with it in
    another, in turn, so that all meet the same noise; there and back again, since the log grows all the while."""
    alone: list[Appended] = []
    within: list[Appended] = []
    beside: list[Appended] = []
    for turn in track(range(repeats), description="appending with and without", console=Console(stderr=True)):
        ways = [alone, within, beside] if elsewhere else [alone, within]
        for runs in ways if turn % 2 == 0 else reversed(ways):
            with elsewhere() if elsewhere and runs is beside else nullcontext():
                if runs is beside:
                    await _at_work(bench)
                runs.append(await append_rate(bench, bench.keeper() if runs is within else None))
            await bench.keeper().catch_up()
    bench.note("append, without sequencer", _median(alone), "")
    bench.note("append, sequenced in the same process", _median(within), "")
    bench.note("the same, with / without", f"{_ratio(within, alone):.2f}", "≥ 0.9")
    if beside:
        bench.note("append, sequenced by a worker", _median(beside), "")
        bench.note("the same, with / without", f"{_ratio(beside, alone):.2f}", "≥ 0.9")
    cost = statistics.median(b.spent - a.spent for a, b in zip(alone, within, strict=True))
    bench.note("sequencing while appending, processor time in Python", f"{cost * 1e6:.1f} µs an event", "")


async def _at_work(bench: Bench) -> None:
    """Returns when a sequencer that has just been started has done some steps: its first compile and plan every statement."""
    for _ in range(3):
        await bench.store.insert_alone(TENANT, bench.call(datetime.now(UTC)))
        await asyncio.sleep(1)  # within which it is sequenced


def _ratio(runs: list[Appended], alone: list[Appended]) -> float:
    return statistics.median(one.rate / other.rate for one, other in zip(runs, alone, strict=True))


@contextmanager
def sequenced_elsewhere(url: str, key: Path, events: int) -> Iterator[None]:
    """Another process keeps the log sequenced for as long as the block runs, as `kin worker` does."""
    spawn = multiprocessing.get_context("spawn")
    ready = spawn.Event()
    process = spawn.Process(target=_keep, args=(url, key, events, ready), daemon=True)
    process.start()
    ready.wait(30)
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _keep(url: str, key: Path, events: int, ready: EventOfProcesses) -> None:
    uvloop.run(_kept(url, key, events, ready))


async def _kept(url: str, key: Path, events: int, ready: EventOfProcesses) -> None:
    def failed(error: Exception) -> None:
        raise error

    database = Database(url)
    await database.open()
    try:
        work = asyncio.create_task(
            Bench(database, load_signing_key(key, "bench.test"), events).keeper().run(failed)
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
        ready.set()
        await asyncio.gather(work, return_exceptions=True)
    finally:
        await database.close()


def _median(runs: list[Appended]) -> str:
    rate, spent = statistics.median(r.rate for r in runs), statistics.median(r.spent for r in runs)
    return f"{rate:,.0f} events/s, {spent * 1e6:.0f} µs each in Python"


async def append_rate(bench: Bench, keeper: LogKeeper | None) -> Appended:
    """How fast 32 callers append, each waiting for its own, while the keeper works, if there is one."""
    log, until, done = AuditLog(bench.store, lambda _: None), time.perf_counter() + 3, 0

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await log.append(bench.event(datetime.now(UTC)))
            done += 1

    def failed(error: Exception) -> None:
        raise error

    work = asyncio.create_task(keeper.run(failed)) if keeper else None
    began, busy = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller() for _ in range(32)))
    seconds, spent = time.perf_counter() - began, time.process_time() - busy
    if work:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    return Appended(done / seconds, spent / done)


async def p95(work: Callable[[], Awaitable[None]]) -> str:
    """The 95th percentile of many calls, after a few that warm up."""
    times = []
    for n in range(_REPEATS + 5):
        began = time.perf_counter()
        await work()
        if n >= 5:
            times.append(time.perf_counter() - began)
    return f"p95 {sorted(times)[int(len(times) * 0.95)] * 1000:.1f} ms"


@asynccontextmanager
async def opened(url: str, directory: Path, events: int) -> AsyncIterator[Bench]:
    """A fresh log on a database."""
    create_signing_key(directory / "key.pem")
    database = Database(url)
    await migrate(database)
    await database.open()
    try:
        yield Bench(database, load_signing_key(directory / "key.pem", "bench.test"), events)
    finally:
        await database.close()


@contextmanager
def database_url(directory: Path, sqlite: bool, buffers: str) -> Iterator[tuple[str, Callable[[], str]]]:
    """The URL of an empty database, and how it is given statistics, as autovacuum does in time."""
    if sqlite:
        yield f"sqlite:///{directory / 'kin.db'}", lambda: ""
        return
    # Without a checkpoint in the middle of one measurement and not of another.
    with postgres_server(durable=True, more=(f"shared_buffers={buffers}", "max_wal_size=8GB")) as server:
        server.create("bench")
        yield server.url("bench"), lambda: server.sql("VACUUM ANALYZE", "bench")


async def run(
    url: str, settle: Callable[[], str], directory: Path, events: int, repeats: int, *, sqlite: bool
) -> list[tuple[str, str, str]]:
    """All measurements, in their order; the figures."""
    async with opened(url, directory, events) as bench:
        gc.collect()  # as a serving process does (app/main.py)
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        await fill(bench)
        await sequence(bench)
        settle()
        await ask(bench)
        await prove(bench)
        await export_and_verify(bench, directory)
        key = directory / "key.pem"
        other = None if sqlite else lambda: sequenced_elsewhere(url, key, events)
        await append_beside(bench, repeats, other)
        return bench.figures


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--sqlite", action="store_true")
    parser.add_argument("--buffers", default="1GB", help="PostgreSQL's shared_buffers; as shipped 128MB")
    parser.add_argument("--quick", action="store_true", help="20,000 events, each way of appending once")
    given = parser.parse_args()
    events, repeats = (20_000, 1) if given.quick else (given.events, 16)
    with (
        tempfile.TemporaryDirectory() as directory,
        database_url(Path(directory), given.sqlite, given.buffers) as (url, settle),
    ):
        figures = uvloop.run(run(url, settle, Path(directory), events, repeats, sqlite=given.sqlite))
    table = Table("work", "figure", "goal", title=f"audit log of {events:,} events")
    for row in figures:
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
