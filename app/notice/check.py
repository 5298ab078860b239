"""Whether a notice keeps its own promises: coverage, what must never be, and its examples.

Decides by asking the engine, not by reading the rules: `never` holds when no cell of the whole space breaks
it, an example when the decision is the expected one. Mistakes in single rules are found earlier, by `parse`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from app.notice.cells import CellGroup, every_cell
from app.notice.coverage import uncovered
from app.notice.decide import decide
from app.notice.finding import Finding, NoticeInvalid, Severity, has_errors, in_order, quoted
from app.notice.model import (
    FORMS_OF_TYPE,
    BindingState,
    Channel,
    Example,
    Form,
    Grant,
    Never,
    Notice,
)
from app.notice.parse import parse
from app.notice.question import Circumstances, Question, Standing
from app.notice.table import DecisionTable, compile_table, condition_bits, conditions_of

__all__ = ["Finding", "Severity", "check", "check_source", "has_errors"]


def check(notice: Notice) -> tuple[Finding, ...]:
    """All findings about the notice in the order of its lines; with an error it cannot be activated."""
    table = compile_table(notice, 0)
    return in_order([*uncovered(notice), *_broken_nevers(table), *_broken_examples(table)])


def check_source(source: str | bytes) -> tuple[Finding, ...]:
    """The same for TOML; if that is not a notice, what is wrong with it."""
    try:
        notice = parse(source)
    except NoticeInvalid as invalid:
        return invalid.findings
    return check(notice)


@dataclass(frozen=True, slots=True)
class _Violation:
    """A cell in which something happens that must never happen."""

    never: Never
    role: str
    purpose: str
    channel: Channel
    field: str


def _broken_nevers(table: DecisionTable) -> Iterator[Finding]:
    """One finding for each never, role, purpose, channel and field, naming the grant that does it."""
    found: dict[_Violation, tuple[int, Form]] = {}
    for cells in every_cell(table):
        if not table.grants_any(frozenset({cells.role}), cells.purpose, cells.channel, cells.collection):
            continue  # every decision of the group is withheld, and that breaks nothing
        for never in table.notice.never:
            if _concerns(never, table.notice, cells):
                for name, form in _forbidden_forms(never, table.notice, cells):
                    violation = _Violation(never, cells.role, cells.purpose, cells.channel, name)
                    found.setdefault(violation, (cells.bits, form))
    for violation, (bits, form) in found.items():
        yield _violated(table.notice, violation, bits, form)


def _concerns(never: Never, notice: Notice, cells: CellGroup) -> bool:
    """Whether the group matches all that the never names beside fields and forms."""
    return (
        (never.roles is None or cells.role in never.roles)
        and (never.purposes is None or cells.purpose in never.purposes)
        and not (never.recipient and notice.roles[cells.role].recipient is None)
        and never.through in {None, cells.channel}
        and not (never.unless and never.unless <= set(conditions_of(cells.bits)))
    )


def _forbidden_forms(never: Never, notice: Notice, cells: CellGroup) -> Iterator[tuple[str, Form]]:
    """Fields that can leave in a form the never names: the granted form, or a lower one that is asked for."""
    for field, decision in cells.decisions.items():
        name = f"{cells.collection}.{field}"
        if decision.form is Form.WITHHELD or (never.fields is not None and name not in never.fields):
            continue
        kind = notice.collections[cells.collection].fields[field].type
        forms = [form for form in never.forms & FORMS_OF_TYPE[kind] if form <= decision.form]
        if forms:
            yield name, max(forms, key=lambda form: form.rank)


def _violated(notice: Notice, cell: _Violation, bits: int, form: Form) -> Finding:
    grant = _responsible(notice, cell, bits, form)
    when = " and ".join(conditions_of(bits)) or "no condition"
    message = (
        f"never: {quoted(cell.never.says)} (line {cell.never.line}) is broken: role {quoted(cell.role)} gets "
        f"{quoted(cell.field)} {form.value} for {quoted(cell.purpose)}, channel {cell.channel.value}, under "
        f"{when}, by the grant on line {grant.line}; change the grant"
    )
    subject = f"{cell.role} × {cell.purpose} × {cell.field} × {cell.channel.value}"
    return Finding(Severity.ERROR, "never-broken", grant.line, message, subject)


def _responsible(notice: Notice, cell: _Violation, bits: int, form: Form) -> Grant:
    """The first grant that by itself allows what the cell shows."""
    return next(
        grant
        for grant in notice.grants
        if (grant.role, grant.purpose, grant.through) == (cell.role, cell.purpose, cell.channel)
        and not condition_bits(grant.when) & ~bits
        and grant.reads.get(cell.field, Form.WITHHELD) >= form
    )


def _broken_examples(table: DecisionTable) -> Iterator[Finding]:
    for example in table.notice.examples:
        fields = tuple(table.notice.collections[example.collection].fields)
        for name, decision in decide(table, _question(example, fields)).fields.items():
            expected = example.expect.get(name, example.expect.get("*"))
            if expected not in {None, decision.form}:
                message = (
                    f"example: {quoted(example.says)} is broken: {quoted(name)} is {decision.form.value} "
                    f"({decision.reason.value}), not {expected}; change the example or a grant"
                )
                yield Finding(Severity.ERROR, "example-broken", example.line, message, name)


def _question(example: Example, fields: tuple[str, ...]) -> Question:
    binding = BindingState.OPEN if example.open else BindingState.CLOSED
    return Question(
        roles=frozenset({example.role}),
        purpose=example.purpose,
        collection=example.collection,
        fields=fields,
        channel=example.through,
        standing=Standing(binding, restricted=example.restricted),
        circumstances=Circumstances.of(example.conditions),
    )
