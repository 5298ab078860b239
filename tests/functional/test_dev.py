"""`kin dev` on an empty folder: callers, three calls that work as they are printed, a second start, an orderly end."""

import json
import os
import re
import select
import signal
import stat
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from app.notice.reference import reference_notice
from tests.support.servers import free_port

KIN: Final = Path(sysconfig.get_path("scripts")) / "kin"
PATIENCE: Final = 120.0
LAST_LINE: Final = "stop with Ctrl-C"


@contextmanager
def dev(directory: Path, port: int) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """`kin dev --empty` until the block ends, and what it has printed by the time it is ready."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KIN_")}
    process = subprocess.Popen(
        [KIN, "dev", "--dir", directory, "--port", str(port), "--empty"],
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=directory.parent,
    )
    try:
        yield process, printed(process)
    finally:
        process.kill()
        process.communicate()


def printed(process: "subprocess.Popen[str]") -> str:
    """What the process says up to its last line of welcome."""
    assert process.stdout is not None
    lines, until = "", time.monotonic() + PATIENCE
    while LAST_LINE not in lines:
        assert time.monotonic() < until, lines
        if select.select([process.stdout], [], [], 0.5)[0]:
            read = os.read(process.stdout.fileno(), 65536).decode()
            assert read, lines
            lines += read
    return lines


def answer_of(command: str) -> dict[str, Any]:
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_an_empty_folder_becomes_a_vault_to_try(tmp_path: Path) -> None:
    directory, port = tmp_path / "a vault", free_port()
    with dev(directory, port) as (process, said):
        callers = json.loads((directory / "callers.json").read_text())
        for private in ("callers.json", "keyring.json"):
            assert stat.S_IMODE((directory / private).stat().st_mode) == 0o600
        assert callers.keys() == reference_notice().roles.keys() | {"support-2"}
        assert all(c["id"].startswith("clr_") and c["key"].startswith("kin_shop_") for c in callers.values())

        calls = re.findall(r"^curl .*$", said, re.MULTILINE)
        assert len(calls) == 3
        stored, label, events = (answer_of(call) for call in calls)
        assert stored["fields"] == ["address", "phone", "recipient"]
        assert label["fields"]["recipient"] == {"form": "plain", "value": "Nguyễn Văn An"}
        assert label["fields"]["phone"] == {"form": "masked", "value": "+84 90••• ••56"}
        assert label["fields"]["address"]["form"] == "token"
        assert [(e["action"], e["id"]) for e in events["items"]] == [
            ("record.disclose", label["receipt"]["event"]),
            ("record.store", stored["receipt"]["event"]),
        ]
        assert httpx.get(f"http://127.0.0.1:{port}/docs", trust_env=False).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0

    with dev(directory, port) as (process, said):
        assert json.loads((directory / "callers.json").read_text()) == callers
        headers = {"Authorization": f"Bearer {callers['checkout']['key']}", "Vault-Purpose": "order"}
        url = f"http://127.0.0.1:{port}/v1/records/{stored['id']}"
        assert (
            httpx.get(url, headers=headers, trust_env=False).json()["fields"]["phone"]["value"]
            == "0903 123 456"
        )
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)
        assert process.returncode in {0, 130}
        assert "Traceback" not in said
