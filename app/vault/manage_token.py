"""Tokens by call: issuing with terms of one's own, revoking, listing what is out.

A token's text is given only when it is issued.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.audit.author import Author
from app.audit.event import Action, Event, FieldTrace
from app.audit.log import AuditLog, Receipt
from app.crypto.refused import Refused
from app.crypto.token import digest, parse
from app.kernel.caller import Caller
from app.kernel.clock import Clock
from app.kernel.duration import Duration
from app.kernel.errors import FieldError, Kind, VaultError
from app.keys.keyring import TenantKeyring
from app.notice.active import ActiveNotices
from app.notice.model import Form
from app.storage.engine import Database
from app.vault.answer import Answerer
from app.vault.ask import Ask, notice_ref, person_of
from app.vault.disclosure import NOTHING_HERE, Denial, Disclosure
from app.vault.issue_token import Terms
from app.vault.judge import Judge, Wanted
from app.vault.recipients import Recipients
from app.vault.record import StoredRecord
from app.vault.store import TokenRow, VaultStore


@dataclass(frozen=True, slots=True)
class TokenOrder:
    """Which fields of which record are to be tokens, for whom, how long and how often."""

    record: UUID
    fields: tuple[str, ...]
    recipient: UUID | None
    expires_at: datetime | None
    uses: int | None


class TokenManager:
    """The use cases on tokens of those who hand them out."""

    def __init__(
        self,
        database: Database,
        store: VaultStore,
        notices: ActiveNotices,
        keyring: TenantKeyring,
        recipients: Recipients,
        judge: Judge,
        answerer: Answerer,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = store
        self._notices = notices
        self._keyring = keyring
        self._recipients = recipients
        self._judge = judge
        self._answerer = answerer
        self._audit = audit
        self._clock = clock

    async def issue(self, ask: Ask, order: TokenOrder) -> Disclosure | Denial:
        """Tokens for the fields the notice lets the caller have at least as tokens; the live ones again, with their own terms."""
        table = await self._notices.table(ask.caller.tenant)
        _check_life(order.expires_at, self._clock.now(), table.notice.tokens.live)
        wanted = Wanted(order.fields, Form.TOKEN, order.recipient, action=Action.TOKEN_ISSUE)
        verdict = self._judge.unseen(ask, table, wanted)
        if verdict is None:
            await self._recipients.check(ask, table, order.recipient)
            record = await self._store.load(ask.caller.tenant, order.record)
            verdict = await self._judge.judge(ask, table, wanted, record)
        return await self._answerer.answer(table, verdict, Terms(order.expires_at, order.uses))

    async def revoke(self, caller: Caller, request: str, texts: Sequence[str]) -> tuple[int, Receipt]:
        """Ends tokens at once; what is no live token of this tenant is passed over in silence."""
        mask_key = (await self._keyring.tenant(caller.tenant)).token_buckets
        places = []
        for text in texts:
            try:
                random, bucket = parse(mask_key, text)
            except ValueError:
                continue
            places.append((bucket, digest(random)))
        rows = await self._store.tokens_by_digest(caller.tenant, places)
        return await self._retire(caller, request, list(rows.values()))

    async def revoke_all(self, caller: Caller, request: str, record: UUID) -> tuple[int, Receipt]:
        """Ends all tokens of a record at once; `not-found` when there is no such record."""
        await self._record(caller, record)
        return await self._retire(caller, request, await self._store.live_tokens(caller.tenant, [record]))

    async def listed(self, caller: Caller, request: str, record: UUID) -> list[TokenRow]:
        """The live tokens of a record, without their texts; `not-found` when there is no such record."""
        stored = await self._record(caller, record)
        now = self._clock.now()
        rows = [r for r in await self._store.live_tokens(caller.tenant, [record]) if r.expires_at > now]
        await self._audit.append(await self._event(caller, request, Action.TOKEN_LIST, stored, rows))
        return rows

    async def _record(self, caller: Caller, record: UUID) -> StoredRecord:
        stored = await self._store.load(caller.tenant, record)
        if stored is None:
            raise VaultError(Kind.NOT_FOUND, NOTHING_HERE)
        return stored

    async def _retire(self, caller: Caller, request: str, rows: Sequence[TokenRow]) -> tuple[int, Receipt]:
        records = await self._store.load_many(caller.tenant, [row.record for row in rows])
        events = [
            await self._event(
                caller, request, Action.TOKEN_REVOKE, stored, [row for row in rows if row.record == stored.id]
            )
            for stored in records.values()
        ] or [await self._event(caller, request, Action.TOKEN_REVOKE, None, [])]
        async with self._database.transaction(caller.tenant) as work:
            count = await self._store.retire_tokens(work, rows, self._clock.now())
            receipts = await self._audit.record(work, events)
        return count, receipts[0]

    async def _event(
        self,
        caller: Caller,
        request: str,
        action: Action,
        record: StoredRecord | None,
        rows: Sequence[TokenRow],
    ) -> Event:
        table = await self._notices.table(caller.tenant)
        clause = table.notice.tokens.clause
        given = "revoked" if action is Action.TOKEN_REVOKE else "listed"
        keys = None
        if record:
            with contextlib.suppress(Refused):  # a damaged key must not keep a token from being revoked
                keys = await self._keyring.subject(record.tenant, record.subject, record.key)
        return Author(caller, request, notice_ref(table)).event(
            action,
            self._clock.now(),
            person=person_of(record, keys),
            record=record.id if record else None,
            collection=record.collection if record else None,
            fields={row.field: FieldTrace(given, "granted", clause) for row in rows},
        )


def _check_life(expires_at: datetime | None, now: datetime, most: Duration) -> None:
    """Returns when a token may live until then, which nobody has to say; `invalid` otherwise."""
    if expires_at is None or now < expires_at <= most.after(now):
        return
    if expires_at <= now:
        code, detail = "too-short", "a token lives for a second at least; ask for more"
    else:
        code, detail = "too-long", "the notice lets a token live no longer; ask for less"
    error = FieldError("/expires_in", code, detail)
    raise VaultError(Kind.INVALID, "a token cannot live for that time; see errors", errors=(error,))
