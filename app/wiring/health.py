"""Whether what the vault depends on answers now."""

from app.kernel.errors import VaultError
from app.wiring.migrate import is_current
from app.wiring.parts import Parts


async def readiness(parts: Parts) -> dict[str, str]:
    """`ok` or `unavailable` for the database, the key provider, the audit log and the migrations.

    `checkpoints` stops nothing: `ok`, `damaged` when a log is not signed any more, or the places that are behind; nor does
    `erasures`: `ok`, `no-key` when nothing can be erased, `no-ledger` when a restored backup would bring back what was; nor does
    `sweep`: `ok`, or `stopped` when the sweep stands still because the clock looks wrong, or none has run for a day.
    """
    found = dict.fromkeys(("database", "keys", "audit", "migrations"), "unavailable")
    found["checkpoints"] = ",".join(parts.audit_tree.keeper.troubles) or "ok"
    found["erasures"] = parts.erasing.trouble or "ok"
    try:
        await parts.keyring.check()
        found["keys"] = "ok"
    except VaultError:
        found["keys"] = "unavailable"
    try:
        await parts.database.answers()
        found["database"] = "ok"
        await parts.audit_query.answers(parts.settings.home_tenant)
        found["audit"] = "ok"
        found["migrations"] = "ok" if await is_current(parts.database) else "unavailable"
        trouble = await parts.retention.sweeper.trouble(parts.settings.home_tenant)
        found["sweep"] = "stopped" if trouble else "ok"
    except VaultError:
        return found
    return found
