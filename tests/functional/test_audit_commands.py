"""`kin audit`: a stranger with the public key verifies what was handed over, without settings or database."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.audit.export import LogExporter
from app.audit.export_format import Ndjson
from app.audit.query import Filter
from tests.support.logs import Log, invented, running_log
from tests.support.vaults import TENANT, Store

ROOT = Path(__file__).parents[2]
PROGRAM = "from app.cli.audit import commands; commands()"


@pytest.fixture
async def log(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Log]:
    async with running_log(sqlite_store, tmp_path) as running:
        await running.append(invented(20))
        await running.sequence()
        yield running


def audit(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """The command in an environment without a single setting."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KIN_")}
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


async def exported(log: Log, path: Path) -> Path:
    pieces = [piece async for piece in LogExporter(log.tree).export(TENANT, Filter(), Ndjson())]
    return written(path, b"".join(pieces))


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


async def test_a_good_export_with_the_published_checkpoints(log: Log) -> None:
    path = await exported(log, log.directory / "export.ndjson")
    done = audit("verify", path, "--key", str(log.key), "--checkpoint", log.directory / "checkpoints")
    assert (done.returncode, done.stderr) == (0, "")
    assert "fine" in done.stdout
    assert "cut short" not in done.stdout


async def test_without_a_published_checkpoint_it_says_what_it_cannot_know(log: Log) -> None:
    path = await exported(log, log.directory / "export.ndjson")
    key_file = log.directory / "key"
    key_file.write_text(f"{log.key}\n")
    done = audit("verify", path, "--key", key_file, "--format", "json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["fine"]) == (0, True)
    assert any("cut short" in unknown for unknown in report["unknown"])


async def test_a_changed_event_is_named_by_its_leaf(log: Log) -> None:
    path = await exported(log, log.directory / "export.ndjson")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[4] = lines[4].replace(b'"tenant":"shop"', b'"tenant":"shot"')
    path.write_bytes(b"".join(lines))
    done = audit("verify", path, "--key", str(log.key))
    assert done.returncode == 1
    assert "changed at leaf 3" in done.stdout


async def test_a_proof_file(log: Log) -> None:
    (event,) = await log.append(invented(1))
    await log.sequence()
    path = log.directory / "event.tlog-proof"
    path.write_text(str(await log.prover.proof_file(TENANT, event)), encoding="utf-8")
    assert audit("verify", path, "--key", str(log.key)).returncode == 0


async def test_wrong_usage_is_2_and_never_a_traceback(log: Log) -> None:
    path = await exported(log, log.directory / "export.ndjson")
    empty = log.directory / "empty"
    empty.write_text("")
    for arguments in (
        ("verify",),
        ("verify", path),
        ("verify", path, "--key", "nonsense+1+2"),
        ("verify", path, "--key", log.directory / "absent"),
        ("verify", log.directory / "absent", "--key", str(log.key)),
        ("verify", path, "--key", str(log.key), "--checkpoint", empty),
        ("verify", path, "--deep"),
        ("verify", path, "--key", str(log.key), "--format", "xml"),
    ):
        done = audit(*arguments)
        assert (done.returncode, "Traceback" in done.stderr) == (2, False), (arguments, done)


async def test_what_is_neither_proof_nor_export_is_a_finding(log: Log) -> None:
    other = log.directory / "other"
    for content in (
        b"",
        b"\x00\xff\n",
        b"[]\n",
        b'{"format":"kin-audit-export/1"}\n',
        b"c2sp.org/tlog-proof@v1\n",
    ):
        other.write_bytes(content)
        done = audit("verify", other, "--key", str(log.key))
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), (content, done)
