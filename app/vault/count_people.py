"""Counting people by generalised fields, for research: nobody's values are told, only how many share them.

Each record is judged as a read of it for the same purpose would be, and is counted if that read gave something. A person with
several records is counted once, with the newest value of each field. Which counts are told is decided in `suppression`, from
the tables of all fields the notice lets the caller count by, whichever of them it asks for.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from app.audit.event import WITHHELD, Action, Event, FieldTrace, Outcome
from app.audit.log import AuditLog, Receipt
from app.kernel.clock import Clock
from app.kernel.errors import FieldError, Kind, VaultError
from app.notice.active import ActiveNotices
from app.notice.decide import Circumstances, FieldDecision, Question, Reason, Standing, decide
from app.notice.model import BindingState, Channel, Form
from app.notice.table import DecisionTable
from app.vault.ask import Ask
from app.vault.budget import Budget
from app.vault.disclosure import Denial
from app.vault.judge import Judge, Verdict, Wanted
from app.vault.population import Population
from app.vault.store import VaultStore
from app.vault.suppression import Cell, Group, order_of, tellable

_PAUSE: Final = 16
_DENIED: Final = (
    "the notice does not let this caller count people by these fields for this purpose; see reasons"
)
_DAMAGED: Final = "a stored value does not pass its integrity check; tell the operator"
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode
Decided = Mapping[str, FieldDecision]


@dataclass(frozen=True, slots=True)
class Count:
    """What is asked: how many people, by which fields of which collection."""

    collection: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupCount:
    """Some people: the values they share (None for a field that is not stored), and how many they are, rounded down."""

    values: Mapping[str, Any]
    people: int


@dataclass(frozen=True, slots=True)
class Counted:
    """The groups that may be told, the largest first, under the receipt of the count."""

    groups: Sequence[GroupCount]
    threshold: int
    receipt: Receipt


class PeopleCounter:
    """The use case of counting. Each process counts one thing at a time."""

    def __init__(
        self,
        population: Population,
        store: VaultStore,
        notices: ActiveNotices,
        judge: Judge,
        budget: Budget,
        audit: AuditLog,
        clock: Clock,
        *,
        threshold: int,
    ) -> None:
        self._population = population
        self._store = store
        self._notices = notices
        self._judge = judge
        self._budget = budget
        self._audit = audit
        self._clock = clock
        self._threshold = threshold
        self._turn = asyncio.Lock()

    async def count(self, ask: Ask, count: Count) -> Counted | Denial:
        """How many people share which values, or the denial; `invalid` for what the notice has not."""
        table = await self._notices.table(ask.caller.tenant)
        _check(table, count)
        wanted = Wanted(count.by, Form.GENERALISED, action=Action.STATISTICS_COUNT)
        unseen = self._judge.unseen(ask, table, wanted)
        if unseen is not None:
            return await self._denied(unseen.event._replace(collection=count.collection))
        decided = _decided(ask, table, count.collection)
        if any(decided[name].form is Form.WITHHELD for name in count.by):
            return await self._denied(self._event(ask, table, count, decided, Outcome.DENIED))
        event = self._event(ask, table, count, decided, Outcome.ALLOWED)
        await self._budget.count(event)
        fields = tuple(name for name, found in decided.items() if found.form is not Form.WITHHELD)
        cells = await self._counted(ask, table, count.collection, fields, event)
        told = await asyncio.to_thread(tellable, cells, self._threshold)
        receipt = await self._audit.append(event)
        return Counted(_page(told, fields, count.by), self._threshold, receipt)

    async def _denied(self, event: Event) -> Denial:
        reasons = {name: trace.reason for name, trace in event.fields.items() if trace.given == WITHHELD}
        return Denial(Kind.DISCLOSURE_DENIED, _DENIED, reasons, await self._audit.append(event))

    async def _counted(
        self, ask: Ask, table: DecisionTable, collection: str, fields: tuple[str, ...], event: Event
    ) -> Counter[Cell]:
        """Generalised values → how many people have them; memory grows with the values there are, not with the people."""
        cells: Counter[Cell] = Counter()
        person: UUID | None = None
        shown: dict[str, str] = {}
        async with self._turn, aclosing(self._judged(ask, table, collection, fields)) as judged:
            async for subject, verdict in judged:
                if verdict.refusal is not None:
                    if verdict.refusal.kind is Kind.UNAVAILABLE:
                        failed = event._replace(outcome=Outcome.FAILED, fields={}, reason="integrity")
                        await self._audit.append(failed)
                        raise VaultError(Kind.UNAVAILABLE, _DAMAGED)
                    continue
                if person not in {None, subject}:
                    cells[_cell(fields, shown)] += 1
                    shown = {}
                person = subject
                shown |= _generalised(verdict)
        if person is not None:
            cells[_cell(fields, shown)] += 1
        return cells

    async def _judged(
        self, ask: Ask, table: DecisionTable, collection: str, fields: tuple[str, ...]
    ) -> AsyncGenerator[tuple[UUID, Verdict], None]:
        """The judgement on every record the purpose is open on, a person's side by side; others get their turn in between."""
        wanted = Wanted(fields, Form.GENERALISED, action=Action.STATISTICS_COUNT)
        purpose = None if table.notice.purposes[ask.purpose].standing else ask.purpose
        tenant = ask.caller.tenant
        async with aclosing(self._population.pages(tenant, collection, purpose)) as pages:
            async for page in pages:
                loaded = await self._store.load_many(tenant, [record for _, record in page])
                hearing = await self._judge.hearing(ask, table, wanted, loaded.values())
                for number, (subject, record) in enumerate(page):
                    if number % _PAUSE == 0:
                        await asyncio.sleep(0)
                    if record in loaded:
                        yield subject, await self._judge.judge(ask, table, wanted, loaded[record], hearing)

    def _event(
        self, ask: Ask, table: DecisionTable, count: Count, decided: Decided, outcome: Outcome
    ) -> Event:
        return ask.event(
            table,
            Action.STATISTICS_COUNT,
            self._clock.now(),
            outcome,
            collection=count.collection,
            fields={
                name: FieldTrace(decided[name].form.value, decided[name].reason.value, decided[name].clause)
                for name in count.by
            },
            inputs={"channel": Channel.DIRECT.value, "case": ask.case is not None},
        )


