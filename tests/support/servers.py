"""A vault served by its own processes, as an operator starts it, for tests that kill it or look at what it leaves on disk."""

import os
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

_KIN: Final = Path(sysconfig.get_path("scripts")) / "kin"
_PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A served vault: where it answers, where its log goes, and the process that began it, leader of its own group."""

    base_url: str
    log_path: Path
    process: "subprocess.Popen[bytes]"

    def pids(self) -> list[int]:
        """All living processes of the vault, the first one included (Linux: read from /proc)."""
        found = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
        return [pid for pid in found if _group_of(pid) == self.process.pid]

    def kill(self) -> None:
        """SIGKILL to every process at once; returns when they are gone."""
        if self.pids():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        until = time.monotonic() + _PATIENCE
        while self.pids() and time.monotonic() < until:
            time.sleep(0.01)

    def stop(self) -> int:
        """SIGTERM, as a service manager stops it; the exit code."""
        self.process.terminate()
        return self.process.wait(_PATIENCE)


@contextmanager
def server(
    database_url: str,
    keyring: Path,
    log_path: Path,
    *,
    workers: int = 1,
    port: int | None = None,
    **settings: str,
) -> Iterator[Server]:
    """`kin serve` on 127.0.0.1, ready when the block begins, killed if still there when it ends.

    The log is appended to, so that a restart keeps it. `settings` are more KIN_… variables, by their names in lower case.
    """
    port = port or free_port()
    given = {"mode": "development", "database_url": database_url, "keyring": str(keyring), **settings}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KIN_")}
    environment |= {f"KIN_{name.upper()}": value for name, value in given.items()}
    command = [str(_KIN), "serve", "--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            command, env=environment, cwd=log_path.parent, stdout=log, stderr=log, start_new_session=True
        )
    served = Server(f"http://127.0.0.1:{port}", log_path, process)
    try:
        _wait_for(served)
        yield served
    finally:
        served.kill()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(served: Server) -> None:
    until = time.monotonic() + _PATIENCE
    with httpx.Client(base_url=served.base_url, timeout=5, trust_env=False) as client:
        while True:
            try:
                if client.get("/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass  # it does not listen yet: asked again until the time is up
            if served.process.poll() is not None or time.monotonic() > until:
                log = served.log_path.read_text(errors="replace")
                raise AssertionError(f"the vault does not become ready; its log ends:\n{log[-3000:]}")
            time.sleep(0.05)


def _group_of(pid: int) -> int | None:
    """The process group of a living process (proc(5): the name ends at the last parenthesis, then state, parent, group)."""
    try:
        state, _parent, group = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:3]
    except OSError:
        return None  # it ended while the list was read
    return None if state == "Z" else int(group)
