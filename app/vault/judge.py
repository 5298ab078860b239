"""The judgement on one record for one ask: decide, open what the forms need, present, and word the event.

Reads, batches, searches and resolved tokens all come through here, so that they cannot differ. Nothing judged has left the
vault yet: a `Verdict` becomes an answer in `answer`, once its event is durable.

The role × purpose part is decided before a record is looked up, and a collection in which the caller has no grant for the
purpose is judged like a record that does not exist, so that a refusal tells nothing about who is stored here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from app.audit.author import Author, Person
from app.audit.event import NO_FIELDS, Action, Event, FieldTrace, Outcome
from app.crypto.key_derivation import SubjectKeys
from app.crypto.refused import Refused
from app.kernel.clock import Clock
from app.kernel.errors import FieldError, Kind, VaultError
from app.keys.keyring import TenantKeyring
from app.notice.decide import FieldDecision, Question, Reason, Standing
from app.notice.model import BindingState, Channel, Form
from app.notice.table import DecisionTable
from app.subjects.binding import State
from app.vault.ask import Ask, person_of
from app.vault.circumstances import Circumstancer, Known, Situation, decide_with
from app.vault.disclosure import NOTHING_HERE, FieldAnswer
from app.vault.field_types.field_type import FieldType
from app.vault.fields import CollectionTypes, FieldCatalogue
from app.vault.present import NEEDS_VALUE, present
from app.vault.record import StoredRecord
from app.vault.sealing import RecordCipher

_DENIED: Final = "the notice grants none of these fields to this caller for this purpose; see reasons"
_DAMAGED: Final = "a stored value does not pass its integrity check; tell the operator"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted of a record: which fields (all when None), at most which form, tokens for whom, and on which way."""

    fields: tuple[str, ...] | None = None
    form: Form | None = None
    recipient: UUID | None = None
    channel: Channel = Channel.DIRECT
    action: Action = Action.RECORD_DISCLOSE


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is given."""

    kind: Kind
    detail: str
    reasons: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the answer will be, and the event to be made durable first; a refusal, or a record with its fields."""

    event: Event
    refusal: Refusal | None = None
    record: StoredRecord | None = None
    keys: SubjectKeys | None = None
    answers: Mapping[str, FieldAnswer] = field(default_factory=dict)
    tokenised: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is decided about every record that stands alike in one call: the answers but for the values, and the event's words.

    `shown` are the fields whose value is opened for their form, `tokenised` those that get a token.
    """

    outcome: Outcome
    answers: Mapping[str, FieldAnswer]
    shown: Sequence[tuple[str, Form, FieldType]]
    tokenised: tuple[str, ...]
    reasons: Mapping[str, str]
    traces: Mapping[str, FieldTrace]
    inputs: Mapping[str, str | bool]


@dataclass(frozen=True, slots=True)
class Hearing:
    """One call, and what its judgements share: what was looked up for it, its moment, and the rulings made so far."""

    ask: Ask
    table: DecisionTable
    wanted: Wanted
    known: Known
    now: datetime
    author: Author
    rulings: dict[tuple[object, ...], Ruling] = field(default_factory=dict)


class Judge:
    """Judges records for asks under a table."""

    def __init__(
        self, catalogue: FieldCatalogue, keyring: TenantKeyring, circumstancer: Circumstancer, clock: Clock
    ) -> None:
        self._catalogue = catalogue
        self._keyring = keyring
        self._circumstancer = circumstancer
        self._clock = clock

    async def hearing(
        self, ask: Ask, table: DecisionTable, wanted: Wanted, records: Iterable[StoredRecord]
    ) -> Hearing:
        """What many judgements of one call share, looked up once."""
        known = await self._circumstancer.known(ask, table, {record.subject for record in records})
        return Hearing(ask, table, wanted, known, self._clock.now(), ask.author(table))

    def unseen(self, ask: Ask, table: DecisionTable, wanted: Wanted) -> Verdict | None:
        """The refusal that needs no look at any record; None when some grant of the caller serves the purpose."""
        if table.grants_any(ask.caller.roles, ask.purpose, wanted.channel):
            return None
        reason = refusal_of(table, ask.purpose)
        refused = FieldDecision(Form.WITHHELD, clause_of(table, ask.purpose), reason)
        # A name that the notice does not know is the sender's text: neither event nor answer may hold it.
        known = {name for collection in table.notice.collections.values() for name in collection.fields}
        shown = dict.fromkeys([n for n in wanted.fields or () if n in known] or ("*",), refused)
        refusal = Refusal(Kind.DISCLOSURE_DENIED, _DENIED, dict.fromkeys(shown, reason.value))
        event = self._event(ask, table, wanted, Outcome.DENIED, traces=_traces(shown, wanted))
        return Verdict(event, refusal)

    async def judge(
        self,
        ask: Ask,
        table: DecisionTable,
        wanted: Wanted,
        record: StoredRecord | None,
        hearing: Hearing | None = None,
    ) -> Verdict:
        """The verdict on a record that was looked up; `invalid` for a field its collection has not."""
        if (
            record is None
            or not table.grants_any(ask.caller.roles, ask.purpose, wanted.channel, record.collection)
            or ask.caller.subject not in {None, record.subject}  # a customer meets no other customers here
        ):
            return self.not_found(ask, table, wanted)
        hearing = hearing or await self.hearing(ask, table, wanted, [record])
        ruling = self._ruling(hearing, record)
        try:
            keys = await self._keyring.subject(record.tenant, record.subject, record.key)
            return self._verdict(hearing, ruling, record, keys)
        except Refused:
            event = self._event(ask, table, wanted, Outcome.FAILED, record, reason="integrity")
            return Verdict(event, Refusal(Kind.UNAVAILABLE, _DAMAGED, {}))

    def not_found(
        self,
        ask: Ask,
        table: DecisionTable,
        wanted: Wanted,
        record: StoredRecord | None = None,
        keys: SubjectKeys | None = None,
    ) -> Verdict:
        """Nothing here for this caller; the event names the record's handle where it is known, the answer never does."""
        event = self._event(ask, table, wanted, Outcome.DENIED, record, keys, reason="not-found")
        return Verdict(event, Refusal(Kind.NOT_FOUND, NOTHING_HERE, {}))

    async def not_found_in(
        self, ask: Ask, table: DecisionTable, wanted: Wanted, record: StoredRecord
    ) -> Verdict:
        """As `not_found`, for a record that is there but not for this caller: its event tells compliance whose it is."""
        try:
            keys = await self._keyring.subject(record.tenant, record.subject, record.key)
        except Refused:
            return self.not_found(ask, table, wanted)
        return self.not_found(ask, table, wanted, record, keys)

    def _ruling(self, hearing: Hearing, record: StoredRecord) -> Ruling:
        """The ruling on the records that stand as this one does: equal questions get equal answers, so one is enough."""
        ask, table, standing = hearing.ask, hearing.table, record.standing
        marks = self._circumstancer.marks(ask, hearing.known, record)
        binding = self._binding(table, record, ask.purpose, hearing.now)
        place = (record.collection, binding, standing.restricted, standing.held, marks, tuple(record.fields))
        known = hearing.rulings.get(place)
        if known is None:
            situation = self._circumstancer.situation(ask, hearing.known, marks)
            known = hearing.rulings[place] = self._ruled(hearing, record, binding, situation)
        return known

    def _ruled(
        self, hearing: Hearing, record: StoredRecord, binding: BindingState, situation: Situation
    ) -> Ruling:
        table, wanted = hearing.table, hearing.wanted
        types = self._catalogue.of(table, record.collection)
        question = Question(
            roles=hearing.ask.caller.roles,
            purpose=hearing.ask.purpose,
            collection=record.collection,
            fields=_fields_asked(wanted.fields, types),
            channel=wanted.channel,
            standing=Standing(binding, record.standing.restricted, record.standing.held),
            circumstances=situation.circumstances,
            asked=wanted.form,
        )
        decision = decide_with(table, question, situation.approved)
        ruled = {n: f for n, f in decision.fields.items() if f.form is Form.WITHHELD or n in record.fields}
        return Ruling(
            outcome=Outcome(decision.outcome.value),
            answers={name: _without_value(decided) for name, decided in ruled.items()},
            shown=[
                (n, decided.form, types[n]) for n, decided in ruled.items() if decided.form in NEEDS_VALUE
            ],
            tokenised=tuple(name for name, decided in ruled.items() if decided.form is Form.TOKEN),
            reasons={name: decided.reason.value for name, decided in ruled.items()},
            traces=_traces(ruled, wanted),
            inputs={**_inputs(hearing.ask, wanted), **situation.inputs, **_standing(record, binding)},
        )

    def _verdict(self, hearing: Hearing, ruling: Ruling, record: StoredRecord, keys: SubjectKeys) -> Verdict:
        wanted = hearing.wanted
        event = hearing.author.event(
            wanted.action,
            hearing.now,
            outcome=ruling.outcome,
            purpose=hearing.ask.purpose,
            person=Person(record.subject, keys),
            record=record.id,
            collection=record.collection,
            recipient=wanted.recipient,
            fields=ruling.traces,
            inputs=ruling.inputs,
        )
        if event.outcome is Outcome.DENIED:
            return Verdict(event, Refusal(Kind.DISCLOSURE_DENIED, _DENIED, ruling.reasons), record, keys)
        return Verdict(event, None, record, keys, _opened(record, ruling, keys), ruling.tokenised)

    def binding(self, table: DecisionTable, record: StoredRecord, purpose: str) -> BindingState:
        """Whether the purpose is open on the record now; one that nobody closed ends by its `closes-after`."""
        return self._binding(table, record, purpose, self._clock.now())

    def _binding(
        self, table: DecisionTable, record: StoredRecord, purpose: str, now: datetime
    ) -> BindingState:
        known = record.standing.bindings.get(purpose)
        if known is None:
            return BindingState.NONE
        state, opened_at = known
        ends = table.notice.purposes[purpose].closes_after
        if state is State.OPEN and (ends is None or now < ends.after(opened_at)):
            return BindingState.OPEN
        return BindingState.CLOSED

    def _event(
        self,
        ask: Ask,
        table: DecisionTable,
        wanted: Wanted,
        outcome: Outcome,
        record: StoredRecord | None = None,
        keys: SubjectKeys | None = None,
        *,
        traces: Mapping[str, FieldTrace] = NO_FIELDS,
        reason: str | None = None,
    ) -> Event:
        """The event of a refusal."""
        inputs = _inputs(ask, wanted)
        if record is not None and table.knows_purpose(ask.purpose):
            inputs |= _standing(record, self.binding(table, record, ask.purpose))
        return ask.event(
            table,
            wanted.action,
            self._clock.now(),
            outcome,
            person=person_of(record, keys),
            record=record.id if record else None,
            collection=record.collection if record else None,
            recipient=wanted.recipient,
            fields=traces,
            inputs=inputs,
            reason=reason,
        )


