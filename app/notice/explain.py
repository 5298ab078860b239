"""Why a question was answered as it was: the reasons in the order in which they are considered, up to the one
that decided.

Decides nothing: it asks `decide` and puts words to the answer, with the clause's title and what would have to
hold instead.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from app.notice.decide import decide
from app.notice.model import Condition, Grant, Notice
from app.notice.question import Decision, FieldDecision, Outcome, Question, Reason
from app.notice.table import DecisionTable

_PASSED: Final = {
    Reason.UNKNOWN_PURPOSE: "the notice names the purpose",
    Reason.FORBIDDEN_PURPOSE: "the notice does not forbid the purpose",
    Reason.NOT_GRANTED: "a grant of the caller's roles names the field for this purpose and channel",
    Reason.RESTRICTED: "the customer's restriction does not stand in the way",
    Reason.PURPOSE_NOT_OPEN: "the purpose reaches the record: it is open on it, or standing",
    Reason.NEEDS_ASSIGNED: "the conditions of a grant hold",
    Reason.GRANTED: "it is given",
}
"""What is said of a reason that did not apply; the four missing conditions are one step."""

_STOPPED: Final = {
    Reason.UNKNOWN_PURPOSE: "the notice names no such purpose; declare one that it does",
    Reason.FORBIDDEN_PURPOSE: "the notice forbids the purpose; nothing can be granted for it",
    Reason.NOT_GRANTED: "no grant of these roles names the field for this purpose and channel, or withheld was asked",
    Reason.RESTRICTED: "the customer has restricted processing; only standing purposes go on",
    Reason.PURPOSE_NOT_OPEN: "the purpose is not open on this record; it has to be opened or consented to",
    Reason.NEEDS_ASSIGNED: "the caller has to be assigned to this customer",
    Reason.NEEDS_CASE: "the call has to name a case",
    Reason.NEEDS_APPROVED: "a second person has to approve the order that the call names",
    Reason.NEEDS_OWN: "the caller has to be the customer whose data it is",
    Reason.GRANTED: "so it is given, in the granted form or in the lower one that was asked for",
}


@dataclass(frozen=True, slots=True)
class Consideration:
    """One reason in its turn: whether it decided, and why or why not."""

    reason: Reason
    decides: bool
    words: str


@dataclass(frozen=True, slots=True)
class FieldExplanation:
    """One field: its decision, the clause's title, the reasons considered, the grants that name it."""

    field: str
    decision: FieldDecision
    title: str | None
    considered: tuple[Consideration, ...]
    grants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A question, its outcome, and each field in turn."""

    question: Question
    outcome: Outcome
    fields: tuple[FieldExplanation, ...]


def explain(table: DecisionTable, question: Question) -> Explanation:
    """The decision of the question, with its reasons. Total, as `decide` is."""
    decision = decide(table, question)
    fields = tuple(_field(table.notice, question, name, decision) for name in decision.fields)
    return Explanation(question, decision.outcome, fields)


def _field(notice: Notice, question: Question, name: str, decision: Decision) -> FieldExplanation:
    decided = decision.fields[name]
    clause = notice.clauses.get(decided.clause) if decided.clause is not None else None
    title = None if clause is None else clause.title.get(notice.language)
    grants = tuple(
        _grant_words(grant, f"{question.collection}.{name}") for grant in _grants(notice, question, name)
    )
    return FieldExplanation(name, decided, title, tuple(_considered(decided.reason)), grants)


def _considered(deciding: Reason) -> Iterator[Consideration]:
    order = list(_PASSED)
    turn = Reason.NEEDS_ASSIGNED if deciding.value.startswith("needs-") else deciding
    for reason in takewhile(lambda reason: reason is not turn, order):
        yield Consideration(reason, decides=False, words=_PASSED[reason])
    yield Consideration(deciding, decides=True, words=_STOPPED[deciding])


def _grants(notice: Notice, question: Question, name: str) -> list[Grant]:
    """The grants that could apply: what would have to hold is in their conditions."""
    return [
        grant
        for grant in notice.grants
        if grant.role in question.roles
        and grant.purpose == question.purpose
        and grant.through == question.channel
        and f"{question.collection}.{name}" in grant.reads
    ]


def _grant_words(grant: Grant, qualified: str) -> str:
    conditions = " and ".join(condition.value for condition in Condition if condition in grant.when)
    when = f" when {conditions}" if conditions else ""
    return f"{grant.reads[qualified].value} for {grant.role}{when}, by {grant.clause} (line {grant.line})"


def as_text(explanation: Explanation) -> str:
    """A paragraph for each field: the form and its clause, then the reasons in their order."""
    question = explanation.question
    roles = ", ".join(sorted(question.roles)) or "nobody"
    lines = [f"{roles} for {question.purpose} on {question.collection}: {explanation.outcome.value}"]
    for field in explanation.fields:
        decision = field.decision
        by = (
            ""
            if decision.clause is None
            else f"  [{decision.clause}{': ' + field.title if field.title else ''}]"
        )
        lines += ["", f"{field.field}: {decision.form.value} ({decision.reason.value}){by}"]
        lines += [f"  {_mark(step, decision)} {step.words}" for step in field.considered]
        lines += [f"  · grant: {grant}" for grant in field.grants]
    return "\n".join(lines) + "\n"


def _mark(step: Consideration, decision: FieldDecision) -> str:
    return "✗" if step.decides and decision.reason is not Reason.GRANTED else "✓"


def as_data(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON values."""
    return {
        "outcome": explanation.outcome.value,
        "fields": {field.field: _field_data(field) for field in explanation.fields},
    }


def _field_data(field: FieldExplanation) -> dict[str, Any]:
    return {
        "form": field.decision.form.value,
        "reason": field.decision.reason.value,
        "clause": field.decision.clause,
        "title": field.title,
        "considered": [
            {"reason": step.reason.value, "decides": step.decides, "words": step.words}
            for step in field.considered
        ],
        "grants": list(field.grants),
    }
