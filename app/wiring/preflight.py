"""What start-up refuses, each with the words that say what to do.

Settings and keyring files refuse by themselves when they are read; here is what can only be seen with the database open.
"""

from app.settings.settings import Mode
from app.wiring.migrate import is_current
from app.wiring.parts import Parts


class StartRefused(Exception):
    """The vault does not start like this; the text says why and what to do."""


async def preflight(parts: Parts) -> None:
    """Returns when the vault may serve; `StartRefused`, `KeyringRefused` or `DatabaseUnavailable` otherwise."""
    await parts.keyring.check()
    if not await is_current(parts.database):
        raise StartRefused("the database's schema is not this version's; run `kin migrate`")
    if parts.settings.mode is Mode.PRODUCTION and await parts.database.ignores_row_security():
        raise StartRefused(
            "the database role is a superuser or may bypass row-level security, which would not hold tenants apart; "
            "connect as an ordinary role that owns the tables"
        )
