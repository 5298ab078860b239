"""E-01, I6, I4: a backup made before an erasure brings nobody back, and no checkpoint contradicts those signed since."""

import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.audit.checkpoint import checkpoints_in
from app.settings.settings import Settings
from app.storage.engine import database_url
from app.wiring.backup import dump_command
from tests.support.backups import kin, started_again
from tests.support.erasing import erasing_vault, spellings_of, tables_naming, with_a_legal_duty
from tests.support.notices import activate
from tests.support.orders import Body, buyer, events
from tests.support.people import call, done, forms, stored_buyer, stored_delivery
from tests.support.postgres import PostgresServer
from tests.support.vaults import PostgresStore, SqliteStore, Vault

OFFICER = "privacy-officer"
Act = Callable[[Vault], Awaitable[None]]
Restoring = Callable[[Act, Act], Any]


@dataclass(slots=True)
class Person:
    """What was given out for one person before the backup."""

    buyer: Body
    parcel: Body
    token: str
    certificate: Body | None = None

    @property
    def subject(self) -> str:
        return str(self.buyer["subject"])


async def somebody(vault: Vault, ref: str = "customer-8123") -> Person:
    """A person with two records, one of them stored under an idempotency key, and a token in a carrier's hands."""
    client = vault.client("checkout", "order")
    kept = await client.post("/v1/records", json=buyer(ref), headers={"Idempotency-Key": f"of-{ref}"})
    assert kept.status_code == 201
    parcel = await stored_delivery(vault, ref)
    read = await done(vault, "shipping", "GET", f"/v1/records/{parcel['id']}", purpose="delivery")
    return Person(kept.json(), parcel, read["fields"]["address"]["value"])


async def erased(vault: Vault, subject: str) -> Body:
    return await done(vault, OFFICER, "POST", f"/v1/subjects/{subject}/erase")


async def statuses(vault: Vault, one: Person, ref: str = "customer-8123") -> dict[str, object]:
    """What each way to a person answers."""
    token = {"tokens": [one.token]}
    search = {"collection": "buyer", "field": "phone", "equals": "0912345678", "fields": ["full_name"]}
    resolved = await done(vault, "carrier", "POST", "/v1/tokens/resolve", token, purpose="delivery")
    found = await done(vault, "checkout", "POST", "/v1/records/search", search, purpose="order")
    ways: list[tuple[str, str, str, Any, dict[str, str]]] = [
        ("checkout", "GET", f"/v1/records/{one.buyer['id']}", None, {"purpose": "order"}),
        ("shipping", "GET", f"/v1/records/{one.parcel['id']}", None, {"purpose": "delivery"}),
        (OFFICER, "GET", f"/v1/subjects/{one.subject}", None, {}),
        (OFFICER, "GET", f"/v1/subjects/{one.subject}/accesses", None, {}),
        (
            OFFICER,
            "GET",
            f"/v1/subjects/{one.subject}/export",
            None,
            {"purpose": "subject-request", "case": "dsr/1"},
        ),
        (OFFICER, "POST", "/v1/subjects/find", {"ref": ref}, {}),
    ]
    answers = {
        f"{method} {path}": (await call(vault, who, method, path, body, **headers)).status_code
        for who, method, path, body, headers in ways
    }
    problem = resolved["items"][0].get("problem", {}).get("code")
    return {**answers, "resolve": problem, "search": len(found["items"])}


def nothing(answers: dict[str, object]) -> dict[str, object]:
    gone = {"resolve": "not-found", "search": 0}
    return {name: gone.get(name, 404) for name in answers}


@pytest.fixture(params=["sqlite", "postgresql"])
def restoring(request: pytest.FixtureRequest, tmp_path: Path) -> Restoring:
    """A vault up to its backup, the same vault afterwards, and the vault that comes back from the backup."""
    if request.param == "sqlite":
        return partial(restored_by_kin, request.getfixturevalue("sqlite_store"), tmp_path)
    server = request.getfixturevalue("postgres")
    return partial(restored_by_postgresql, request.getfixturevalue("postgres_store"), server, tmp_path)


@asynccontextmanager
async def restored_by_kin(
    store: SqliteStore, directory: Path, before: Act, after: Act
) -> AsyncIterator[Vault]:
    backup = directory / "backup.db"
    async with erasing_vault(store, directory) as vault:
        await before(vault)
        made = await kin(vault.parts.settings, "backup", "--to", backup)
        assert made.returncode == 0, made.stderr
        await after(vault)
    back = await kin(vault.parts.settings, "restore", "--from", backup, "--replace")
    assert back.returncode == 0, back.stderr
    async with started_again(vault) as again:
        yield again


@asynccontextmanager
async def restored_by_postgresql(
    store: PostgresStore, server: PostgresServer, directory: Path, before: Act, after: Act
) -> AsyncIterator[Vault]:
    async with erasing_vault(store, directory) as vault:
        await before(vault)
        dump = directory / "kin.dump"
        shell(server, dump_command(database_url(vault.database_url), dump))
        await after(vault)
    server.create("restored")
    try:
        into = f"--username=postgres --dbname='postgresql:///restored?host={server.directory}'"
        shell(server, f"pg_restore --exit-on-error {into} '{dump}'")
        there = vault.parts.settings.model_copy(update={"database_url": server.url("restored")})
        assert (await kin(there, "migrate")).returncode == 0
        async with started_again(vault, there) as again:
            yield again
    finally:
        server.drop("restored")


def shell(server: PostgresServer, command: str) -> None:
    subprocess.run(f"'{server.programs}'/{command}", shell=True, check=True, timeout=120, capture_output=True)


