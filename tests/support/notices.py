"""Notices that differ from the reference notice, activated in a running vault."""

from sqlalchemy import update

from app.audit.event import Action, Event, Outcome
from app.kernel.ids import new_uuid
from app.notice.check import check_source
from app.notice.parse import parse
from app.notice.reference import reference_source
from app.notice.store import VersionState
from app.notice.tables import notice_versions
from tests.support.vaults import TENANT, Vault


def changed(*changes: tuple[str, str]) -> str:
    """The reference notice with each text (which must occur once) replaced by another."""
    source = reference_source().decode()
    for old, new in changes:
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


async def activate(vault: Vault, source: str) -> None:
    """Makes the source version 2, active, and known to the running vault."""
    assert [finding for finding in check_source(source) if finding.severity == "error"] == []
    parts, now = vault.parts, vault.parts.clock.now()
    event = Event(
        id=new_uuid(0),
        at=now,
        tenant=TENANT,
        action=Action.NOTICE_ACTIVATE,
        outcome=Outcome.ALLOWED,
        about="2",
    )
    async with parts.database.transaction(TENANT) as work:
        await work.execute(update(notice_versions).values(state=VersionState.RETIRED.value))
        await parts.notice_versions.add_active(work, 2, parse(source).source_digest, source, now)
        await parts.audit.record(work, [event])
    await parts.notices.table(TENANT)
    await parts.notices.refresh()
