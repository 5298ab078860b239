"""An SQLite database from a backup: brought up to date beside its place, and moved there only when it may serve.

Nobody uses the database meanwhile. Whatever fails or is killed on the way leaves what is in its place as it was.
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from app.kernel.errors import Kind, VaultError
from app.rights.behind import heads_in
from app.rights.certificate import Cause, document_of
from app.rights.ledger import LedgerLine, lines_in
from app.rights.store import StoredCertificate
from app.settings.settings import Settings
from app.storage import sqlite_inline
from app.storage.engine import database_url
from app.storage.sqlite_copy import CopyFailed, Progress, copy_database, journal_of, make_durable
from app.wiring.backup import Contents, contents, making
from app.wiring.erase_again import erase_again
from app.wiring.health import readiness
from app.wiring.migrate import migrate
from app.wiring.occupancy import alone
from app.wiring.parts import Parts, build
from app.wiring.preflight import preflight


@dataclass(frozen=True, slots=True)
class Restored:
    """What stands in the database's place now, what was done again, the new keys of the logs, and where the earlier file is."""

    contents: Contents
    erased_again: int
    log_keys: Sequence[str]
    moved_aside: Path | None


def restore(
    settings: Settings,
    backup: Path,
    ledgers: Sequence[Path],
    *,
    replace: bool,
    progress: Progress,
    say: Callable[[str], None],
) -> Restored:
    """Puts a backup in the place of the settings' database; `conflict` or `unavailable` with words for the operator otherwise."""
    place = Path(str(database_url(settings.database_url).database)).resolve()
    with alone(place), making(place) as part:
        if place.exists() and not replace:
            words = f"{place} exists; give --replace, which moves it aside and deletes nothing"
            raise VaultError(Kind.CONFLICT, words)
        try:
            copy_database(backup, part, progress)
            contents(part)
        except CopyFailed:
            raise VaultError(Kind.UNAVAILABLE, f"{backup} is no whole backup; take another one") from None
        there = settings.model_copy(update={"database_url": f"sqlite:///{part}"})
        erased_again, log_keys = asyncio.run(_brought_up_to_date(there, ledgers, say))
        held = contents(part)
        make_durable(part)
        aside = _moved_aside(place) if place.exists() else None
        part.replace(place)
        make_durable(place.parent)
    return Restored(held, erased_again, log_keys, aside)


async def _brought_up_to_date(
    settings: Settings, ledgers: Sequence[Path], say: Callable[[str], None]
) -> tuple[int, Sequence[str]]:
    parts = build(settings)
    try:
        say("bringing the schema to this version")
        await migrate(parts.database)
        await parts.database.open()
        say("erasing again what was erased since")
        erased_again = sum([await erase_again(parts, ledger) for ledger in ledgers])
        await _entered(parts, ledgers)
        # Whoever was given a checkpoint after the backup must never meet another of that name.
        begun = [await parts.audit_tree.beginner.begin(tenant) for tenant in await parts.identity.tenants()]
        say("checking")
        await _checked(parts)
        await parts.audit.drained()
    finally:
        await parts.audit_tree.close()
        parts.passwords.close()
        await parts.database.close()
    return erased_again, [each.key for each in begun if each]


async def _checked(parts: Parts) -> None:
    for tenant in await parts.identity.tenants():
        await parts.keyring.tenant(tenant)
    found = await readiness(parts)
    if unwell := [name for name, state in found.items() if state == "unavailable"]:
        raise VaultError(Kind.UNAVAILABLE, f"the backup cannot serve: {', '.join(unwell)} not well")
    await preflight(parts)


async def _entered(parts: Parts, ledgers: Sequence[Path]) -> None:
    """Enters in the vault's own ledger what only another one says, so that the next restore needs one ledger."""
    own = parts.settings.erasure_ledger
    if own is None:
        return
    there = {certificate for certificate, _ in heads_in(own)} if own.exists() else set[UUID]()
    tenants = set(await parts.identity.tenants())
    for line in (line for ledger in ledgers for line in lines_in(ledger)):
        if line.certificate not in there and line.tenant in tenants:
            await parts.erasing.ledger.enter(line.tenant, [_unentered(line)])
            there.add(line.certificate)


def _unentered(line: LedgerLine) -> StoredCertificate:
    cause = Cause(document_of(line.note)["cause"])
    return StoredCertificate(line.certificate, line.subject, cause, line.everything, line.note)


def _moved_aside(place: Path) -> Path:
    """Gives the file that is there a second name, so that its place is never empty."""
    _settle(place)
    aside = place.with_name(f"{place.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    os.link(place, aside)
    journal = journal_of(place)
    if journal.exists() and journal.stat().st_size:
        # One that stayed would be rolled back into the new file.
        journal.rename(journal_of(aside))
    return aside


def _settle(place: Path) -> None:
    """Undoes what a killed process has left half done, while the file and its journal are still together."""
    try:
        with closing(sqlite_inline.connect(str(place))) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        return  # it is past that, perhaps the reason for restoring: both are kept as they are
