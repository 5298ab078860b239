"""D-02: `kin serve` with a wrong setting of each kind refuses, names it, and prints no traceback and no secret."""

import json
import os
import sqlite3
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import uvicorn

from app.audit.signing_key import create_signing_key
from app.cli.main import run
from app.keys.providers.local import create_keyring
from tests.support.servers import free_port
from tests.support.vaults import PostgresStore, SqliteStore, copied_keyring

KIN: Final = Path(sysconfig.get_path("scripts")) / "kin"


@dataclass(frozen=True, slots=True)
class Setting:
    """A vault that would start, for a test to spoil."""

    directory: Path
    environment: dict[str, str]

    @property
    def keyring(self) -> Path:
        return Path(self.environment["KIN_KEYRING"])

    @property
    def database(self) -> Path:
        return Path(self.environment["KIN_DATABASE_URL"].removeprefix("sqlite:///"))


Serve = Callable[..., tuple[int, str]]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Serve:
    """`kin serve` in this process, as far as it must not come: to serving. Gives exit code and words."""

    def never(**_: object) -> None:
        raise AssertionError("it serves")

    def run_with(setting: Setting, *arguments: str) -> tuple[int, str]:
        for name in [name for name in os.environ if name.startswith("KIN_")]:
            monkeypatch.delenv(name)
        for name, value in setting.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["kin", "serve", *arguments])
        monkeypatch.setattr(uvicorn, "run", never)
        with pytest.raises(SystemExit) as ended:
            run()
        said = capfd.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return run_with


def root_key(setting: Setting, key: str) -> None:
    document = json.loads(setting.keyring.read_text())
    document["root_keys"][0]["key"] = key
    setting.keyring.write_text(json.dumps(document))


def no_keyring_setting(setting: Setting) -> None:
    del setting.environment["KIN_KEYRING"]


def no_keyring_file(setting: Setting) -> None:
    setting.keyring.unlink()


def a_default_key(setting: Setting) -> None:
    root_key(setting, "A" * 43 + "=")


def a_short_key(setting: Setting) -> None:
    root_key(setting, "c2hvcnQ=")


def a_development_keyring(setting: Setting) -> None:
    setting.environment["KIN_MODE"] = "production"


def no_mode_is_production(setting: Setting) -> None:
    del setting.environment["KIN_MODE"]


def a_readable_keyring(setting: Setting) -> None:
    setting.keyring.chmod(0o640)


def no_database(setting: Setting) -> None:
    del setting.environment["KIN_DATABASE_URL"]


def not_a_url(setting: Setting) -> None:
    setting.environment["KIN_DATABASE_URL"] = "S3cret at nowhere"


def another_database(setting: Setting) -> None:
    setting.environment["KIN_DATABASE_URL"] = "mysql://kin:S3cret@localhost/kin"


def memory(setting: Setting) -> None:
    setting.environment["KIN_DATABASE_URL"] = "sqlite:///:memory:"


def nobody_there(setting: Setting) -> None:
    setting.environment["KIN_DATABASE_URL"] = f"postgresql://kin:S3cret@127.0.0.1:{free_port()}/kin"


def no_number(setting: Setting) -> None:
    setting.environment["KIN_DATABASE_POOL"] = "S3cret"


def out_of_range(setting: Setting) -> None:
    setting.environment["KIN_AUTHENTICATION_SECONDS"] = "3600"


def an_unknown_mode(setting: Setting) -> None:
    setting.environment["KIN_MODE"] = "S3cret"


def a_guessable_metrics_token(setting: Setting) -> None:
    setting.environment["KIN_METRICS_TOKEN"] = "S3cret"


def unknown_in_file(setting: Setting) -> None:
    file = setting.directory / "kin.toml"
    file.write_text('databse_url = "S3cret"\n')
    setting.environment["KIN_CONFIG"] = str(file)


def no_toml(setting: Setting) -> None:
    file = setting.directory / "kin.toml"
    file.write_text("S3cret S3cret\n")
    setting.environment["KIN_CONFIG"] = str(file)


def no_config_file(setting: Setting) -> None:
    setting.environment["KIN_CONFIG"] = "/nowhere/kin.toml"


def not_migrated(setting: Setting) -> None:
    setting.database.unlink()


