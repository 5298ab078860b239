"""Publishing to a witness, a process of its own: it cosigns what continues, refuses what does not, and gets what it missed."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.audit.note import VerifierKey
from app.audit.publish import NotPublished, Publishing, Witness
from app.audit.verify import Code, Trust, verify_proof
from tests.support.logs import Log, invented, running_log
from tests.support.servers import free_port
from tests.support.vaults import TENANT, Store
from tests.support.witness import vkey

SEED = "5a" * 32
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def log(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Log]:
    async with running_log(sqlite_store, tmp_path) as running:
        yield running


@contextmanager
def witness_process(log: Log, port: int) -> Iterator[str]:
    """A running witness that knows the log's key; its URL."""
    command = [sys.executable, "-m", "tests.support.witness", str(port)]
    command += [str(log.directory / "witness"), str(log.key), SEED]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ)
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def publishing(log: Log, url: str, client: httpx.AsyncClient, seed: str = SEED) -> tuple[Witness, Publishing]:
    witness = Witness(url, VerifierKey.parse(vkey(seed)), log.tree, log.prover.consistency, client)

    async def key(_: str) -> VerifierKey:
        return log.key

    return witness, Publishing([witness], key)


async def test_it_cosigns_what_continues_and_the_proof_carries_it(log: Log) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        with witness_process(log, free_port()) as url:
            _, places = publishing(log, url, client)
            for _ in range(3):
                (event,) = await log.append(invented(1))
                await log.append(invented(40))
                await log.sequence()
                assert await places.publish(TENANT) == []
                assert places.behind == []
    proof = await log.prover.proof_file(TENANT, event)
    good = Trust(log.key, [VerifierKey.parse(vkey(SEED))], [await log.checkpoint()])
    report = verify_proof(str(proof), good)
    assert report.fine, report
    assert report.unknown == []
    other = Trust(log.key, [VerifierKey.parse(vkey("5b" * 32))])
    assert [one.code for one in verify_proof(str(proof), other).findings] == [Code.NOT_WITNESSED]


async def test_one_that_is_away_is_warned_of_once_and_catches_up(log: Log) -> None:
    port = free_port()
    async with httpx.AsyncClient(trust_env=False) as client:
        _, places = publishing(log, f"http://127.0.0.1:{port}", client)
        await log.append(invented(10))
        await log.sequence()
        assert len(await places.publish(TENANT)) == 1
        assert await places.publish(TENANT) == []
        assert places.behind == ["witness"]
        await log.append(invented(10))
        await log.sequence()
        with witness_process(log, port):
            assert await places.publish(TENANT) == []
    assert places.behind == []
    newest = await log.tree.latest(TENANT)
    assert newest is not None
    assert newest.cosignatures


async def test_it_is_told_apart_from_one_with_another_key(log: Log) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        with witness_process(log, free_port()) as url:
            witness, _ = publishing(log, url, client, seed="5b" * 32)
            await log.sequence()
            with pytest.raises(NotPublished, match="not under its key"):
                await witness.publish(TENANT, log.key)


async def test_it_goes_on_from_the_size_that_the_witness_names(log: Log) -> None:
    """The vault's database has forgotten the cosignature; the witness has not."""
    async with httpx.AsyncClient(trust_env=False) as client:
        with witness_process(log, free_port()) as url:
            witness, _ = publishing(log, url, client)
            await log.append(invented(10))
            await log.sequence()
            await witness.publish(TENANT, log.key)
            await log.sql("UPDATE audit_checkpoints SET cosignatures = ''")
            await log.append(invented(10))
            await log.sequence()
            await witness.publish(TENANT, log.key)
    newest = await log.tree.latest(TENANT)
    assert newest is not None
    assert newest.cosignatures


async def test_a_log_that_was_cut_short_is_not_cosigned(log: Log) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        with witness_process(log, free_port()) as url:
            witness, _ = publishing(log, url, client)
            await log.append(invented(10))
            await log.sequence()
            before = await log.checkpoint()
            await log.append(invented(10))
            await log.sequence()
            await witness.publish(TENANT, log.key)
            await log.sql("DELETE FROM audit_checkpoints WHERE size > :size", size=before.size)
            with pytest.raises(NotPublished, match="longer log"):
                await witness.publish(TENANT, log.key)
