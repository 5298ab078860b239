"""What was measured on: without it a figure says nothing."""

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.wrk import installed
from tests.support.postgres import PostgresServer

_LIBRARIES: Final = (
    "fastapi",
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "sqlalchemy",
    "asyncpg",
    "cryptography",
    "pydantic",
)


def describe(server: PostgresServer | None) -> dict[str, str]:
    """Processor, cores, how busy they are, versions, whether the databases really write; names no host and no path."""
    described = {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "load average before": f"{os.getloadavg()[0]:.1f}",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        **{library: version(library) for library in _LIBRARIES},
        "sqlite": f"{sqlite3.sqlite_version}, synchronous=FULL",
        "load by": "wrk" if installed() else "the benchmark's own clients",
    }
    if server is not None:
        shown = {
            name: server.sql(f"SHOW {name}") for name in ("server_version", "fsync", "synchronous_commit")
        }
        described["postgresql"] = ", ".join(
            [
                shown.pop("server_version").split(" ")[0].strip(),
                *(f"{k}={v.strip()}" for k, v in shown.items()),
            ]
        )
    return described


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