async def test_who_was_erased_is_refused_everywhere(restoring: Restoring) -> None:
    people: list[Person] = []

    async def before(vault: Vault) -> None:
        people.extend([await somebody(vault), await somebody(vault, "customer-2")])
        answers = await statuses(vault, people[0])
        assert {answers.pop("resolve"), answers.pop("search")} == {None, 2}
        assert set(answers.values()) == {200}

    async def after(vault: Vault) -> None:
        people[0].certificate = await erased(vault, people[0].subject)
        answers = await statuses(vault, people[0])
        assert answers == nothing(answers) | {"search": 1}, "the other has the same number"

    async with restoring(before, after) as vault:
        gone, stays = people
        answers = await statuses(vault, gone)
        assert answers == nothing(answers) | {"search": 1}
        spelled = spellings_of([gone.buyer, gone.parcel])
        # A kept answer names whose it is until it expires; it is sealed under the key that is gone.
        assert await tables_naming(vault.parts.database, spelled) <= {"certificates", "kept_answers"}
        assert gone.certificate is not None
        shown = await done(vault, OFFICER, "GET", f"/v1/certificates/{gone.certificate['id']}")
        assert shown["note"] == gone.certificate["note"]
        again = vault.client("checkout", "order").post(
            "/v1/records", json=buyer("customer-8123"), headers={"Idempotency-Key": "of-customer-8123"}
        )
        assert gone.subject not in (await again).text
        assert (await statuses(vault, stays, "customer-2"))["resolve"] is None


async def test_what_a_duty_kept_is_kept_and_the_rest_is_gone(restoring: Restoring) -> None:
    stored: list[Body] = []

    async def before(vault: Vault) -> None:
        await activate(vault, with_a_legal_duty())
        stored.append(await stored_buyer(vault, purposes=("order", "invoice")))

    async def after(vault: Vault) -> None:
        await erased(vault, stored[0]["subject"])

    async with restoring(before, after) as vault:
        shown = await forms(vault, OFFICER, stored[0]["id"], "subject-request", case="dsr/1")
        assert {name for name, form in shown.items() if form == "plain"} == {"full_name"}


async def test_who_came_back_under_the_same_number_is_another_person(restoring: Restoring) -> None:
    first: list[Body] = []
    ledger: list[bytes] = []

    async def before(vault: Vault) -> None:
        first.append(await stored_buyer(vault))
        await erased(vault, first[0]["subject"])
        first.append(await stored_buyer(vault))

    async def after(vault: Vault) -> None:
        ledger.append((vault.directory / "erasures").read_bytes())

    async with restoring(before, after) as vault:
        assert first[0]["subject"] != first[1]["subject"]
        assert (await forms(vault, "checkout", first[1]["id"], "order"))["full_name"] == "plain"
        assert (vault.directory / "erasures").read_bytes() == ledger[0]


async def test_the_ledger_names_people_whom_the_backup_never_had_and_ends_in_a_torn_line(
    restoring: Restoring,
) -> None:
    people: list[Body] = []

    async def before(vault: Vault) -> None:
        people.append(await stored_buyer(vault))

    async def after(vault: Vault) -> None:
        people.append(await stored_delivery(vault, "customer-3"))
        for one in people:
            await erased(vault, one["subject"])
        with (vault.directory / "erasures").open("ab") as file:
            file.write(b'{"certificate":"crt_0')

    async with restoring(before, after) as vault:
        assert await tables_naming(vault.parts.database, spellings_of(people)) == {"certificates"}
        replayed = [e for e in await events(vault, action="subject.erase") if e["reason"] == "replayed"]
        assert len(replayed) == 2


async def test_checkpoints_of_before_and_after_never_contradict(restoring: Restoring) -> None:
    """What was signed after the backup binds: the log that came back signs nothing that says otherwise."""
    people: list[Body] = []

    def signing(vault: Vault) -> Settings:
        more = {"checkpoint_file": vault.directory / "checkpoints"}
        return vault.parts.settings.model_copy(update=more)

    async def before(vault: Vault) -> None:
        people.append(await stored_buyer(vault))
        assert (await kin(signing(vault), "audit", "sequence", "--once")).returncode == 0

    async def after(vault: Vault) -> None:
        await stored_delivery(vault)
        await erased(vault, people[0]["subject"])
        assert (await kin(signing(vault), "audit", "sequence", "--once")).returncode == 0

    async with restoring(before, after) as vault:
        signed = vault.parts.audit_tree.signing
        assert signed is not None
        published = (vault.directory / "checkpoints").read_text()
        largest = max(c.size for c in checkpoints_in(published, signed.signer("shop").key))
        if not vault.parts.database.is_sqlite:
            refused = await kin(signing(vault), "audit", "sequence", "--once")
            assert (refused.returncode, "checkpoint" in refused.stderr) == (1, True), refused.stderr
            assert (await kin(signing(vault), "audit", "new-log", "--after-restore")).returncode == 0
        for _ in range(2):
            await stored_buyer(vault, "customer-9", consents=("marketing-sms",))
            assert (await kin(signing(vault), "audit", "sequence", "--once")).returncode == 0
        published = (vault.directory / "checkpoints").read_text()
        roots: dict[tuple[str, int], set[bytes]] = {}
        for origin, size, root in re.findall(r"^(vault\.test/\S+)\n(\d+)\n(\S+)$", published, re.MULTILINE):
            roots.setdefault((origin, int(size)), set()).add(root)
        assert all(len(each) == 1 for each in roots.values())
        old, new = sorted({origin for origin, _ in roots})
        assert max(size for origin, size in roots if origin == old) == largest
        assert new.startswith(old)
