"""The decision: question in, a form for every field out.

Pure and total: any strings get an answer, equal questions get equal answers, and whatever no grant names is
withheld. The order in which reasons are considered: unknown or forbidden purpose, not granted, restricted,
purpose not open, missing condition, granted. The first that applies decides. How grants combine is `table`'s
decision.
"""

from collections.abc import Mapping
from typing import Final

from app.notice.model import BindingState, Form
from app.notice.question import (
    Circumstances,
    Decision,
    FieldDecision,
    Outcome,
    Question,
    Reason,
    Standing,
)
from app.notice.table import UNKNOWN_PURPOSE, Answers, Cell, DecisionTable, answers_of

__all__ = [
    "Circumstances",
    "Decision",
    "FieldDecision",
    "Outcome",
    "Question",
    "Reason",
    "Standing",
    "decide",
]

_NOTHING: Final[Mapping[str, FieldDecision]] = {}
_BY_STANDING: Final = frozenset({Reason.RESTRICTED, Reason.PURPOSE_NOT_OPEN})


def decide(table: DecisionTable, question: Question) -> Decision:
    """The form, clause and reason of every asked field, and the outcome. Asking for no field is denied."""
    answers = _answers(table, question)
    otherwise = table.otherwise.get(question.purpose, UNKNOWN_PURPOSE)
    fields = {name: answers.get(name, otherwise) for name in question.fields}
    withheld = [decision.form for decision in fields.values()].count(Form.WITHHELD)
    if withheld == len(fields):
        return Decision(Outcome.DENIED, fields)
    return Decision(Outcome.PARTIAL if withheld else Outcome.ALLOWED, fields)


def _answers(table: DecisionTable, question: Question) -> Answers:
    """The answers for the fields that some grant names."""
    purpose, collection, channel = question.purpose, question.collection, question.channel
    found = [table.cells.get((role, purpose, collection, channel)) for role in question.roles]
    cells = [cell for cell in found if cell is not None]
    if len(cells) == 1:
        return _in_standing(cells[0], question)
    return _together(table, question, cells) if cells else _NOTHING


def _in_standing(cell: Cell, question: Question) -> Answers:
    """The part of a cell that the record's standing leaves in force."""
    standing = question.standing
    if not cell.standing:
        if standing.restricted:
            return cell.restricted
        if standing.binding is not BindingState.OPEN:
            return cell.not_open
    if standing.erased:
        return cell.not_open
    return cell.granted[question.asked][question.circumstances.bits]


def _together(table: DecisionTable, question: Question, cells: list[Cell]) -> Answers:
    """The answers for a caller with several roles: those of all their grants together."""
    answers: dict[str, FieldDecision] = {}
    for cell in cells:
        answers.update(_in_standing(cell, question))
    if all(answer.reason in _BY_STANDING for answer in answers.values()):
        return answers
    grants = sorted((grant for cell in cells for grant in cell.grants), key=lambda grant: grant.place)
    purpose = table.notice.purposes[question.purpose]
    asked = Form.PLAIN if question.asked is None else question.asked
    return answers_of(table.notice, purpose, question.collection, grants, question.circumstances.bits, asked)