def another_schema(setting: Setting) -> None:
    with sqlite3.connect(setting.database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()


def not_a_database(setting: Setting) -> None:
    setting.database.write_bytes(b"S3cret" * 1000)


SPOILED: Final[list[tuple[Callable[[Setting], None], str]]] = [
    (no_keyring_setting, "KIN_KEYRING: is missing"),
    (no_keyring_file, "keyring.json: is missing"),
    (a_default_key, "is a known default key"),
    (a_short_key, "must have 32 bytes"),
    (a_development_keyring, "is for development"),
    (no_mode_is_production, "is for development"),
    (a_readable_keyring, "chmod 600"),
    (no_database, "KIN_DATABASE_URL: is missing"),
    (not_a_url, "the database URL cannot be read"),
    (another_database, "must be SQLite or PostgreSQL"),
    (memory, "needs a file"),
    (nobody_there, "database cannot answer"),
    (no_number, "KIN_DATABASE_POOL"),
    (out_of_range, "KIN_AUTHENTICATION_SECONDS"),
    (an_unknown_mode, "KIN_MODE"),
    (a_guessable_metrics_token, "KIN_METRICS_TOKEN"),
    (unknown_in_file, "KIN_DATABSE_URL: is not a setting"),
    (no_toml, "KIN_CONFIG"),
    (no_config_file, "KIN_CONFIG"),
    (not_migrated, "kin migrate"),
    (another_schema, "kin migrate"),
    (not_a_database, "database"),
]


@pytest.fixture
def setting(sqlite_store: SqliteStore, tmp_path: Path) -> Setting:
    """A vault on SQLite that `kin serve` would serve."""
    keyring = copied_keyring(sqlite_store, tmp_path)
    with sqlite_store.copy(tmp_path) as url:
        environment = {"KIN_MODE": "development", "KIN_DATABASE_URL": url, "KIN_KEYRING": str(keyring)}
        return Setting(tmp_path, environment)


def assert_refused(serve: Serve, setting: Setting, words: str, *arguments: str) -> None:
    code, said = serve(setting, *arguments)
    assert code in {1, 2}, said
    assert words in said
    assert "Traceback" not in said
    assert "S3cret" not in said


@pytest.mark.parametrize(("spoil", "words"), SPOILED, ids=lambda value: getattr(value, "__name__", ""))
def test_a_wrong_setting_is_named_and_refused(
    serve: Serve, setting: Setting, spoil: Callable[[Setting], None], words: str
) -> None:
    spoil(setting)
    assert_refused(serve, setting, words)


def test_several_workers_on_sqlite(serve: Serve, setting: Setting) -> None:
    assert_refused(serve, setting, "use PostgreSQL", "--workers", "2")


def test_a_database_that_another_program_holds_in_wal_mode(serve: Serve, setting: Setting) -> None:
    holder = sqlite3.connect(setting.database)
    try:
        assert holder.execute("PRAGMA journal_mode=WAL").fetchone() == ("wal",)
        holder.execute("BEGIN")
        holder.execute("SELECT count(*) FROM records").fetchone()
        assert_refused(serve, setting, "journal mode")
    finally:
        holder.close()


def test_a_superuser_on_postgresql_in_production(
    serve: Serve, postgres_store: PostgresStore, tmp_path: Path
) -> None:
    keyring = tmp_path / "keyring.json"
    create_keyring(keyring, development=False)
    with postgres_store.copy(tmp_path) as url:
        superuser = url.replace("://kin@", "://postgres@")
        setting = Setting(tmp_path, {"KIN_DATABASE_URL": superuser, "KIN_KEYRING": str(keyring)})
        assert_refused(serve, setting, "row-level security")


@pytest.mark.parametrize(
    ("missing", "words"),
    [("KIN_AUDIT_SIGNING_KEY", "kin key init"), ("KIN_CHECKPOINT_FILE", "set KIN_CHECKPOINT_FILE")],
)
def test_a_log_that_could_not_be_proven_in_production(
    serve: Serve, sqlite_store: SqliteStore, tmp_path: Path, missing: str, words: str
) -> None:
    keyring, signing_key = tmp_path / "keyring.json", tmp_path / "audit.pem"
    create_keyring(keyring, development=False)
    create_signing_key(signing_key)
    with sqlite_store.copy(tmp_path) as url:
        environment = {
            "KIN_DATABASE_URL": url,
            "KIN_KEYRING": str(keyring),
            "KIN_AUDIT_SIGNING_KEY": str(signing_key),
            "KIN_CHECKPOINT_FILE": str(tmp_path / "checkpoints"),
        }
        del environment[missing]
        assert_refused(serve, Setting(tmp_path, environment), words)


def test_a_signing_key_that_others_can_read(serve: Serve, setting: Setting) -> None:
    file = setting.directory / "audit.pem"
    create_signing_key(file)
    file.chmod(0o644)
    setting.environment["KIN_AUDIT_SIGNING_KEY"] = str(file)
    assert_refused(serve, setting, "chmod 600")


def test_a_wrong_port_is_wrong_usage(serve: Serve, setting: Setting) -> None:
    code, said = serve(setting, "--port", "66000")
    assert (code, "Traceback" in said) == (2, False)


def test_a_process_that_refuses_ends_by_itself(setting: Setting) -> None:
    not_migrated(setting)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("KIN_")}
    done = subprocess.run(
        [KIN, "serve"],
        env=clean | setting.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "kin: the database's schema is not this version's; run `kin migrate`\n"