def _check(table: DecisionTable, count: Count) -> None:
    collection = table.notice.collections.get(count.collection)
    if collection is None:
        listed = ", ".join(table.notice.collections)
        errors = [FieldError("/collection", "unknown-collection", "name one of: " + listed)]
    else:
        listed = ", ".join(collection.fields)
        errors = [
            FieldError(f"/by/{place}", "unknown-field", "name fields of this collection: " + listed)
            for place, name in enumerate(count.by)
            if name not in collection.fields
        ]
    if errors:
        raise VaultError(Kind.INVALID, "this cannot be counted; see errors", errors=tuple(errors))


def _decided(ask: Ask, table: DecisionTable, collection: str) -> Decided:
    """The decision on each field of the collection, for a record on which the purpose is open: generalised or nothing."""
    question = Question(
        roles=ask.caller.roles,
        purpose=ask.purpose,
        collection=collection,
        fields=tuple(table.notice.collections[collection].fields),
        channel=Channel.DIRECT,
        standing=Standing(BindingState.OPEN),
        circumstances=Circumstances(case=ask.case is not None),
        asked=Form.GENERALISED,
    )
    decided = decide(table, question).fields
    return {name: _generalised_or_nothing(found) for name, found in decided.items()}


def _generalised_or_nothing(found: FieldDecision) -> FieldDecision:
    if found.form in {Form.GENERALISED, Form.WITHHELD}:
        return found
    return FieldDecision(Form.WITHHELD, found.clause, Reason.NOT_GRANTED)


def _generalised(verdict: Verdict) -> dict[str, str]:
    answers = verdict.answers.items()
    return {name: _ENCODE(given.value) for name, given in answers if given.form is Form.GENERALISED}


def _cell(fields: Sequence[str], shown: Mapping[str, str]) -> Cell:
    return tuple(shown.get(name) for name in fields)


def _page(told: Mapping[Group, int], fields: Sequence[str], by: Sequence[str]) -> list[GroupCount]:
    """The table of these fields, the largest groups first."""
    places = tuple(place for place, name in enumerate(fields) if name in by)
    groups = [(values, people) for (asked, values), people in told.items() if asked == places]
    groups.sort(key=lambda group: (-group[1], order_of(group[0])))
    return [
        GroupCount(
            {fields[p]: v and json.loads(v) for p, v in zip(places, values, strict=True)},
            people,
        )
        for values, people in groups
    ]
