"""`kin backup` and `kin restore` as an operator meets them: what they refuse, and that a refusal or a kill changes nothing."""

import asyncio
import hashlib
import shutil
import sqlite3
import stat
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.keys.providers.local import create_keyring
from app.rights.ledger import lines_in
from app.settings.settings import Settings
from tests.support.backups import KIN, environment, kin, started_again
from tests.support.erasing import erasing_settings, erasing_vault
from tests.support.orders import Body
from tests.support.people import call, done, stored_buyer
from tests.support.vaults import PostgresStore, SqliteStore, Vault, copied_keyring, settings_for

OFFICER = "privacy-officer"


@pytest.fixture
async def vault(sqlite_store: SqliteStore, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault on SQLite that can erase."""
    async with erasing_vault(sqlite_store, tmp_path) as running:
        yield running


@pytest.fixture
async def stopped(sqlite_store: SqliteStore, tmp_path: Path) -> tuple[Vault, Body, Path]:
    """A vault that was backed up, erased one person, and was stopped; that person, and the backup."""
    backup = tmp_path / "backup.db"
    async with erasing_vault(sqlite_store, tmp_path) as running:
        one = await stored_buyer(running)
        assert (await kin(running.parts.settings, "backup", "--to", backup)).returncode == 0
        await done(running, OFFICER, "POST", f"/v1/subjects/{one['subject']}/erase")
    return running, one, backup


def database_of(settings: Settings) -> Path:
    return Path(settings.database_url.removeprefix("sqlite:///"))


def beside(directory: Path, pattern: str) -> list[Path]:
    return list(directory.glob(pattern))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def test_a_backup_is_whole_private_and_says_what_it_holds(vault: Vault, tmp_path: Path) -> None:
    await stored_buyer(vault)
    storing = asyncio.create_task(_store_on(vault))
    made = await kin(vault.parts.settings, "backup", "--to", tmp_path / "backup.db")
    assert not storing.done(), "nobody stored meanwhile"
    storing.cancel()
    assert made.returncode == 0, made.stderr
    for word in ("events", "people", "schema", "keyring", "erasure ledger", "checkpoints"):
        assert word in made.stdout
    assert stat.S_IMODE((tmp_path / "backup.db").stat().st_mode) == 0o600
    with closing(sqlite3.connect(tmp_path / "backup.db")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (people,) = copy.execute("SELECT count(*) FROM subjects").fetchone()
    assert f"{people} people" in made.stdout
    assert people >= 1
    assert beside(tmp_path, "*.part*") == []


async def _store_on(vault: Vault) -> None:
    number = 0
    while True:
        number += 1
        await stored_buyer(vault, f"customer-{number}")
        await asyncio.sleep(0.01)


async def test_a_backup_overwrites_nothing_and_names_what_it_cannot_make(
    vault: Vault, tmp_path: Path
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("mine")
    refused = await kin(vault.parts.settings, "backup", "--to", taken)
    assert (refused.returncode, taken.read_text()) == (1, "mine")
    assert "exists" in refused.stderr
    refused = await kin(vault.parts.settings, "backup", "--to", tmp_path / "nowhere" / "b.db")
    assert refused.returncode == 1
    assert "no such file or directory" in refused.stderr


async def test_on_postgresql_the_command_to_run_is_named(
    postgres_store: PostgresStore, tmp_path: Path
) -> None:
    keyring = copied_keyring(postgres_store, tmp_path)
    settings = settings_for("postgresql://kin:S3cret@db.internal:5433/vault", keyring)
    said = await kin(settings, "backup", "--to", tmp_path / "kin.dump")
    assert said.returncode == 2
    assert (
        "pg_dump --format=custom --username=postgres --dbname='postgresql://db.internal:5433/vault'"
        in said.stderr
    )
    assert "S3cret" not in said.stderr
    said = await kin(settings, "restore", "--from", tmp_path / "kin.dump", "--without-ledger")
    assert (said.returncode, "pg_restore" in said.stderr, "S3cret" in said.stderr) == (2, True, False)


async def test_nothing_is_restored_under_a_vault_that_serves(vault: Vault, tmp_path: Path) -> None:
    settings = vault.parts.settings
    backup = tmp_path / "backup.db"
    assert (await kin(settings, "backup", "--to", backup)).returncode == 0
    refused = await kin(settings, "restore", "--from", backup, "--replace", "--without-ledger")
    assert (refused.returncode, "in use" in refused.stderr) == (1, True)
    assert (await call(vault, "checkout", "GET", "/readyz")).status_code == 200


def no_replace(_: Settings, arguments: list[str]) -> Settings:
    arguments.remove("--replace")
    return _


def no_backup(settings: Settings, arguments: list[str]) -> Settings:
    Path(arguments[1]).write_bytes(b"S3cret" * 10_000)
    return settings


def half_a_backup(settings: Settings, arguments: list[str]) -> Settings:
    whole = Path(arguments[1]).read_bytes()
    Path(arguments[1]).write_bytes(whole[: len(whole) // 2])
    return settings


def no_ledger(settings: Settings, _: list[str]) -> Settings:
    return settings.model_copy(update={"erasure_ledger": None})


def missing_ledger(settings: Settings, _: list[str]) -> Settings:
    assert settings.erasure_ledger
    settings.erasure_ledger.unlink()
    return settings


def damaged_ledger(settings: Settings, _: list[str]) -> Settings:
    assert settings.erasure_ledger
    text = settings.erasure_ledger.read_text()
    settings.erasure_ledger.write_text(text.replace('"subject"', '"sub', 1))
    return settings


def a_ledger_and_none(settings: Settings, arguments: list[str]) -> Settings:
    arguments.append("--without-ledger")
    return settings


def another_keyring(settings: Settings, _: list[str]) -> Settings:
    other = settings.keyring.with_name("other.json")
    create_keyring(other, development=True)
    return settings.model_copy(update={"keyring": other})


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_replace, "--replace"),
        (no_backup, "no whole backup"),
        (half_a_backup, "no whole backup"),
        (no_ledger, "--without-ledger"),
        (missing_ledger, "is missing"),
        (damaged_ledger, "line 1"),
        (a_ledger_and_none, "leave --without-ledger out"),
        (another_keyring, "key"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_what_is_refused_changes_nothing(
    stopped: tuple[Vault, Body, Path], spoil: object, words: str
) -> None:
    vault, _, backup = stopped
    arguments = ["--from", str(backup), "--replace"]
    assert callable(spoil)
    settings = spoil(vault.parts.settings, arguments)
    database = database_of(settings)
    before = digest(database)
    refused = await kin(settings, "restore", *arguments)
    assert refused.returncode in {1, 2}, refused.stdout
    assert words in refused.stderr
    assert "S3cret" not in refused.stderr
    assert digest(database) == before
    assert beside(database.parent, "*.part*") == []
    assert beside(database.parent, "*.replaced-*") == []


async def test_without_any_ledger_whoever_was_erased_is_back(stopped: tuple[Vault, Body, Path]) -> None:
    vault, one, backup = stopped
    settings = vault.parts.settings.model_copy(update={"erasure_ledger": None})
    before = digest(database_of(settings))
    back = await kin(settings, "restore", "--from", backup, "--replace", "--without-ledger")
    assert (back.returncode, "is back" in back.stdout) == (0, True), back.stderr
    (aside,) = database_of(settings).parent.glob("*.replaced-*")
    assert digest(aside) == before
    assert stat.S_IMODE(database_of(settings).stat().st_mode) == 0o600
    async with started_again(vault, settings) as again:
        page = await call(again, OFFICER, "GET", f"/v1/subjects/{one['subject']}")
        assert page.status_code == 200


async def test_two_ledgers_are_both_carried_out_and_become_one(
    stopped: tuple[Vault, Body, Path], tmp_path: Path
) -> None:
    vault, one, backup = stopped
    async with started_again(vault) as again:
        two = await stored_buyer(again, "customer-2")
    second = tmp_path / "second-backup.db"
    assert (await kin(vault.parts.settings, "backup", "--to", second)).returncode == 0
    elsewhere = vault.parts.settings.model_copy(update={"erasure_ledger": tmp_path / "elsewhere"})
    shutil.copyfile(tmp_path / "erasures", tmp_path / "kept")
    (tmp_path / "elsewhere").touch()
    async with started_again(vault, elsewhere) as again:
        await done(again, OFFICER, "POST", f"/v1/subjects/{two['subject']}/erase")
    for source in (second, backup):
        done_again = await kin(
            vault.parts.settings, "restore", "--from", source, "--replace", "--ledger", tmp_path / "elsewhere"
        )
        assert done_again.returncode == 0, done_again.stderr
        async with started_again(vault) as again:
            for each in (one, two):
                answer = await call(again, OFFICER, "GET", f"/v1/subjects/{each['subject']}")
                assert answer.status_code == 404
        await asyncio.sleep(1)  # two restores in one second would want one name for what they move aside
    assert len({line.certificate for line in lines_in(tmp_path / "erasures")}) == 2


@pytest.fixture
def restoring(stopped: tuple[Vault, Body, Path]) -> Iterator["subprocess.Popen[bytes]"]:
    """`kin restore` in the middle of its work: its file is there, and not in place yet."""
    vault, _, backup = stopped
    part = database_of(vault.parts.settings).with_name("kin.db.part")
    command = [str(KIN), "restore", "--from", str(backup), "--replace"]
    process = subprocess.Popen(
        command, env=environment(vault.parts.settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size) and time.monotonic() < until:
        assert process.poll() is None
        time.sleep(0.001)
    yield process
    process.kill()
    process.wait()


async def test_killed_in_the_middle_it_leaves_the_database_and_can_be_run_again(
    stopped: tuple[Vault, Body, Path], restoring: "subprocess.Popen[bytes]"
) -> None:
    vault, one, backup = stopped
    restoring.kill()
    restoring.wait()
    database = database_of(vault.parts.settings)
    assert (database.parent / "kin.db.part").exists(), "it was killed before it was done"
    assert beside(database.parent, "*.replaced-*") == []
    async with started_again(vault) as again:
        answer = await call(again, OFFICER, "GET", f"/v1/subjects/{one['subject']}")
        assert answer.status_code == 404
        assert (await call(again, "checkout", "GET", "/readyz")).status_code == 200
    back = await kin(vault.parts.settings, "restore", "--from", backup, "--replace")
    assert (back.returncode, "erased again: 1" in back.stdout) == (0, True), back.stderr
    assert beside(database.parent, "*.part*") == []


async def test_a_journal_of_the_old_file_is_not_rolled_back_into_the_new_one(
    stopped: tuple[Vault, Body, Path],
) -> None:
    vault, _, backup = stopped
    database = database_of(vault.parts.settings)
    killed = (
        "import os, signal, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA cache_size=1'); c.execute('BEGIN IMMEDIATE')\n"
        'c.execute("UPDATE audit_events SET body = zeroblob(3000)"); os.kill(os.getpid(), signal.SIGKILL)'
    )
    python = str(KIN.with_name("python"))
    await (await asyncio.create_subprocess_exec(python, "-c", killed, str(database))).wait()
    assert database.with_name("kin.db-journal").stat().st_size > 0
    back = await kin(vault.parts.settings, "restore", "--from", backup, "--replace")
    assert back.returncode == 0, back.stderr
    (aside,) = (path for path in database.parent.glob("*.replaced-*") if "journal" not in path.name)
    for file in (database, aside):
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            empty = "SELECT count(*) FROM audit_events WHERE body = zeroblob(3000)"
            assert connection.execute(empty).fetchone() == (0,)


@pytest.mark.parametrize("spoil", [missing_ledger, damaged_ledger], ids=["missing", "damaged"])
async def test_a_vault_behind_a_ledger_that_cannot_be_read_does_not_start(
    stopped: tuple[Vault, Body, Path], spoil: object
) -> None:
    vault, _, backup = stopped
    settings = vault.parts.settings
    assert callable(spoil)
    if spoil is damaged_ledger:  # a line that is known is not read as a whole: the old state makes it unknown
        shutil.copyfile(backup, database_of(settings))
    spoil(settings, [])
    refused = await kin(settings, "serve", "--port", "1")
    assert refused.returncode == 1
    assert str(settings.erasure_ledger) in refused.stderr


async def test_a_new_vault_needs_no_ledger_file_yet(sqlite_store: SqliteStore, tmp_path: Path) -> None:
    keyring = copied_keyring(sqlite_store, tmp_path)
    with sqlite_store.copy(tmp_path) as url:
        settings = settings_for(url, keyring, **erasing_settings(tmp_path))
        assert (await kin(settings, "check")).returncode == 0
        assert not (tmp_path / "erasures").exists()