def used_up(verdict: Verdict) -> Verdict:
    """The verdict on a token whose last use another resolver has just taken."""
    event = verdict.event._replace(outcome=Outcome.DENIED, fields={}, reason="not-found")
    return Verdict(event, Refusal(Kind.NOT_FOUND, NOTHING_HERE, {}))


def clause_of(table: DecisionTable, purpose: str) -> str | None:
    """The clause a purpose carries out; None for a purpose the notice does not know."""
    return table.notice.purposes[purpose].clause if table.knows_purpose(purpose) else None


def refusal_of(table: DecisionTable, purpose: str) -> Reason:
    """Why a purpose gives a caller without any grant nothing."""
    if table.is_forbidden(purpose):
        return Reason.FORBIDDEN_PURPOSE
    return Reason.NOT_GRANTED if table.knows_purpose(purpose) else Reason.UNKNOWN_PURPOSE


def _fields_asked(asked: tuple[str, ...] | None, types: CollectionTypes) -> tuple[str, ...]:
    """The fields of the question; `invalid` when one is not of this collection."""
    if asked is None:
        return tuple(types)
    if not types.keys() >= set(asked):
        error = FieldError(
            "/fields", "unknown-field", "ask for fields of this collection: " + ", ".join(types)
        )
        raise VaultError(Kind.INVALID, "a field asked for is not in this collection", errors=(error,))
    return tuple(dict.fromkeys(asked))


