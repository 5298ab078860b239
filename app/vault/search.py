"""Finding records by a field's value, or by how it begins: a disclosure, decided before anything is looked up.

The caller must be granted the searched field at `verified` or more for the purpose; in plain to search by prefix, since letter
by letter a beginning gives the value away. Results hold only records that the same ask could read; what it could not is left
out without a word. The event names the field, never the value.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.audit.event import Action, Event, FieldTrace, Outcome
from app.audit.log import AuditLog, Receipt
from app.crypto.refused import Refused
from app.kernel.clock import Clock
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.plaintext import Plaintext
from app.keys.keyring import TenantKeyring
from app.notice.active import ActiveNotices
from app.notice.decide import Circumstances, FieldDecision, Question, Reason, Standing, decide
from app.notice.model import BindingState, Channel, Form, SearchMode
from app.notice.table import DecisionTable
from app.vault.answer import Answerer
from app.vault.ask import Ask
from app.vault.budget import Budget
from app.vault.disclosure import Denial, Disclosure
from app.vault.field_types.field_type import InvalidValue
from app.vault.fields import FieldCatalogue
from app.vault.indexing import Sought, beginning, modes, whole
from app.vault.judge import Judge, Verdict, Wanted
from app.vault.recipients import Recipients
from app.vault.sealing import RecordCipher
from app.vault.store import VaultStore

_FARTHEST: Final = 10_000
"""So many matches are looked at, at most, for those that can be read."""
_TURN: Final = 128
_DAMAGED: Final = "a stored value does not pass its integrity check; tell the operator"


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, where and how, and what is wanted of the records found."""

    collection: str
    field: str
    value: Plaintext
    wanted: Wanted
    limit: int
    mode: SearchMode = SearchMode.EXACT


@dataclass(frozen=True, slots=True)
class Found:
    """The records that match and that the ask can read, oldest first; `more` when there are others beyond the limit."""

    items: Sequence[Disclosure]
    more: bool
    receipt: Receipt


