"""Issuing tokens: one for each field, purpose and recipient, the same one again until it expires, is used up or revoked.

A token's text is not stored: it is computed again from the person's key and the row's salt
(docs/adr/0002-stable-tokens-without-storing-them.md). What is planned here is carried out in the transaction that holds the
events of the disclosures that issue the tokens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.crypto.token import digest, mint, new_salt, random_part
from app.kernel.clock import Clock
from app.kernel.ids import bucket_of
from app.keys.keyring import TenantKeyring
from app.notice.table import DecisionTable
from app.storage.engine import UnitOfWork
from app.vault.judge import Verdict
from app.vault.store import ANYONE, TokenRow, VaultStore


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a new token lives and how often it resolves; the notice's time and no count when left out."""

    expires_at: datetime | None = None
    uses: int | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token as it is handed out; `uses` is how often it still resolves, None without a limit."""

    text: str
    expires_at: datetime
    uses: int | None


@dataclass(frozen=True, slots=True)
class TokenPlan:
    """Which tokens answer which verdict, which of them are new, and which rows have run out."""

    tokens: Mapping[UUID, Mapping[str, IssuedToken]]
    new: Sequence[TokenRow]
    expired: Sequence[TokenRow]

    def tokens_of(self, verdict: Verdict) -> Mapping[str, IssuedToken]:
        """Field → token."""
        return {n: t for n, t in self.tokens.get(verdict.event.id, {}).items() if n in verdict.tokenised}


class TokenIssuer:
    """Finds or makes the tokens that verdicts call for."""

    def __init__(self, store: VaultStore, keyring: TenantKeyring, clock: Clock) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock

    async def plan(
        self, table: DecisionTable, verdicts: Sequence[Verdict], terms: Terms | None = None
    ) -> TokenPlan:
        """The tokens of all verdicts that call for some; `terms` are those of new ones."""
        wanting = [v for v in verdicts if v.tokenised and v.record is not None]
        if not wanting:
            return TokenPlan({}, [], [])
        tenant, now = wanting[0].event.tenant, self._clock.now()
        terms = terms or Terms()
        expires_at = terms.expires_at or table.notice.tokens.live.after(now)
        mask_key = (await self._keyring.tenant(tenant)).token_buckets
        rows = await self._store.live_tokens(tenant, [v.record.id for v in wanting if v.record])
        known = {(row.record, row.field, row.purpose, row.recipient): row for row in rows}
        tokens: dict[UUID, dict[str, IssuedToken]] = {}
        new: dict[tuple[UUID, str, str, UUID], TokenRow] = {}
        expired: list[TokenRow] = []
        for verdict in wanting:
            record, keys = verdict.record, verdict.keys
            if record is None or keys is None:
                continue
            for field in verdict.tokenised:
                place = (record.id, field, str(verdict.event.purpose), verdict.event.recipient or ANYONE)
                row = known.get(place)
                if row is not None and row.expires_at <= now:
                    expired.append(row)
                    row = None
                if row is None:
                    salt = new_salt()
                    row = new.setdefault(
                        place,
                        TokenRow(
                            *place,
                            salt,
                            digest(random_part(keys.token, salt)),
                            expires_at,
                            terms.uses,
                            record.subject,
                        ),
                    )
                text = mint(keys.token, mask_key, bucket_of(record.subject), row.salt)
                issued = IssuedToken(text, row.expires_at, row.uses_left)
                tokens.setdefault(verdict.event.id, {})[field] = issued
        return TokenPlan(tokens, list(new.values()), expired)

    async def carry_out(self, work: UnitOfWork, plan: TokenPlan) -> None:
        """Retires what has run out and adds what is new; `Conflict` when another request was first."""
        now = self._clock.now()
        await self._store.retire_tokens(work, plan.expired, now)
        await self._store.add_tokens(work, plan.new, now)
