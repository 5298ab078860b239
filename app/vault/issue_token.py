"""Issuing tokens: one for each field, purpose and recipient, the same one again until it expires, is used up or revoked.

The rows of new tokens and the event of the disclosure that issues them share a transaction. A token's text is not stored:
it is computed again from the person's key and the row's salt (docs/adr/0002-stable-tokens-without-storing-them.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.audit.event import Event
from app.audit.log import AuditLog, Receipt
from app.crypto.key_derivation import SubjectKeys
from app.crypto.token import digest, mint, new_salt, random_part
from app.kernel.clock import Clock
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import bucket_of
from app.keys.keyring import TenantKeyring
from app.notice.table import DecisionTable
from app.storage.engine import Database
from app.storage.failures import Conflict
from app.vault.record import StoredRecord
from app.vault.store import ANYONE, TokenRow, VaultStore

_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token as it is handed out."""

    text: str
    expires_at: datetime


class TokenIssuer:
    """Finds or makes the tokens of a record's fields."""

    def __init__(
        self, database: Database, store: VaultStore, keyring: TenantKeyring, audit: AuditLog, clock: Clock
    ) -> None:
        self._database = database
        self._store = store
        self._keyring = keyring
        self._audit = audit
        self._clock = clock

    async def issue(
        self,
        record: StoredRecord,
        keys: SubjectKeys,
        table: DecisionTable,
        event: Event,
        fields: Sequence[str],
    ) -> tuple[dict[str, IssuedToken], Receipt]:
        """A token for each field, for the event's purpose and recipient; the event is durable when they are returned."""
        for _ in range(_ATTEMPTS):
            live, expired = await self._known(record, event)
            missing = [field for field in fields if field not in live]
            try:
                receipt = await self._make(record, keys, table, event, live, missing, expired)
            except Conflict:
                continue  # another read has just issued one of them: give out that one
            mask_key = (await self._keyring.tenant(record.tenant)).token_buckets
            return {
                field: IssuedToken(
                    mint(keys.token, mask_key, bucket_of(record.subject), live[field].salt),
                    live[field].expires_at,
                )
                for field in fields
            }, receipt
        raise VaultError(Kind.UNAVAILABLE, "the tokens of this record are being changed; try again")

    async def _known(self, record: StoredRecord, event: Event) -> tuple[dict[str, TokenRow], list[TokenRow]]:
        now = self._clock.now()
        live: dict[str, TokenRow] = {}
        expired: list[TokenRow] = []
        for row in await self._store.live_tokens(record.tenant, record.id):
            if row.purpose == event.purpose and row.recipient == (event.recipient or ANYONE):
                if row.expires_at > now:
                    live[row.field] = row
                else:
                    expired.append(row)
        return live, expired

    async def _make(
        self,
        record: StoredRecord,
        keys: SubjectKeys,
        table: DecisionTable,
        event: Event,
        live: dict[str, TokenRow],
        missing: Sequence[str],
        expired: Sequence[TokenRow],
    ) -> Receipt:
        if not missing:
            return await self._audit.append(event)
        now = self._clock.now()
        expires_at = table.notice.tokens.live.after(now)
        for field in missing:
            salt = new_salt()
            live[field] = TokenRow(
                record.id,
                field,
                str(event.purpose),
                event.recipient or ANYONE,
                salt,
                digest(random_part(keys.token, salt)),
                expires_at,
            )
        async with self._database.transaction(record.tenant) as work:
            await self._store.retire_tokens(
                work, [row.digest for row in expired if row.field in missing], bucket_of(record.subject), now
            )
            await self._store.add_tokens(work, record.subject, [live[field] for field in missing], now)
            (receipt,) = await self._audit.record(work, [event])
        return receipt