class Searcher:
    """The use case of searching."""

    def __init__(
        self,
        store: VaultStore,
        notices: ActiveNotices,
        catalogue: FieldCatalogue,
        keyring: TenantKeyring,
        judge: Judge,
        answerer: Answerer,
        recipients: Recipients,
        budget: Budget,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._store = store
        self._notices = notices
        self._catalogue = catalogue
        self._keyring = keyring
        self._judge = judge
        self._answerer = answerer
        self._recipients = recipients
        self._budget = budget
        self._audit = audit
        self._clock = clock

    async def search(self, ask: Ask, search: Search) -> Found | Denial:
        """What was found, or the denial; `invalid` for a field that is not there, cannot be searched, or a value that is none."""
        table = await self._notices.table(ask.caller.tenant)
        _check_searchable(table, search)
        decided = _decided(ask, table, search)
        if decided.form is Form.WITHHELD:
            event = self._event(ask, table, search, Outcome.DENIED, decided)
            detail = "the notice does not let this caller search by this field for this purpose; see reasons"
            reasons = {search.field: decided.reason.value}
            return Denial(Kind.DISCLOSURE_DENIED, detail, reasons, await self._audit.append(event))
        sought = await self._sought(ask, table, search)
        await self._recipients.check(ask, table, search.wanted.recipient)
        summary = self._event(ask, table, search, Outcome.ALLOWED, decided)
        await self._budget.search(summary)
        readable = await self._readable(ask, table, search, sought)
        receipt, answers = await self._answerer.answer_all(table, readable[: search.limit], summary=summary)
        if receipt is None:
            raise TypeError("a search has its own event")
        for answer in answers:
            if isinstance(answer, VaultError):
                raise answer
        items = [answer for answer in answers if isinstance(answer, Disclosure)]
        return Found(items, len(readable) > search.limit, receipt)

    async def _readable(
        self, ask: Ask, table: DecisionTable, search: Search, sought: Sought
    ) -> list[Verdict]:
        """Verdicts on matching records that the ask can read, one more than the limit if there are so many.

        Matches that it cannot read must neither take the place of those it can, nor show in `more`.
        """
        tenant, entry, readable = ask.caller.tenant, sought.entry, list[Verdict]()
        looked, reach = 0, search.limit + 1
        while True:
            ids = await self._store.indexed(tenant, entry.place, entry.digest, reach)
            loaded = await self._store.load_many(tenant, ids[looked:])
            hearing = await self._judge.hearing(ask, table, search.wanted, loaded.values())
            for number, record in enumerate(ids[looked:]):
                # Judging thousands that cannot be read must not keep other requests waiting.
                if number % _TURN == _TURN - 1:
                    await asyncio.sleep(0)
                if record in loaded:
                    verdict = await self._judge.judge(ask, table, search.wanted, loaded[record], hearing)
                    if _can_be_read(verdict) and _meant(verdict, search.field, sought):
                        readable.append(verdict)
            if len(readable) > search.limit or len(ids) < reach or reach >= _FARTHEST:
                return readable[: search.limit + 1]
            looked, reach = len(ids), min(reach * 4, _FARTHEST)

    async def _sought(self, ask: Ask, table: DecisionTable, search: Search) -> Sought:
        of_type = self._catalogue.of(table, search.collection)[search.field]
        tenant_keys = await self._keyring.tenant(ask.caller.tenant)
        place = f"{search.collection}.{search.field}"
        find, member = (whole, "/equals") if search.mode is SearchMode.EXACT else (beginning, "/prefix")
        try:
            return find(of_type, tenant_keys, place, search.value)
        except InvalidValue as refused:
            errors = tuple(FieldError(member + e.pointer, e.code, e.detail) for e in refused.errors)
            raise VaultError(
                Kind.INVALID, "this field cannot be searched for such a value; see errors", errors=errors
            ) from None

    def _event(
        self, ask: Ask, table: DecisionTable, search: Search, outcome: Outcome, decided: FieldDecision
    ) -> Event:
        return ask.event(
            table,
            Action.RECORD_SEARCH,
            self._clock.now(),
            outcome,
            collection=search.collection,
            fields={search.field: FieldTrace(decided.form.value, decided.reason.value, decided.clause)},
            inputs={"channel": Channel.DIRECT.value, "case": ask.case is not None},
        )


def _check_searchable(table: DecisionTable, search: Search) -> None:
    collection = table.notice.collections.get(search.collection)
    if collection is None:
        error = FieldError(
            "/collection", "unknown-collection", "name one of: " + ", ".join(table.notice.collections)
        )
    elif search.field not in collection.fields:
        error = FieldError("/field", "unknown-field", "name one of: " + ", ".join(collection.fields))
    elif search.mode not in modes(collection.fields[search.field]):
        error = FieldError("/field", "not-searchable", "the notice does not let this field be searched so")
    elif unknown := [name for name in search.wanted.fields or () if name not in collection.fields]:
        listed = ", ".join(collection.fields)
        place = (search.wanted.fields or ()).index(unknown[0])
        error = FieldError(f"/fields/{place}", "unknown-field", "name some of: " + listed)
    else:
        return
    raise VaultError(Kind.INVALID, "this cannot be searched; see errors", errors=(error,))


def _decided(ask: Ask, table: DecisionTable, search: Search) -> FieldDecision:
    """The decision on the searched field for a record on which the purpose is open."""
    question = Question(
        roles=ask.caller.roles,
        purpose=ask.purpose,
        collection=search.collection,
        fields=(search.field,),
        channel=Channel.DIRECT,
        standing=Standing(BindingState.OPEN),
        circumstances=Circumstances(case=ask.case is not None),
    )
    decided = decide(table, question).fields[search.field]
    if search.mode is SearchMode.PREFIX and decided.form not in {Form.PLAIN, Form.WITHHELD}:
        return FieldDecision(Form.WITHHELD, decided.clause, Reason.NOT_GRANTED)
    return decided


def _can_be_read(verdict: Verdict) -> bool:
    """Whether the ask could read the record; one that fails its integrity check is not passed over in silence."""
    return verdict.refusal is None or verdict.refusal.kind is Kind.UNAVAILABLE


def _meant(verdict: Verdict, name: str, sought: Sought) -> bool:
    """Whether the field of a record that can be read really holds what is sought: an index entry alone proves nothing."""
    record, keys = verdict.record, verdict.keys
    if record is None or keys is None:
        return True
    sealed = record.fields.get(name)
    if sealed is None:
        return False
    cipher = RecordCipher(keys.field, record.tenant, record.subject, record.id, record.collection)
    try:
        return sought.matches(cipher.open_sealed(name, sealed.version, sealed.envelope))
    except Refused:
        raise VaultError(Kind.UNAVAILABLE, _DAMAGED) from None
