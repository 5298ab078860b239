"""F-08: the sequencer is killed again and again under load: the acknowledged is in the tree, all checkpoints agree (I1, I4)."""

import asyncio
import contextlib
import random
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from app.audit.checkpoint import checkpoints_in, open_checkpoint
from app.audit.tree import RootHasher, leaf_hash
from tests.support.logs import Clockwork, Log, running_log
from tests.support.vaults import TENANT, Store

ROOT = Path(__file__).parents[2]


def start(log: Log, output: Path) -> "subprocess.Popen[bytes]":
    """A process that appends, sequences and publishes; what it says goes to a file, so that nothing is lost with it."""
    command = [sys.executable, "-m", "tests.support.log_process", log.url]
    command += [str(log.directory / "audit-signing.pem"), str(log.directory / "checkpoints")]
    with output.open("ab") as out:
        return subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)


async def killed_again_and_again(log: Log, rounds: int, beside: int) -> None:
    """`beside` processes at once; each round the oldest is killed at a moment of chance, and another takes its place."""
    dice = random.Random(rounds)
    output = log.directory / "acknowledged"
    running = [start(log, output) for _ in range(beside)]
    try:
        for _ in range(rounds):
            said = output.stat().st_size
            while output.stat().st_size < said + 3_300:  # a hundred acknowledged events
                assert all(process.poll() is None for process in running), output.read_text()[-2000:]
                await asyncio.sleep(0.02)
            await asyncio.sleep(dice.random() * 0.7)
            victim = running.pop(0)
            victim.kill()
            victim.wait()
            running.append(start(log, output))
    finally:
        for process in running:
            process.kill()
            process.wait()


async def assert_all_is_well(log: Log, rounds: int) -> None:
    await log.sequence(log.sequencer(Clockwork(datetime(2040, 1, 1, tzinfo=UTC)), batch=512))
    leaves = await log.tree.leaves(TENANT, 0, 10**9)
    assert [leaf.index for leaf in leaves] == list(range(len(leaves)))
    lines = (log.directory / "acknowledged").read_text().splitlines()
    acknowledged = set()
    for line in lines:
        with contextlib.suppress(ValueError):  # a line that a kill has cut
            acknowledged.add(UUID(line))
    assert len(acknowledged) > 50 * rounds
    assert acknowledged <= {leaf.id for leaf in leaves}
    hasher, roots = RootHasher(), {}
    for leaf in leaves:
        hasher.add(leaf_hash(leaf.body))
        roots[hasher.size] = hasher.root()
    stored = [
        open_checkpoint(str(one), log.key)[0] for one in await log.tree.checkpoints_after(TENANT, 0, 10**6)
    ]
    published = list(checkpoints_in((log.directory / "checkpoints").read_text(), log.key))
    assert len(stored) > rounds // 2
    assert all(roots[one.size] == one.root for one in [*stored, *published])
    assert sorted({one.size for one in published}) == [one.size for one in stored]


ROUNDS = pytest.mark.parametrize("rounds", [5, pytest.param(20, marks=pytest.mark.long)])


@ROUNDS
@pytest.mark.timeout(600)
async def test_killed_again_and_again_on_sqlite(rounds: int, sqlite_store: Store, tmp_path: Path) -> None:
    async with running_log(sqlite_store, tmp_path) as log:
        await killed_again_and_again(log, rounds, beside=1)
        await assert_all_is_well(log, rounds)


@ROUNDS
@pytest.mark.timeout(600)
async def test_killed_again_and_again_beside_another_on_postgresql(
    rounds: int, postgres_store: Store, tmp_path: Path
) -> None:
    async with running_log(postgres_store, tmp_path) as log:
        await killed_again_and_again(log, rounds, beside=2)
        await assert_all_is_well(log, rounds)
