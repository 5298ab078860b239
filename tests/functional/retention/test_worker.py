"""The worker: every job runs for every tenant, one that fails stops no other, and what is past is removed."""

import asyncio
import json
import os
import socket
import subprocess
import sysconfig
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.audit.tree_store import TreeStore
from app.identity.tables import sessions
from app.storage.engine import Database
from app.vault.past_store import Past
from app.vault.tables import field_values, spent_budgets, tokens
from app.web.metrics import Metrics
from app.worker import work
from app.worker.schedule import Job, NotDone, schedule
from app.worker.work import run_once, working
from tests.support.clocks import SetClock
from tests.support.erasing import erasing_settings, erasing_vault
from tests.support.people import done, forms, stored_buyer, stored_delivery
from tests.support.vaults import (
    TENANT,
    PostgresStore,
    SqliteStore,
    Store,
    Vault,
    copied_keyring,
    running_vault,
)

KIN = Path(sysconfig.get_path("scripts")) / "kin"
PATIENCE = 60.0


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def vault(store: Store, tmp_path: Path, clock: SetClock) -> AsyncIterator[Vault]:
    """A vault that can erase, with a clock to set, on each database in turn."""
    async with erasing_vault(store, tmp_path, clock) as running:
        yield running


async def count(vault: Vault, table) -> int:
    return int((await vault.parts.database.read(TENANT, select(func.count()).select_from(table)))[0][0])


def samples(metrics: Metrics, name: str) -> dict[str, float]:
    """Job → value of a metric."""
    families = metrics.registry.collect()
    return {s.labels["job"]: s.value for family in families for s in family.samples if s.name == name}


async def test_every_job_of_the_schedule_does_its_work(vault: Vault, clock: SetClock) -> None:
    await stored_delivery(vault, purposes=("delivery",))
    await done(vault, "checkout", "POST", "/v1/bindings/close", {"purpose": "delivery", "ref": "order-1001"})
    for _ in range(103):  # a worker that goes on from day to day
        clock.forward(hours=23)
        assert (await vault.parts.retention.sweeper.run(TENANT)).trouble is None
    metrics = Metrics()
    for job in schedule(vault.parts):
        await run_once(vault.parts, metrics, job)
    assert set(samples(metrics, "kin_job_last_success_timestamp_seconds")) == {
        "enter-erasures",
        "sweep",
        "purge-answers",
        "purge-sessions",
        "purge-budgets",
        "purge-tokens",
    }
    assert samples(metrics, "kin_job_failures_total") == {}
    assert await count(vault, field_values) == 0


async def test_a_clock_that_jumped_stops_what_removes_and_nothing_else(vault: Vault, clock: SetClock) -> None:
    clock.forward(days=3650)
    metrics = Metrics()
    for job in schedule(vault.parts):
        await run_once(vault.parts, metrics, job)
    assert set(samples(metrics, "kin_job_last_success_timestamp_seconds")) == {"enter-erasures"}
    assert min(samples(metrics, "kin_job_failures_total").values()) == 1
    ready = await vault.client(None).get("/readyz")
    assert (ready.status_code, ready.json()["sweep"]) == (200, "stopped")


