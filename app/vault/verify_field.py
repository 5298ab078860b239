"""Checking a value against a stored one, for those who may know whether it is right but not what it is.

The notice grants `verified`. A password is checked against its argon2id verifier off the event loop, and against a made-up
one where none is stored, so that the time says nothing. Wrong answers are counted for each field in the database, and past a
few in a quarter of an hour nobody is answered. A verifier made with other parameters than today's is written anew when its
password was right: only then is the password at hand.
"""

import contextlib
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from app.audit.event import Action, Ciphertext, FieldTrace, Outcome
from app.audit.log import AuditLog, Receipt
from app.crypto.refused import Refused
from app.kernel.clock import Clock
from app.kernel.errors import FieldError, Kind, LimitReached, VaultError
from app.kernel.plaintext import Plaintext
from app.notice.active import ActiveNotices
from app.notice.decide import Reason
from app.notice.model import Form
from app.notice.table import DecisionTable
from app.storage.engine import Database
from app.storage.failures import Conflict
from app.vault.ask import Ask, person_of
from app.vault.change_store import ChangeStore
from app.vault.disclosure import NOTHING_HERE, Denial
from app.vault.field_types.field_type import InvalidValue
from app.vault.fields import FieldCatalogue
from app.vault.judge import Judge, Verdict, Wanted, clause_of
from app.vault.record import StoredRecord
from app.vault.sealing import RecordCipher
from app.vault.store import NewField, VaultStore

