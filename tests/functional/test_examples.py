"""The programs in examples/ do what they say, one after the other, against a served vault."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.servers import Server, server
from tests.support.source import ROOT
from tests.support.vaults import SqliteStore, copied_keyring


def run(store: SqliteStore, served: Server, program: str, *arguments: str) -> str:
    """What the example prints, run as the caller of the same name."""
    environment = os.environ | {
        "KIN_URL": served.base_url,
        "KIN_KEY": store.prepared.callers[program].key,
        "PYTHONPATH": str(ROOT / "client/src"),
        "NO_PROXY": "127.0.0.1",
    }
    command = [sys.executable, str(ROOT / "examples" / f"{program}.py"), *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=60, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_order_is_stored_shipped_and_accounted_for(sqlite_store: SqliteStore, tmp_path: Path) -> None:
    keyring, log = copied_keyring(sqlite_store, tmp_path), tmp_path / "kin.log"
    with sqlite_store.copy(tmp_path) as url, server(url, keyring, log) as served:
        stored = run(sqlite_store, served, "checkout", "order-1001")
        ids = dict(line.split() for line in stored.splitlines())
        assert ids.keys() == {"buyer", "delivery"}
        assert run(sqlite_store, served, "checkout", "order-1001") == stored

        foreign = f"rec_{'0' * 26}"
        label, missing = run(sqlite_store, served, "shipping", ids["delivery"], foreign).splitlines()
        assert "recipient Nguyễn Văn An; " in label
        assert "phone +84 90••• ••56; " in label
        assert re.search(r"address tok_[0-9a-z]+; ", label)
        assert "note not-granted; receipt evt_" in label
        assert missing == f"{foreign}: not a parcel of ours"

        report = run(sqlite_store, served, "compliance", "delivery")
    assert "record.disclose partial by shipping (notice shop/1)\n" in report
    assert "    address: token, granted, clause third-parties\n" in report
    assert "    shipping (direct): " in report
    assert "    carrier (token): " in report
    assert "Nguyễn" not in report
