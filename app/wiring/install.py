"""What a new tenant gets: its row, its keys, its first notice, in one transaction with one event each for tenant and notice."""

import re
from typing import Final

from app.audit.event import Action, Event, Outcome
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import new_uuid
from app.notice.check import check_source
from app.notice.parse import parse
from app.storage.failures import Conflict
from app.wiring.parts import Parts

_NAME: Final = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)


async def install_tenant(parts: Parts, tenant: str, notice: str) -> None:
    """Creates a tenant whose first active notice is the given source; `invalid` for a bad name or a notice with errors."""
    if not _NAME.fullmatch(tenant):
        raise VaultError(Kind.INVALID, "a tenant's name has 1 to 32 characters of a-z, 0-9 and -")
    findings = [finding for finding in check_source(notice) if finding.severity == "error"]
    if findings:
        raise VaultError(Kind.INVALID, "the notice does not pass its checks; run `kin notice check` on it")
    digest, now = parse(notice).source_digest, parts.clock.now()
    try:
        async with parts.database.transaction(tenant) as work:
            await parts.identity.add_tenant(work, now)
            await parts.keyring.create(work)
            await parts.notice_versions.add_active(work, 1, digest, notice, now)
            await parts.audit.record(work, [_event(parts, tenant, a, about) for a, about in _STEPS])
    except Conflict:
        raise VaultError(Kind.CONFLICT, "the tenant exists; choose another name") from None


_STEPS = ((Action.TENANT_CREATE, None), (Action.NOTICE_ACTIVATE, "1"))


def _event(parts: Parts, tenant: str, action: Action, about: str | None) -> Event:
    return Event(
        id=new_uuid(),
        at=parts.clock.now(),
        tenant=tenant,
        action=action,
        outcome=Outcome.ALLOWED,
        about=about,
    )
