"""Which of a grant's conditions hold for a call: assigned, case, approved, own.

What needs a look into the database is looked up only when some grant of the caller's roles names it for the purpose, once for
all records of a call. An approved order opens single fields, so the decision is made twice, with and without it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from app.approvals.approval import Order
from app.approvals.store import OrderStore
from app.kernel.clock import Clock
from app.kernel.ids import text_of
from app.notice.decide import Circumstances, Decision, Outcome, Question, decide
from app.notice.model import Condition, Form
from app.notice.table import DecisionTable
from app.subjects.assignment_store import AssignmentStore
from app.vault.ask import Ask
from app.vault.record import StoredRecord

_LOOKED_UP: Final = frozenset({Condition.ASSIGNED, Condition.APPROVED})


@dataclass(frozen=True, slots=True)
class Known:
    """What was found out for a call; None for what none of its grants asks for."""

    assigned_to: frozenset[UUID] | None = None
    order: Order | None = None
    asked_for_order: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """How one record stands to a call: the conditions that hold, the fields an order opens, and both as an event has them."""

    circumstances: Circumstances
    approved: frozenset[str] = frozenset()
    inputs: Mapping[str, str | bool] = field(default_factory=dict)


NOTHING_ASKED: Final = Known()
_NO_FIELDS: Final[frozenset[str]] = frozenset()
Marks = tuple[bool, bool, frozenset[str]]
"""Whether the record's person is assigned to the caller and is the caller, and the fields an order opens."""


class Circumstancer:
    """Finds out what the grants of a call make depend on it."""

    def __init__(self, assignments: AssignmentStore, orders: OrderStore, clock: Clock) -> None:
        self._assignments = assignments
        self._orders = orders
        self._clock = clock

    async def known(self, ask: Ask, table: DecisionTable, subjects: Collection[UUID]) -> Known:
        """What matters for a call on these people's records; no query when no grant asks for one."""
        asked = table.asks(ask.caller.roles, ask.purpose)
        if asked.isdisjoint(_LOOKED_UP):
            return NOTHING_ASKED
        needs_order = Condition.APPROVED in asked
        order = await self._orders.by_id(ask.caller.tenant, ask.order) if needs_order and ask.order else None
        assigned_to = await self._assigned_to(ask, subjects) if Condition.ASSIGNED in asked else None
        return Known(assigned_to, order, needs_order)

    def marks(self, ask: Ask, known: Known, record: StoredRecord) -> Marks:
        """What of one record makes its situation; records with equal marks are in the same."""
        return (
            known.assigned_to is not None and record.subject in known.assigned_to,
            ask.caller.subject is not None and ask.caller.subject == record.subject,
            self._approved(ask, known, record),
        )

    def situation(self, ask: Ask, known: Known, marks: Marks) -> Situation:
        """The situation of the records with these marks."""
        assigned, own, approved = marks
        inputs: dict[str, str | bool] = {"case": ask.case is not None}
        if ask.caller.subject is not None:
            inputs["own"] = own
        if known.assigned_to is not None:
            inputs["assigned"] = assigned
        if known.asked_for_order:
            inputs["approved"] = ",".join(sorted(approved)) or False
        if ask.order is not None:
            inputs["order"] = text_of("ord", ask.order)
        circumstances = Circumstances(assigned=assigned, case=ask.case is not None, own=own)
        return Situation(circumstances, approved, inputs)

    async def _assigned_to(self, ask: Ask, subjects: Collection[UUID]) -> frozenset[UUID]:
        caller, now = ask.caller, self._clock.now()
        found = await self._assignments.to_caller(caller.tenant, subjects, caller.id)
        return frozenset(made.subject for made in found if made.serves(caller.id, ask.case, now))

    def _approved(self, ask: Ask, known: Known, record: StoredRecord) -> frozenset[str]:
        if known.order is None:
            return _NO_FIELDS
        opened = known.order.opens(record.subject, ask.purpose, ask.case, self._clock.now())
        places = (name.partition(".") for name in opened)
        return frozenset(name for collection, _, name in places if collection == record.collection)


def decide_with(table: DecisionTable, question: Question, approved: frozenset[str]) -> Decision:
    """The decision, where an approval holds for some fields and not for others."""
    without = decide(table, question)
    if not approved:
        return without
    circumstances = replace(question.circumstances, approved=True)
    opened = decide(table, replace(question, circumstances=circumstances))
    fields = {n: (opened if n in approved else without).fields[n] for n in without.fields}
    withheld = sum(decided.form is Form.WITHHELD for decided in fields.values())
    if withheld == len(fields):
        return Decision(Outcome.DENIED, fields)
    return Decision(Outcome.PARTIAL if withheld else Outcome.ALLOWED, fields)