async def test_one_job_that_fails_stops_no_other(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    ran, enough = {"good": 0, "bad": 0}, asyncio.Event()

    def count_one(job: str) -> int:
        ran[job] += 1
        if min(ran.values()) >= 4:
            enough.set()
        return ran[job]

    async def good(_: str) -> int:
        return count_one("good")

    async def bad(_: str) -> int:
        raise NotDone("clock-ahead") if count_one("bad") % 2 else RuntimeError("a defect")

    often = timedelta(milliseconds=1)
    jobs = (Job("bad", often, bad), Job("good", often, good))
    monkeypatch.setattr(work, "schedule", lambda _: jobs)
    metrics = Metrics()
    async with working(vault.parts, metrics, first=0.0):
        await asyncio.wait_for(enough.wait(), PATIENCE)
    assert set(samples(metrics, "kin_job_last_success_timestamp_seconds")) == {"good"}
    assert samples(metrics, "kin_job_failures_total")["bad"] >= 4


async def test_what_is_past_is_removed_a_day_later(vault: Vault, clock: SetClock) -> None:
    stored = await stored_delivery(vault)
    assert (await forms(vault, "shipping", stored["id"], "delivery"))["address"] == "token"
    await done(vault, "privacy-officer", "POST", f"/v1/subjects/{stored['subject']}/sessions", {})
    purger = vault.parts.retention.purger
    for past in Past:
        assert await purger.purge(TENANT, past) == 0
    clock.forward(hours=25)
    assert await purger.purge(TENANT, Past.SESSIONS) == 1
    assert await count(vault, sessions) == 0
    clock.forward(days=6)
    assert await purger.purge(TENANT, Past.TOKENS) == 0
    clock.forward(days=1)
    assert await purger.purge(TENANT, Past.TOKENS) == 1
    assert await count(vault, tokens) == 0
    assert (await forms(vault, "shipping", stored["id"], "delivery"))["address"] == "token"


async def test_budgets_of_hours_gone_by_are_removed(store: Store, tmp_path: Path, clock: SetClock) -> None:
    async with running_vault(store, tmp_path, clock, people_per_hour=10) as vault:
        stored = await stored_buyer(vault)
        await forms(vault, "checkout", stored["id"], "order")
        assert await count(vault, spent_budgets) == 1
        clock.forward(hours=20)
        assert await vault.parts.retention.purger.purge(TENANT, Past.BUDGETS) == 0
        clock.forward(hours=10)
        assert await vault.parts.retention.purger.purge(TENANT, Past.BUDGETS) == 1


def environment(url: str, keyring: Path, directory: Path) -> dict[str, str]:
    given = {"mode": "development", "database_url": url, "keyring": keyring, **erasing_settings(directory)}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KIN_")}
    return clean | {f"KIN_{name.upper()}": str(value) for name, value in given.items()}


async def test_it_runs_as_a_process_of_its_own_and_sequences_the_log(
    postgres_store: PostgresStore, tmp_path: Path
) -> None:
    (tmp_path / "worker").mkdir()
    with postgres_store.copy(tmp_path) as url:
        given = environment(url, copied_keyring(postgres_store, tmp_path), tmp_path / "worker")
        with (tmp_path / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(KIN, "worker", env=given, stdout=log, stderr=log)
        database = Database(url)
        try:
            signed, until = None, time.monotonic() + PATIENCE
            while signed is None and process.returncode is None and time.monotonic() < until:
                await asyncio.sleep(0.1)
                signed = await TreeStore(database).latest(TENANT)
        finally:
            process.terminate()
            ended = await asyncio.wait_for(process.wait(), PATIENCE)
            await database.close()
    said = (tmp_path / "log").read_text()
    assert signed is not None, said
    assert ended == 0, said
    assert [line for line in map(json.loads, said.splitlines()) if line["level"] == "error"] == []


def test_an_sqlite_database_has_no_other_worker_than_its_server(
    sqlite_store: SqliteStore, tmp_path: Path
) -> None:
    (tmp_path / "worker").mkdir()
    with sqlite_store.copy(tmp_path) as url:
        given = environment(url, copied_keyring(sqlite_store, tmp_path), tmp_path / "worker")
        ended = subprocess.run([KIN, "worker"], env=given, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "SQLite" in ended.stderr


def test_a_port_that_is_taken_is_said_in_words(postgres_store: PostgresStore, tmp_path: Path) -> None:
    (tmp_path / "worker").mkdir()
    with postgres_store.copy(tmp_path) as url, socket.create_server(("127.0.0.1", 0)) as taken:
        given = environment(url, copied_keyring(postgres_store, tmp_path), tmp_path / "worker")
        port = str(taken.getsockname()[1])
        command = [str(KIN), "worker", "--metrics-port", port]
        ended = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr
