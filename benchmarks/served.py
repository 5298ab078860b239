"""An application served as in production, in its own process: uvicorn, one worker, uvloop, httptools, no access log."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from tests.support.postgres import PostgresServer
from tests.support.servers import free_port

_OPTIONS: Final = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
_PATIENCE: Final = 60.0
_ROOT: Final = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Served:
    """A process that serves an application on a port of 127.0.0.1."""

    port: int
    process: int

    def seconds_used(self) -> float:
        """The processor time it has taken so far, user and system (Linux, proc(5))."""
        state = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(state[11]) + int(state[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """What it holds of the machine's memory, in MiB (VmRSS of proc(5))."""
        for line in Path(f"/proc/{self.process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise SystemExit("the server is gone")


def database_seconds(server: PostgresServer) -> float:
    """The processor time that PostgreSQL has taken so far, all its processes together."""
    first = (server.directory / "data" / "postmaster.pid").read_text().split()[0]
    ticks = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if process.name == first:
            ticks += sum(int(state[i]) for i in (11, 12, 13, 14))  # with the processes that have ended
        elif state[1] == first:
            ticks += int(state[11]) + int(state[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(application: str, log: Path, settings: Mapping[str, str]) -> Iterator[Served]:
    """`module:name`, answering when the block begins; `settings` are environment variables."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", application, "--host", "127.0.0.1", "--port", str(port)]
    if application.endswith("create_app"):
        command.append("--factory")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KIN_")}
    with log.open("wb") as written:
        process = subprocess.Popen(
            [*command, *_OPTIONS],
            env={**environment, **settings},
            cwd=_ROOT,
            stdout=written,
            stderr=written,
        )
    try:
        _wait_for(port, process, log)
        yield Served(port, process.pid)
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            httpx.get(f"http://127.0.0.1:{port}/livez", timeout=5, trust_env=False)
        except httpx.TransportError:
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(
                    f"a server does not start; its log ends:\n{log.read_text()[-2000:]}"
                ) from None
            time.sleep(0.05)
        else:
            return
