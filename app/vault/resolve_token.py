"""Resolving tokens: a disclosure through the token channel to the one the token was issued to.

Whatever is wrong with a token or with its bearer gets one and the same answer, after the same calls to the database. A
limited token is used up in the transaction of its event, so that of two resolvers of the last use one wins; resolutions that
arrive together share queries and that transaction.
"""

from collections import Counter
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
from app.storage.coalesce import Coalescer
from app.storage.engine import Database, UnitOfWork
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


_Judged = list[tuple[TokenRow | None, Verdict]]
"""The tokens of one request, in order, with the verdicts on them."""


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
        self._uses: Coalescer[_Judged, tuple[_Judged, list[Receipt]]] = Coalescer(
            self._use_all, largest=16, in_flight=2
        )

    async def resolve(
        self, ask: Ask, texts: Sequence[str]
    ) -> tuple[list[Resolved | VaultError], list[Receipt]]:
        """One result and one receipt a token, in order; `not-found` for every reason there is. All events are durable."""
        tenant = ask.caller.tenant
        table = await self._notices.table(tenant)
        places = [await self._place(tenant, text) for text in texts]
        found = await self._found(tenant, places)
        # With nothing found a record that cannot exist is looked up: the number of calls tells nothing.
        wanted = list(dict.fromkeys(row.record for row in found if row)) or [new_uuid(0)]
        records = await self._store.load_many(tenant, wanted)
        now = self._clock.now()
        verdicts = [await self._judged(ask, table, row, records, now) for row in found]
        await self._budget.meet(disclosing(verdicts))
        return await self._used(ask, list(zip(found, verdicts, strict=True)))

    async def _found(self, tenant: str, places: Sequence[tuple[int, bytes]]) -> list[TokenRow | None]:
        if len(places) == 1:
            return [await self._store.token_by_digest(tenant, *places[0])]
        rows = await self._store.tokens_by_digest(tenant, places)
        return [rows.get(name) for _, name in places]

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
        collection = table.notice.collections.get(record.collection)  # a newer notice may have it no more
        known = collection is not None and row.field in collection.fields
        if not known or not _belongs(row, ask) or row.expires_at <= now:
            return await self._judge.not_found_in(ask, table, wanted, record)
        return await self._judge.judge(ask, table, wanted, record)

    async def _used(self, ask: Ask, judged: _Judged) -> tuple[list[Resolved | VaultError], list[Receipt]]:
        tenant = ask.caller.tenant
        if any(_limited(row, verdict) for row, verdict in judged):
            judged, receipts = await self._uses.submit(tenant, judged)
        else:
            receipts = await self._audit.append_all(tenant, [verdict.event for _, verdict in judged])
        return [_result(row, verdict) for row, verdict in judged], receipts

    async def _use_all(self, tenant: str, requests: Sequence[_Judged]) -> list[tuple[_Judged, list[Receipt]]]:
        """The requests with their final verdicts, in one transaction: one use is taken for each time a token is named."""
        named = [row for judged in requests for row, verdict in judged if row and _limited(row, verdict)]
        async with self._database.transaction(tenant) as work:
            left = await self._taken(work, named)
            final = [[_final(row, verdict, left) for row, verdict in judged] for judged in requests]
            events = [verdict.event for judged in final for _, verdict in judged]
            receipts = iter(await self._audit.record(work, events))
        return [(judged, [next(receipts) for _ in judged]) for judged in final]

    async def _taken(self, work: UnitOfWork, named: Sequence[TokenRow]) -> Counter[bytes]:
        """How many uses of each token could be taken. A token that is named twice is used twice, by two statements."""
        taken, now, waiting = Counter[bytes](), self._clock.now(), list(named)
        while waiting:
            once = {row.digest: row for row in reversed(waiting)}
            taken.update(await self._store.use_tokens(work, list(once.values()), now))
            for row in once.values():
                waiting.remove(row)
        return taken


def _belongs(row: TokenRow, ask: Ask) -> bool:
    return row.purpose == ask.purpose and row.recipient in {ANYONE, ask.caller.id}


def _limited(row: TokenRow | None, verdict: Verdict) -> bool:
    return row is not None and row.uses_left is not None and _given(row, verdict)


def _final(row: TokenRow | None, verdict: Verdict, left: Counter[bytes]) -> tuple[TokenRow | None, Verdict]:
    """The verdict, unless somebody else took the last use of its token."""
    if row is None or not _limited(row, verdict):
        return row, verdict
    if not left[row.digest]:
        return row, used_up(verdict)
    left[row.digest] -= 1
    return row, verdict


def _given(row: TokenRow, verdict: Verdict) -> bool:
    """Whether the verdict hands out the token's field; a field that was deleted is not there to be given."""
    return verdict.refusal is None and row.field in verdict.answers


def _result(row: TokenRow | None, verdict: Verdict) -> Resolved | VaultError:
    if verdict.refusal is not None and verdict.refusal.kind is Kind.UNAVAILABLE:
        return VaultError(verdict.refusal.kind, verdict.refusal.detail)
    if row is None or verdict.record is None or not _given(row, verdict):
        return VaultError(Kind.NOT_FOUND, NO_SUCH_TOKEN)
    return Resolved(row.subject, verdict.record.collection, row.field, verdict.answers[row.field])
