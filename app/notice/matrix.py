"""The whole policy as a table for people: rows are fields, columns role × purpose, cells forms with
conditions.

Made from the engine's own answers, so that what is printed is what is enforced. Decides how the table is laid
out as text, CSV and JSON; the page is the console's.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from app.notice.cells import every_cell
from app.notice.model import Channel, Condition, Form, Notice
from app.notice.question import FieldDecision, Reason
from app.notice.table import compile_table, condition_bits, conditions_of

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Step:
    """From these conditions on the field comes out in this form, by this clause."""

    form: Form
    conditions: tuple[Condition, ...]
    clause: str | None


@dataclass(frozen=True, slots=True)
class Column:
    """One role, purpose and channel; `cells` maps `collection.field` to its steps, the least first."""

    role: str
    purpose: str
    channel: Channel
    cells: Mapping[str, tuple[Step, ...]]

    def form_of(self, field: str, conditions: frozenset[Condition]) -> Form:
        """The form in which the field comes out while exactly these conditions hold."""
        held = condition_bits(conditions)
        steps = self.cells.get(field, ())
        forms = [step.form for step in steps if not condition_bits(step.conditions) & ~held]
        return max(forms, key=lambda form: form.rank, default=Form.WITHHELD)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Which form each field takes for whom, while the purpose is open; what is not shown is withheld."""

    notice_id: str
    digest: str
    fields: tuple[str, ...]
    columns: tuple[Column, ...]


def matrix(notice: Notice, *, every_column: bool = False) -> Matrix:
    """The matrix of a notice: the columns with anything in them, or with `every_column` all there are."""
    steps: dict[tuple[str, str, Channel], dict[str, tuple[Step, ...]]] = {}
    for group in every_cell(compile_table(notice, 0)):
        cells = steps.setdefault((group.role, group.purpose, group.channel), {})
        for field, decision in group.decisions.items():
            name = f"{group.collection}.{field}"
            cells[name] = (*cells.get(name, ()), *_step(cells.get(name, ()), group.bits, decision))
    columns = (
        Column(role, purpose, channel, {name: found for name, found in cells.items() if found})
        for (role, purpose, channel), cells in steps.items()
    )
    shown = tuple(column for column in columns if column.cells or every_column)
    return Matrix(notice.id, notice.source_digest, notice.field_names(), shown)


def _step(earlier: tuple[Step, ...], bits: int, decision: FieldDecision) -> Iterator[Step]:
    """A step, if these conditions reveal more than every part of them does."""
    if decision.reason is not Reason.GRANTED:
        return
    parts = (step for step in earlier if not condition_bits(step.conditions) & ~bits)
    if all(step.form < decision.form for step in parts):
        yield Step(decision.form, conditions_of(bits), decision.clause)


def as_text(matrix: Matrix) -> str:
    """A table for each role, as wide as its purposes; rows in which a role sees nothing are left out."""
    blocks = []
    for role, group in groupby(matrix.columns, key=lambda column: column.role):
        columns = list(group)
        fields = [field for field in matrix.fields if any(field in column.cells for column in columns)]
        heads = [
            column.purpose + (" (token)" if column.channel is Channel.TOKEN else "") for column in columns
        ]
        rows = [
            [field, *(_words(column.cells.get(field, ())) or "·" for column in columns)] for field in fields
        ]
        blocks.append("\n".join(_aligned([[role, *heads], *rows])))
    return "\n\n".join([*blocks, "everything else is withheld"]) + "\n"


def _aligned(rows: list[list[str]]) -> Iterator[str]:
    """Lines with a rule under the first."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for place, row in enumerate(rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        if place == 0:
            yield "  ".join("─" * width for width in widths)


def _words(steps: tuple[Step, ...]) -> str:
    """`masked; plain if assigned and case`."""
    return "; ".join(
        step.form.value + (" if " + " and ".join(step.conditions) if step.conditions else "")
        for step in steps
    )


def as_csv(matrix: Matrix) -> str:
    """RFC 4180, one row a field; what a spreadsheet would take for a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out)
    heads = [f"{column.role} / {column.purpose} / {column.channel.value}" for column in matrix.columns]
    rows = [
        [field, *(_words(c.cells.get(field, ())) or "withheld" for c in matrix.columns)]
        for field in matrix.fields
    ]
    for row in [["field", *heads], *rows]:
        writer.writerow(["'" + cell if cell.startswith(_FORMULA_STARTS) else cell for cell in row])
    return out.getvalue()


def as_data(matrix: Matrix) -> dict[str, Any]:
    """The matrix as JSON values; a field that a column does not list is withheld there."""
    return {
        "notice": {"id": matrix.notice_id, "digest": matrix.digest},
        "fields": list(matrix.fields),
        "columns": [
            {
                "role": column.role,
                "purpose": column.purpose,
                "channel": column.channel.value,
                "cells": {
                    field: [_step_data(step) for step in steps] for field, steps in column.cells.items()
                },
            }
            for column in matrix.columns
        ],
    }


def _step_data(step: Step) -> dict[str, Any]:
    return {"form": step.form.value, "when": [c.value for c in step.conditions], "clause": step.clause}


def as_json(matrix: Matrix) -> str:
    """`as_data` as text."""
    return json.dumps(as_data(matrix), ensure_ascii=False, indent=2) + "\n"