def _without_value(decided: FieldDecision) -> FieldAnswer:
    reason = decided.reason.value if decided.form is Form.WITHHELD else None
    return FieldAnswer(decided.form, reason=reason)


def _opened(record: StoredRecord, ruling: Ruling, keys: SubjectKeys) -> dict[str, FieldAnswer]:
    """The ruling's answers with the record's values; `Refused` when one is not what was sealed there."""
    cipher = RecordCipher(keys.field, record.tenant, record.subject, record.id, record.collection)
    answers, fields = dict(ruling.answers), record.fields
    for name, form, of_type in ruling.shown:
        version, envelope = fields[name]
        answers[name] = FieldAnswer(form, present(form, of_type, cipher.open_text(name, version, envelope)))
    return answers


def _traces(shown: Mapping[str, FieldDecision], wanted: Wanted) -> dict[str, FieldTrace]:
    asked = wanted.form.value if wanted.form else None
    return {n: FieldTrace(f.form.value, f.reason.value, f.clause, asked) for n, f in shown.items()}


def _inputs(ask: Ask, wanted: Wanted) -> dict[str, str | bool]:
    return {"channel": wanted.channel.value, "case": ask.case is not None}


def _standing(record: StoredRecord, binding: BindingState) -> dict[str, str | bool]:
    standing = record.standing
    return {"binding": binding.value, "restricted": standing.restricted, "held": standing.held}
