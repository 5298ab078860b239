"""Resolving tokens: a disclosure through the token channel to the one the token was issued to.

Whatever is wrong with a token or with its bearer gets one and the same answer, after the same calls to the database. A
limited token is used up in the transaction of its event, so that of two resolvers of the last use one wins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.audit.event import Action
from app.audit.log import AuditLog, Receipt
from app.crypto.token import digest, parse
from app.kernel.clock import Clock
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import new_uuid
from app.keys.keyring import TenantKeyring
from app.notice.active import ActiveNotices
from app.notice.model import Channel
from app.notice.table import DecisionTable
from app.storage.engine import Database
from app.vault.answer import disclosing
from app.vault.ask import Ask
from app.vault.budget import Budget
from app.vault.disclosure import FieldAnswer
from app.vault.judge import Judge, Verdict, Wanted, used_up
from app.vault.record import StoredRecord
from app.vault.store import ANYONE, TokenRow, VaultStore

NO_SUCH_TOKEN: Final = (
    "there is no such token for you and this purpose: it may be used up, expired, revoked, or another's"
)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A token's field in the form the notice grants its bearer."""

    subject: UUID
    collection: str
    field: str
    answer: FieldAnswer


class TokenResolver:
    """The use case of resolving tokens."""

    def __init__(
        self,
        database: Database,
        store: VaultStore,
        notices: ActiveNotices,
        keyring: TenantKeyring,
        judge: Judge,
        budget: Budget,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = store
        self._notices = notices
        self._keyring = keyring
        self._judge = judge
        self._budget = budget
        self._audit = audit
        self._clock = clock

    async def resolve(
        self, ask: Ask, texts: Sequence[str]
    ) -> tuple[list[Resolved | VaultError], list[Receipt]]:
        """One result and one receipt a token, in order; `not-found` for every reason there is. All events are durable."""
        tenant = ask.caller.tenant
        table = await self._notices.table(tenant)
        places = [await self._place(tenant, text) for text in texts]
        rows = await self._store.tokens_by_digest(tenant, places)
        found = [rows.get(name) for _, name in places]
        # With nothing found a record that cannot exist is looked up: the number of calls tells nothing.
        records = await self._store.load_many(tenant, [row.record for row in rows.values()] or [new_uuid(0)])
        now = self._clock.now()
        verdicts = [await self._judged(ask, table, row, records, now) for row in found]
        await self._budget.meet(disclosing(verdicts))
        return await self._used(ask, list(zip(found, verdicts, strict=True)))

    async def _place(self, tenant: str, text: str) -> tuple[int, bytes]:
        """Bucket and digest; those of no token for a text that is none."""
        try:
            random, bucket = parse((await self._keyring.tenant(tenant)).token_buckets, text)
        except ValueError:
            return 0, b""
        return bucket, digest(random)

    async def _judged(
        self,
        ask: Ask,
        table: DecisionTable,
        row: TokenRow | None,
        records: dict[UUID, StoredRecord],
        now: datetime,
    ) -> Verdict:
        wanted = Wanted(
            fields=(row.field,) if row else (),
            recipient=ask.caller.id,
            channel=Channel.TOKEN,
            action=Action.TOKEN_RESOLVE,
        )
        record = records.get(row.record) if row else None
        if row is None or record is None:
            return self._judge.not_found(ask, table, wanted)
        known = row.field in table.notice.collections[record.collection].fields
        if not known or not _belongs(row, ask) or row.expires_at <= now:
            return await self._judge.not_found_in(ask, table, wanted, record)
        return await self._judge.judge(ask, table, wanted, record)

    async def _used(
        self, ask: Ask, judged: Sequence[tuple[TokenRow | None, Verdict]]
    ) -> tuple[list[Resolved | VaultError], list[Receipt]]:
        limited = [row for row, v in judged if row and row.uses_left is not None and _given(row, v)]
        if not limited:
            receipts = await self._audit.append_all(ask.caller.tenant, [v.event for _, v in judged])
            return [_result(row, verdict) for row, verdict in judged], receipts
        async with self._database.transaction(ask.caller.tenant) as work:
            now = self._clock.now()
            final: list[tuple[TokenRow | None, Verdict]] = []
            for row, verdict in judged:
                if row is not None and row in limited and not await self._store.use_token(work, row, now):
                    verdict = used_up(verdict)  # noqa: PLW2901  # somebody else took the last use: this is its verdict now
                final.append((row, verdict))
            receipts = await self._audit.record(work, [verdict.event for _, verdict in final])
        return [_result(row, verdict) for row, verdict in final], receipts


def _belongs(row: TokenRow, ask: Ask) -> bool:
    return row.purpose == ask.purpose and row.recipient in {ANYONE, ask.caller.id}


def _given(row: TokenRow, verdict: Verdict) -> bool:
    """Whether the verdict hands out the token's field; a field that was deleted is not there to be given."""
    return verdict.refusal is None and row.field in verdict.answers


def _result(row: TokenRow | None, verdict: Verdict) -> Resolved | VaultError:
    if verdict.refusal is not None and verdict.refusal.kind is Kind.UNAVAILABLE:
        return VaultError(verdict.refusal.kind, verdict.refusal.detail)
    if row is None or verdict.record is None or not _given(row, verdict):
        return VaultError(Kind.NOT_FOUND, NO_SUCH_TOKEN)
    return Resolved(row.subject, verdict.record.collection, row.field, verdict.answers[row.field])
