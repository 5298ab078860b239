"""A second connection of one process must not cost the first its locks against other processes."""

import sqlite3
import subprocess
import sys
from pathlib import Path

from app.storage.sqlite_inline import connect

TRY_TO_WRITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
try:
    connection.execute("BEGIN IMMEDIATE")
except sqlite3.OperationalError:
    sys.exit(1)
"""


def another_process_may_write(path: Path) -> bool:
    return subprocess.run([sys.executable, "-c", TRY_TO_WRITE, str(path)], check=False).returncode == 0


def test_a_transaction_keeps_its_lock_while_another_connection_opens(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    first = connect(str(path))
    first.execute("CREATE TABLE t (x)")
    assert another_process_may_write(path)
    first.execute("BEGIN IMMEDIATE")
    second = connect(str(path))
    assert not another_process_may_write(path)
    first.execute("COMMIT")
    assert another_process_may_write(path)
    second.close()
    first.close()


def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "vault.db"
    connect(str(path)).close()
    assert path.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() != ("wal",)
    connection.close()
