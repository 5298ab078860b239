"""The command line against both databases: from nothing to a vault with callers; exit codes; no traceback for a mistake."""

import os
import re
import stat
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.cli.main import run
from app.notice.reference import reference_source
from tests.support.postgres import PostgresServer

Kin = Callable[..., tuple[int, str, str]]


@pytest.fixture
def kin(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Kin:
    """Runs `kin` in this process; exit code, standard output, standard error."""
    for name in [name for name in os.environ if name.startswith("KIN_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["kin", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run()
        said = capfd.readouterr()
        assert "Traceback" not in said.out + said.err
        return int(ended.value.code or 0), said.out, said.err

    return command


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kin: Kin
) -> Iterator[str]:
    """The settings of a vault that does not exist yet: an empty database, and a keyring."""
    server: PostgresServer | None = None
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'new.db'}"
    else:
        server = request.getfixturevalue("postgres")
        server.create("command_line")
        url = server.url("command_line")
    for name, value in (
        ("MODE", "production"),
        ("DATABASE_URL", url),
        ("KEYRING", str(tmp_path / "keyring.json")),
        ("AUDIT_SIGNING_KEY", str(tmp_path / "audit-signing.pem")),
        ("CHECKPOINT_FILE", str(tmp_path / "checkpoints")),
    ):
        monkeypatch.setenv(f"KIN_{name}", value)
    yield url
    if server:
        server.drop("command_line")


def test_from_nothing_to_a_vault(kin: Kin, empty: str, tmp_path: Path) -> None:
    code, out, _ = kin("key", "init", tmp_path / "keyring.json")
    assert (code, "keyring.json" in out) == (0, True)
    assert stat.S_IMODE((tmp_path / "keyring.json").stat().st_mode) == 0o600
    assert kin("check")[0] == 1
    assert kin("migrate")[0] == 0
    assert kin("migrate")[0] == 0
    assert kin("tenant", "create", "shop")[0] == 0
    code, out, err = kin("check")
    assert code == 0, out + err
    assert set(re.findall(r"^(\w+) +ok$", out, re.MULTILINE)) >= {"database", "keys", "audit", "migrations"}

    code, out, _ = kin("caller", "create", "printer", "--role", "shipping", "--role", "order-desk")
    assert code == 0
    made = dict(re.findall(r"^(caller|key id|key) +(\S+)$", out, re.MULTILINE))
    assert made["key"].startswith("kin_shop_")
    code, out, _ = kin("caller", "list")
    assert code == 0
    assert re.search(
        rf"^{made['caller']}  active    printer  order-desk, shipping\n  {made['key id']}  live$",
        out,
        re.MULTILINE,
    )
    assert made["key"] not in out
    assert kin("caller", "revoke", made["caller"], made["key id"])[0] == 0
    assert f"{made['key id']}  revoked" in kin("caller", "list")[1]

    code, out, _ = kin("key", "status")
    assert code == 0
    assert {line.split()[1] for line in out.splitlines()} == {"1"}
    assert all("primary" in line for line in out.splitlines())


def test_mistakes_on_a_vault_that_is_there(kin: Kin, empty: str, tmp_path: Path) -> None:
    kin("key", "init", tmp_path / "keyring.json")
    kin("migrate")
    kin("tenant", "create", "shop")
    kin("caller", "create", "printer", "--role", "shipping")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(reference_source().decode().replace("forbidden = true", "forbidden = false"))
    for expected, arguments in [
        (1, ("tenant", "create", "shop")),
        (1, ("tenant", "create", "second", "--notice", wrong)),
        (1, ("caller", "create", "printer", "--role", "shipping")),
        (1, ("caller", "create", "other", "--role", "nonsense")),
        (1, ("caller", "create", "Not A Name", "--role", "shipping")),
        (1, ("caller", "create", "other", "--role", "shipping", "--tenant", "nobody")),
        (1, ("caller", "revoke", "clr_" + "0" * 26, "key_" + "0" * 26)),
        (1, ("key", "init", tmp_path / "keyring.json")),
        (2, ("caller", "revoke", "printer", "key_" + "0" * 26)),
        (2, ("caller", "create", "other")),
        (2, ("tenant", "create", "second", "--notice", "/no/such/file")),
    ]:
        code, out, err = kin(*arguments)
        assert code == expected, f"{arguments}: {out}{err}"
        assert err


def test_a_tenant_with_a_name_that_cannot_be_is_refused(kin: Kin, empty: str, tmp_path: Path) -> None:
    kin("key", "init", tmp_path / "keyring.json")
    kin("migrate")
    for name in ("Shop", "a" * 33, "", "a b", "a_b"):
        assert kin("tenant", "create", name)[0] in {1, 2}, name
    for name in ("shop", "a" * 32):
        assert kin("tenant", "create", name)[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("serve", "--workers", "0"),
        ("serve", "--port", "none"),
        ("dev",),
        ("caller",),
        ("key", "init"),
        ("notice", "matrix", "--format", "pdf"),
        ("notice", "check", "/no/such/file"),
        ("notice", "explain", "--role", "shipping"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2(kin: Kin, arguments: tuple[str, ...]) -> None:
    assert kin(*arguments)[0] == 2


@pytest.mark.parametrize(
    "arguments", [("check",), ("migrate",), ("caller", "list"), ("key", "status"), ("serve",)]
)
def test_without_settings_each_missing_one_is_named(kin: Kin, arguments: tuple[str, ...]) -> None:
    code, _, err = kin(*arguments)
    assert code == 2
    assert "KIN_DATABASE_URL: is missing" in err
    assert "KIN_KEYRING: is missing" in err


def test_commands_on_a_notice_need_no_settings(kin: Kin, tmp_path: Path) -> None:
    assert kin("notice", "check")[0] == 0
    assert "shipping" in kin("notice", "matrix", "--format", "csv")[1]
    question = (
        "--role",
        "shipping",
        "--purpose",
        "delivery",
        "--collection",
        "delivery",
        "--field",
        "address",
    )
    assert "token" in kin("notice", "explain", *question)[1]
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(reference_source().decode().replace("forbidden = true", "forbidden = false"))
    code, out, _ = kin("notice", "check", wrong)
    assert (code, "error[" in out) == (1, True)


def test_the_console_script_is_there() -> None:
    script = Path(sysconfig.get_path("scripts")) / "kin"
    done = subprocess.run([script, "notice", "check"], capture_output=True, text=True, check=False, cwd="/")
    assert (done.returncode, done.stderr) == (0, "")
    assert "fine" in done.stdout
