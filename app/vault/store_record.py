"""Storing records, one or many: whether the caller may, and whether what it submits may be kept.

A caller stores what the notice lets its roles write for the declared purpose; what a body may hold is decided in
`submission`. What is accepted is written by `write_record`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from app.audit.event import WITHHELD, Action, FieldTrace, Outcome
from app.audit.log import AuditLog
from app.kernel.clock import Clock
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.plaintext import Plaintext
from app.notice.active import ActiveNotices
from app.notice.decide import Reason
from app.notice.table import DecisionTable
from app.vault.ask import Ask
from app.vault.disclosure import Denial
from app.vault.fields import FieldCatalogue
from app.vault.judge import clause_of
from app.vault.key_fence import KeyLost
from app.vault.submission import Submission, check
from app.vault.write_record import Accepted, Keep, RecordWriter, Stored
from app.vault.writing import may_write

_RECORDS_CONSENTS: Final = "consents.record"
HashPassword = Callable[[str], Awaitable[str]]
StoreOutcome = Stored | Denial | VaultError


_Writable = dict[tuple[str, ...], tuple[Mapping[str, str], Mapping[str, str]]]
"""What `may_write` says for a notice, a collection and names of fields: in one call the same for all records that are alike."""


class RecordStorer:
    """The use cases of storing."""

    def __init__(
        self,
        notices: ActiveNotices,
        catalogue: FieldCatalogue,
        writer: RecordWriter,
        audit: AuditLog,
        clock: Clock,
        hash_password: HashPassword,
    ) -> None:
        self._notices = notices
        self._catalogue = catalogue
        self._writer = writer
        self._audit = audit
        self._clock = clock
        self._hash_password = hash_password

    async def store(
        self, ask: Ask, submission: Submission, keep: Keep[Stored] | None = None
    ) -> Stored | Denial:
        """The stored record, or the denial; `invalid` and `not-covered` list every mistake, by field."""
        accepted = await self._accept(ask, submission, {})
        if isinstance(accepted, Denial):
            return accepted
        return await self._writer.write(replace(accepted, keep=keep))

    async def store_many(
        self, ask: Ask, submissions: Sequence[Submission], keep: Keep[Sequence[StoreOutcome]] | None = None
    ) -> list[StoreOutcome]:
        """One outcome a submission, in order; each succeeds or fails alone."""
        judged = await self._accept_all(ask, submissions)
        accepted = [item for item in judged if isinstance(item, Accepted)]

        def whole(written: Sequence[Stored | Exception]) -> list[StoreOutcome]:
            rest = iter(written)
            return [_item(next(rest) if isinstance(item, Accepted) else item) for item in judged]

        kept: Keep[Sequence[Stored | Exception]] | None
        kept = Keep(keep.begun, lambda written: keep.render(whole(written))) if keep else None
        return whole(await self._writer.write_all(ask.caller.tenant, accepted, kept) if accepted else [])

    async def _accept_all(
        self, ask: Ask, submissions: Sequence[Submission]
    ) -> list[Accepted | Denial | BaseException]:
        """Each one accepted, or why not. Only hashing a password takes a while, so only then do they go side by side."""
        table = await self._notices.table(ask.caller.tenant)
        slow = {
            name
            for name, collection in table.notice.collections.items()
            if any(field.type == "password" for field in collection.fields.values())
        }
        if any(submission.collection in slow for submission in submissions):
            each = (self._accept(ask, submission, {}) for submission in submissions)
            return await asyncio.gather(*each, return_exceptions=True)
        judged: list[Accepted | Denial | BaseException] = []
        known: _Writable = {}
        for submission in submissions:
            try:
                judged.append(await self._accept(ask, submission, known))
            except VaultError as error:
                judged.append(error)
        return judged

    async def _accept(self, ask: Ask, submission: Submission, known: _Writable) -> Accepted | Denial:
        table = await self._notices.table(ask.caller.tenant)
        if submission.collection not in table.notice.collections:
            error = FieldError(
                "/collection", "unknown-collection", "name one of: " + ", ".join(table.notice.collections)
            )
            raise VaultError(Kind.INVALID, "the notice has no such collection", errors=(error,))
        place = (table.digest, submission.collection, *submission.fields)
        if place not in known:
            known[place] = may_write(ask, table, submission.collection, submission.fields)
        clauses, reasons = known[place][0], dict(known[place][1])
        if submission.consents and _RECORDS_CONSENTS not in table.permissions(ask.caller.roles):
            reasons["consents"] = Reason.NOT_GRANTED.value
        if reasons:
            return await self._refuse(ask, submission, table, reasons)
        check(submission, table, self._catalogue.of(table, submission.collection), self._clock.now())
        fields = await self._passwords_hashed(submission, table)
        return Accepted(ask, submission, table, fields, clauses)

    async def _passwords_hashed(
        self, submission: Submission, table: DecisionTable
    ) -> Mapping[str, Plaintext]:
        """The values as they are sealed: a password becomes its verifier, everything else stays as submitted."""
        fields = dict(submission.fields)
        for name, field in table.notice.collections[submission.collection].fields.items():
            if field.type == "password" and name in fields:
                fields[name] = Plaintext(await self._hash_password(fields[name].reveal()))
        return fields

    async def _refuse(
        self, ask: Ask, submission: Submission, table: DecisionTable, reasons: Mapping[str, str]
    ) -> Denial:
        clause = clause_of(table, ask.purpose)
        traces = {name: FieldTrace(WITHHELD, reason, clause) for name, reason in reasons.items()}
        event = ask.event(
            table,
            Action.RECORD_STORE,
            self._clock.now(),
            Outcome.DENIED,
            collection=submission.collection,
            fields=traces,
        )
        detail = "the notice lets this caller store none of this for this purpose; see reasons"
        return Denial(Kind.DISCLOSURE_DENIED, detail, reasons, await self._audit.append(event))


def _item(outcome: Stored | Denial | BaseException) -> StoreOutcome:
    """What one item of a batch comes to; what nobody foresaw concerns the whole batch, and so does a key that is lost."""
    if isinstance(outcome, KeyLost) or (
        isinstance(outcome, BaseException) and not isinstance(outcome, VaultError)
    ):
        raise outcome
    return outcome
