"""Reading a record: load, decide, open, present, record, answer. The one path on which values leave the vault.

The role × purpose part is decided before the record is looked up, and a collection in which the caller has no grant for the
purpose is answered like a record that does not exist, so that a refusal tells nothing about who is stored here. A
`Disclosure` cannot be built without the receipt of an event that is already durable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NoReturn
from uuid import UUID

from app.audit.event import Action, Event, FieldTrace, NoticeRef, Outcome
from app.audit.log import AuditLog, Receipt
from app.crypto.handle import handle
from app.crypto.key_derivation import SubjectKeys
from app.crypto.refused import Refused
from app.kernel.clock import Clock
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.ids import new_uuid, random_bucket
from app.keys.keyring import TenantKeyring
from app.notice.active import ActiveNotices
from app.notice.decide import Circumstances, Decision, FieldDecision, Question, Reason, Standing, decide
from app.notice.model import BindingState, Channel, Form
from app.notice.table import DecisionTable
from app.subjects.binding import State
from app.vault.ask import Ask
from app.vault.denial import NOTHING_HERE, Denial
from app.vault.fields import CollectionTypes, FieldCatalogue
from app.vault.issue_token import TokenIssuer
from app.vault.present import NEEDS_VALUE, present
from app.vault.record import StoredRecord
from app.vault.sealing import RecordCipher
from app.vault.store import VaultStore


@dataclass(frozen=True, slots=True)
class DisclosureRequest:
    """What is wanted: which record, which fields (all when None), at most which form, tokens for whom."""

    ask: Ask
    record: UUID
    fields: tuple[str, ...] | None = None
    form: Form | None = None
    recipient: UUID | None = None


@dataclass(frozen=True, slots=True)
class FieldAnswer:
    """One field as it leaves the vault."""

    form: Form
    value: Any = None
    reason: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The fields in their forms, and the receipt of the event that was durable before this was built."""

    record: StoredRecord
    fields: Mapping[str, FieldAnswer]
    receipt: Receipt