WRONG_ANSWERS: Final = 10
WINDOW: Final = timedelta(minutes=15)
VerifyPassword = Callable[[str | None, str], Awaitable[bool]]
"""Verifier (None for the made-up one) and password → whether they match."""
RenewPassword = Callable[[str, str], Awaitable[str | None]]
"""Verifier and its password → the verifier under today's parameters; None when it is already."""
RENEWED: Final = "verifier-renewed"


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the value is the stored one, and the receipt of having asked."""

    matches: bool
    receipt: Receipt


class FieldVerifier:
    """The use case of checking a value."""

    def __init__(
        self,
        database: Database,
        store: VaultStore,
        changes: ChangeStore,
        notices: ActiveNotices,
        catalogue: FieldCatalogue,
        judge: Judge,
        audit: AuditLog,
        clock: Clock,
        verify_password: VerifyPassword,
        renew_password: RenewPassword,
    ) -> None:
        self._database = database
        self._store = store
        self._changes = changes
        self._notices = notices
        self._catalogue = catalogue
        self._judge = judge
        self._audit = audit
        self._clock = clock
        self._verify_password = verify_password
        self._renew_password = renew_password

    async def verify(self, ask: Ask, record: UUID, field: str, value: Plaintext) -> Verified | Denial:
        """Whether the value is right; `too-many-requests` after too many that were not."""
        table = await self._notices.table(ask.caller.tenant)
        wanted = Wanted((field,), Form.VERIFIED, action=Action.RECORD_VERIFY)
        verdict = self._judge.unseen(ask, table, wanted)
        stored = None if verdict else await self._store.load(ask.caller.tenant, record)
        if verdict is None:
            verdict = await self._judge.judge(ask, table, wanted, stored)
        if verdict.refusal is not None or stored is None:
            return await self._refused(verdict)
        kind = table.notice.collections[stored.collection].fields[field].type
        attempt = await self._attempt(verdict, stored, field)
        try:
            matches = await self._matches(verdict, stored, field, value, kind)
        except VaultError:
            await self._forget(stored, field, attempt)  # what is no value of the type is no guess
            raise
        event = verdict.event._replace(inputs={**verdict.event.inputs, "matches": matches})
        receipt = await self._audit.append(event)
        if matches:
            await self._forget(stored, field, attempt)
        if matches and kind == "password":
            await self._renew(ask, table, verdict, stored, field, value)
        return Verified(matches, receipt)

    async def _renew(
        self,
        ask: Ask,
        table: DecisionTable,
        verdict: Verdict,
        record: StoredRecord,
        field: str,
        password: Plaintext,
    ) -> None:
        """Writes the verifier under today's parameters, in a version of its own; a change made meanwhile wins."""
        known, cipher = self._opened(verdict, record, field), _cipher(verdict, record)
        verifier = known and await self._renew_password(known.reveal(), password.reveal())
        if cipher is None or verifier is None:
            return
        version, now = record.version + 1, self._clock.now()
        new = NewField(field, version, cipher.seal(field, version, Plaintext(verifier)), ())
        event = ask.event(
            table,
            Action.RECORD_CHANGE,
            now,
            Outcome.ALLOWED,
            person=person_of(record, verdict.keys),
            record=record.id,
            collection=record.collection,
            fields={field: FieldTrace("stored", Reason.GRANTED.value, clause_of(table, ask.purpose))},
            written={field: Ciphertext(version, hashlib.sha256(new.envelope).hexdigest())},
            reason=RENEWED,
        )
        with contextlib.suppress(Conflict):  # a change made meanwhile wins
            async with self._database.transaction(record.tenant) as work:
                if not await self._changes.advance(work, record, now):
                    raise Conflict
                await self._changes.replace_fields(work, record, [field], [new])
                await self._audit.record(work, [event])

    async def _attempt(self, verdict: Verdict, record: StoredRecord, field: str) -> UUID:
        """Counts the attempt before it is made, so that of many at once not all are the first; else `LimitReached`."""
        now = self._clock.now()
        try:
            async with self._database.bookkeeping(record.tenant) as work:
                attempt = await self._changes.add_attempt(
                    work, record, field, now, now - WINDOW, WRONG_ANSWERS
                )
        except Conflict:
            raise VaultError(Kind.NOT_FOUND, NOTHING_HERE) from None  # deleted this very moment
        if attempt is not None:
            return attempt
        denied = verdict.event._replace(outcome=Outcome.DENIED, fields={}, reason="too-many-wrong-answers")
        receipt = await self._audit.append(denied)
        raise LimitReached(
            "too many wrong answers for this field; try again in a quarter of an hour",
            policy="verify",
            most=WRONG_ANSWERS,
            window=int(WINDOW.total_seconds()),
            seconds=int(WINDOW.total_seconds()),
            event=receipt.event.id,
        )

    async def _forget(self, record: StoredRecord, field: str, attempt: UUID) -> None:
        async with self._database.bookkeeping(record.tenant) as work:
            await self._changes.remove_attempt(work, record, field, attempt)

    async def _refused(self, verdict: Verdict) -> Denial:
        receipt = await self._audit.append(verdict.event)
        refusal = verdict.refusal
        if refusal is None or refusal.kind is Kind.UNAVAILABLE:
            raise VaultError(Kind.UNAVAILABLE, "the stored value cannot be checked; tell the operator")
        return Denial(refusal.kind, refusal.detail, refusal.reasons, receipt)

    async def _matches(
        self, verdict: Verdict, record: StoredRecord, field: str, value: Plaintext, kind: str
    ) -> bool:
        known = self._opened(verdict, record, field)
        if kind == "password":
            if not isinstance(value.reveal(), str):
                raise _not_of_type((FieldError("", "wrong-type", "send the password as text"),))
            return await self._verify_password(None if known is None else known.reveal(), value.reveal())
        of_type = self._catalogue.of(await self._notices.table(record.tenant), record.collection)[field]
        try:
            given = of_type.normalise(of_type.parse(value.reveal()))
        except InvalidValue as refused:
            raise _not_of_type(refused.errors) from None
        except TypeError:
            raise VaultError(Kind.INVALID, "values of this field's type cannot be checked") from None
        return known is not None and hmac.compare_digest(
            of_type.normalise(known.reveal()).encode(), given.encode()
        )

    def _opened(self, verdict: Verdict, record: StoredRecord, field: str) -> Plaintext | None:
        sealed, cipher = record.fields.get(field), _cipher(verdict, record)
        if sealed is None or cipher is None:
            return None
        try:
            return cipher.open_sealed(field, sealed.version, sealed.envelope)
        except Refused:
            raise VaultError(
                Kind.UNAVAILABLE, "a stored value does not pass its integrity check; tell the operator"
            ) from None


def _cipher(verdict: Verdict, record: StoredRecord) -> RecordCipher | None:
    if verdict.keys is None:
        return None
    return RecordCipher(verdict.keys.field, record.tenant, record.subject, record.id, record.collection)


def _not_of_type(errors: tuple[FieldError, ...]) -> VaultError:
    placed = tuple(FieldError("/value" + e.pointer, e.code, e.detail) for e in errors)
    return VaultError(Kind.INVALID, "the value to check is none of this field's type", errors=placed)
