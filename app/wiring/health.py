"""Whether what the vault depends on answers now."""

from app.kernel.errors import VaultError
from app.wiring.migrate import is_current
from app.wiring.parts import Parts


async def readiness(parts: Parts) -> dict[str, str]:
    """`ok` or `unavailable` for the database, the key provider, the audit log and the migrations.

    `checkpoints` stops nothing: `ok`, `damaged` when a log is not signed any more, or the places that are behind.
    """
    found = dict.fromkeys(("database", "keys", "audit", "migrations"), "unavailable")
    found["checkpoints"] = ",".join(parts.audit_tree.keeper.troubles) or "ok"
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
    except VaultError:
        return found
    return found
