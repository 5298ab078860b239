"""`kin erasures`: what is due is printed with its reason; a sweep by hand erases it; a clock that looks wrong ends with 1."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

from app.audit.query import Filter
from app.audit.tables import audit_events
from app.cli.main import commands
from app.kernel.clock import rfc3339
from app.notice.tables import notice_versions
from tests.support.clocks import SetClock
from tests.support.erasing import erasing_settings
from tests.support.orders import events
from tests.support.people import done, stored_delivery
from tests.support.vaults import TENANT, SqliteStore, Vault, running_vault

LONG_AGO = timedelta(days=1000)


@pytest.fixture
async def vault(sqlite_store: SqliteStore, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault with a parcel that was delivered long ago, under a notice that was active then."""
    clock = SetClock()
    clock.forward(days=-LONG_AGO.days)
    settings = erasing_settings(tmp_path)
    async with running_vault(sqlite_store, tmp_path, clock, **settings) as running:
        await stored_delivery(running, purposes=("delivery",))
        over = {"purpose": "delivery", "ref": "order-1001"}
        await done(running, "checkout", "POST", "/v1/bindings/close", over)
        async with running.parts.database.bookkeeping(TENANT) as work:
            await work.execute(update(notice_versions).values(activated_at=clock.now()))
        yield running


async def kin(vault: Vault, *arguments: str) -> Result:
    settings = vault.parts.settings
    given = {
        "mode": "development",
        "database_url": vault.database_url,
        "keyring": vault.keyring,
        "audit_signing_key": settings.audit_signing_key,
        "erasure_ledger": settings.erasure_ledger,
    }
    environment = {f"KIN_{name.upper()}": str(value) for name, value in given.items()}
    # A command runs a loop of its own, so it needs a thread of its own.
    return await asyncio.to_thread(CliRunner().invoke, commands, arguments, env=environment)


async def test_what_is_due_is_printed_and_erased(vault: Vault) -> None:
    shown = await kin(vault, "erasures", "due", "--json")
    assert (shown.exit_code, shown.stderr) == (0, "")
    lines = [json.loads(line) for line in shown.stdout.splitlines()]
    assert {line["field"] for line in lines} == {"recipient", "phone", "address", "note"}
    assert {(line["purpose"], line["clause"], line["held"]) for line in lines} == {
        ("delivery", "third-parties", False)
    }
    table = await kin(vault, "erasures", "due")
    assert table.stdout.splitlines()[0].split()[:3] == ["erase_at", "due_at", "record"]
    assert len(table.stdout.splitlines()) == 5
    early = rfc3339(datetime.now(UTC) - LONG_AGO + timedelta(days=10))
    assert (await kin(vault, "erasures", "due", "--json", "--before", early)).stdout == ""

    counted = await kin(vault, "erasures", "run", "--dry-run")
    assert "of 1 people" in counted.stdout
    swept = await kin(vault, "erasures", "run")
    assert (swept.exit_code, "erased something of 1 people" in swept.stdout) == (0, True)
    again = await kin(vault, "erasures", "run")
    assert (again.exit_code, "erased something of 0 people" in again.stdout) == (0, True)
    assert len(await events(vault, action="subject.erase")) == 1


async def test_a_clock_that_looks_wrong_erases_nothing_until_the_operator_has_looked(vault: Vault) -> None:
    (made,) = (await vault.parts.audit_query.page(TENANT, Filter(action="tenant.create"), limit=1)).items
    two_days_ago = made | {"at": rfc3339(datetime.now(UTC) - timedelta(days=2))}
    async with vault.parts.database.bookkeeping(TENANT) as work:  # and nobody has swept since
        event = update(audit_events).where(audit_events.c.action == "tenant.create")
        await work.execute(event.values(body=json.dumps(two_days_ago).encode()))
    stopped = await kin(vault, "erasures", "run")
    assert stopped.exit_code == 1
    assert "more than a day after the last sweep" in stopped.stderr
    assert "--clock-is-right" in stopped.stderr
    assert (await kin(vault, "check")).exit_code == 1
    confirmed = await kin(vault, "erasures", "run", "--clock-is-right")
    assert (confirmed.exit_code, "erased something of 1 people" in confirmed.stdout) == (0, True)


async def test_a_time_without_an_offset_is_wrong_usage(vault: Vault) -> None:
    for text in ("tomorrow", "2026-11-22", "2026-11-22T08:00:00"):
        ended = await kin(vault, "erasures", "due", "--before", text)
        assert ended.exit_code == 2
        assert "Traceback" not in ended.stderr