class Discloser:
    """The use case of reading one record."""

    def __init__(
        self,
        store: VaultStore,
        notices: ActiveNotices,
        catalogue: FieldCatalogue,
        keyring: TenantKeyring,
        issuer: TokenIssuer,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._store = store
        self._notices = notices
        self._catalogue = catalogue
        self._keyring = keyring
        self._issuer = issuer
        self._audit = audit
        self._clock = clock

    async def disclose(self, request: DisclosureRequest) -> Disclosure | Denial:
        """The disclosure, or the denial; either way its event is durable. `invalid` for a field the collection has not."""
        ask = request.ask
        table = await self._notices.table(ask.caller.tenant)
        if not table.grants_any(ask.caller.roles, ask.purpose, Channel.DIRECT):
            return await self._refuse_unseen(request, table)
        record = await self._store.load(ask.caller.tenant, request.record)
        if record is None or not table.grants_any(
            ask.caller.roles, ask.purpose, Channel.DIRECT, record.collection
        ):
            return await self._not_found(request, table)
        types = self._catalogue.of(table, record.collection)
        decision = decide(table, self._question(table, request, record, _fields_asked(request.fields, types)))
        try:
            keys = await self._keyring.subject(record.tenant, record.subject, record.key)
            return await self._answer(request, table, record, decision, keys)
        except Refused:
            return await self._fail(request, table, record)

    async def _answer(
        self,
        request: DisclosureRequest,
        table: DecisionTable,
        record: StoredRecord,
        decision: Decision,
        keys: SubjectKeys,
    ) -> Disclosure | Denial:
        shown = {n: f for n, f in decision.fields.items() if f.form is Form.WITHHELD or n in record.fields}
        event = self._event(request, table, Outcome(decision.outcome.value), shown, record, keys)
        if event.outcome is Outcome.DENIED:
            reasons = {name: field.reason.value for name, field in shown.items()}
            return Denial(Kind.DISCLOSURE_DENIED, _DENIED, reasons, await self._audit.append(event))
        answers = self._present(table, record, shown, keys)
        tokenised = [name for name, field in shown.items() if field.form is Form.TOKEN]
        if not tokenised:
            return Disclosure(record, answers, await self._audit.append(event))
        tokens, receipt = await self._issuer.issue(record, keys, table, event, tokenised)
        answers |= {n: FieldAnswer(Form.TOKEN, t.text, expires_at=t.expires_at) for n, t in tokens.items()}
        return Disclosure(record, answers, receipt)

    def _present(
        self,
        table: DecisionTable,
        record: StoredRecord,
        shown: Mapping[str, FieldDecision],
        keys: SubjectKeys,
    ) -> dict[str, FieldAnswer]:
        types = self._catalogue.of(table, record.collection)
        cipher = RecordCipher(keys.field, record.tenant, record.subject, record.id, record.collection)
        answers: dict[str, FieldAnswer] = {}
        for name, field in shown.items():
            if field.form in NEEDS_VALUE:
                sealed = record.fields[name]
                value = cipher.open_sealed(name, sealed.version, sealed.envelope)
                answers[name] = FieldAnswer(field.form, present(field.form, types[name], value))
            else:
                answers[name] = FieldAnswer(field.form, reason=_reason_shown(field))
        return answers

    def _question(
        self, table: DecisionTable, request: DisclosureRequest, record: StoredRecord, fields: tuple[str, ...]
    ) -> Question:
        ask = request.ask
        return Question(
            roles=ask.caller.roles,
            purpose=ask.purpose,
            collection=record.collection,
            fields=fields,
            channel=Channel.DIRECT,
            standing=Standing(self._binding(table, record, ask.purpose), record.standing.restricted),
            circumstances=Circumstances(case=ask.case is not None),
            asked=request.form,
        )

    def _binding(self, table: DecisionTable, record: StoredRecord, purpose: str) -> BindingState:
        known = record.standing.bindings.get(purpose)
        if known is None:
            return BindingState.NONE
        state, opened_at = known
        ends = table.notice.purposes[purpose].closes_after
        if state is State.OPEN and (ends is None or self._clock.now() < ends.after(opened_at)):
            return BindingState.OPEN
        return BindingState.CLOSED

    async def _refuse_unseen(self, request: DisclosureRequest, table: DecisionTable) -> Denial:
        purpose = request.ask.purpose
        reason = (
            Reason.FORBIDDEN_PURPOSE
            if table.is_forbidden(purpose)
            else Reason.NOT_GRANTED
            if table.knows_purpose(purpose)
            else Reason.UNKNOWN_PURPOSE
        )
        refused = FieldDecision(Form.WITHHELD, clause_of(table, purpose), reason)
        shown = dict.fromkeys(request.fields or ("*",), refused)
        receipt = await self._audit.append(self._event(request, table, Outcome.DENIED, shown))
        return Denial(Kind.DISCLOSURE_DENIED, _DENIED, dict.fromkeys(shown, reason.value), receipt)

    async def _not_found(self, request: DisclosureRequest, table: DecisionTable) -> Denial:
        event = self._event(request, table, Outcome.DENIED, {}, reason="not-found")
        return Denial(Kind.NOT_FOUND, NOTHING_HERE, {}, await self._audit.append(event))

    async def _fail(self, request: DisclosureRequest, table: DecisionTable, record: StoredRecord) -> NoReturn:
        event = self._event(request, table, Outcome.FAILED, {}, record, reason="integrity")
        await self._audit.append(event)
        raise VaultError(
            Kind.UNAVAILABLE, "a stored value does not pass its integrity check; tell the operator"
        )

    def _event(
        self,
        request: DisclosureRequest,
        table: DecisionTable,
        outcome: Outcome,
        shown: Mapping[str, FieldDecision],
        record: StoredRecord | None = None,
        keys: SubjectKeys | None = None,
        reason: str | None = None,
    ) -> Event:
        ask = request.ask
        inputs: dict[str, str | bool] = {"channel": Channel.DIRECT.value, "case": ask.case is not None}
        if record is not None:
            inputs["binding"] = self._binding(table, record, ask.purpose).value
            inputs["restricted"] = record.standing.restricted
        asked = request.form.value if request.form else None
        return Event(
            id=new_uuid(random_bucket()),
            at=self._clock.now(),
            tenant=ask.caller.tenant,
            action=Action.RECORD_DISCLOSE,
            outcome=outcome,
            request=ask.request,
            caller=ask.caller.id,
            roles=tuple(ask.caller.roles),
            purpose=ask.purpose,
            case=ask.case,
            subject=handle(keys.handle, record.subject) if record and keys else None,
            record=handle(keys.handle, record.id) if record and keys else None,
            collection=record.collection if record else None,
            recipient=request.recipient,
            notice=NoticeRef(table.notice_id, table.version, table.digest),
            fields={n: FieldTrace(f.form.value, f.reason.value, f.clause, asked) for n, f in shown.items()},
            inputs=inputs,
            reason=reason,
        )


_DENIED: Final = "the notice grants none of these fields to this caller for this purpose; see reasons"


def clause_of(table: DecisionTable, purpose: str) -> str | None:
    """The clause a purpose carries out; None for a purpose the notice does not know."""
    return table.notice.purposes[purpose].clause if table.knows_purpose(purpose) else None


def _reason_shown(field: FieldDecision) -> str | None:
    return field.reason.value if field.form is Form.WITHHELD else None


def _fields_asked(asked: tuple[str, ...] | None, types: CollectionTypes) -> tuple[str, ...]:
    """The fields of the question; `invalid` when one is not of this collection."""
    if asked is None:
        return tuple(types)
    unknown = [
        FieldError("/fields", "unknown-field", "ask for fields of this collection: " + ", ".join(types))
        for name in asked
        if name not in types
    ]
    if unknown:
        raise VaultError(
            Kind.INVALID, "a field asked for is not in this collection", errors=tuple(unknown[:1])
        )
    return tuple(dict.fromkeys(asked))
