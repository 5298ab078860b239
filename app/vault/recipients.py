"""For whom a token may be: an outside caller whose role the notice lets resolve tokens for the purpose."""

from uuid import UUID

from app.identity.store import CallerState, IdentityStore
from app.kernel.errors import FieldError, Kind, VaultError
from app.notice.table import DecisionTable
from app.vault.ask import Ask


class Recipients:
    """Checks the recipients that callers name."""

    def __init__(self, identity: IdentityStore) -> None:
        self._identity = identity

    async def check(self, ask: Ask, table: DecisionTable, recipient: UUID | None) -> None:
        """Returns when nobody is named or the one named may resolve for the ask's purpose; `invalid` otherwise."""
        if recipient is None:
            return
        stored = await self._identity.caller(ask.caller.tenant, recipient)
        allowed = table.recipient_roles_for(ask.purpose)
        if stored is None or stored.state is not CallerState.ACTIVE or not stored.caller.roles & allowed:
            detail = "name an active caller with one of these roles: " + (
                ", ".join(sorted(allowed)) or "there is none"
            )
            error = FieldError("/recipient", "not-a-recipient", detail)
            raise VaultError(
                Kind.INVALID,
                "the notice lets this recipient resolve nothing for this purpose",
                errors=(error,),
            )
