"""What start-up refuses, each with the words that say what to do.

Settings and keyring files refuse by themselves when they are read; here is what can only be seen with the database open.
"""

from app.settings.settings import Mode, Settings
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
    if parts.settings.mode is Mode.PRODUCTION:
        _provable(parts.settings)


def _provable(settings: Settings) -> None:
    if settings.audit_signing_key is None:
        raise StartRefused(
            "nothing would sign the audit log; set KIN_AUDIT_SIGNING_KEY to the file that `kin key init` made beside the keyring"
        )
    if settings.checkpoint_file is None and settings.witness_url is None:
        raise StartRefused(
            "the audit log's checkpoints would go nowhere, and a log cut short could not be told from a whole one; "
            "set KIN_CHECKPOINT_FILE to a file on another disk, or KIN_WITNESS_URL"
        )
