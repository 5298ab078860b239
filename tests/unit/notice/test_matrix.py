import csv
import io
import json
from dataclasses import replace

from app.notice.matrix import Column, Matrix, Step, as_csv, as_json, as_text, matrix
from app.notice.model import Channel, Condition, Form
from app.notice.reference import reference_notice

_MATRIX = matrix(reference_notice())


def test_only_columns_with_grants_are_shown_unless_all_are_asked_for():
    shown = {(column.role, column.purpose) for column in _MATRIX.columns}
    assert len(shown) == len(_MATRIX.columns) == 16
    assert shown == {(grant.role, grant.purpose) for grant in reference_notice().grants}
    assert len(matrix(reference_notice(), every_column=True).columns) == 13 * 16 * 2


def test_a_cell_lists_its_steps_from_least_to_most():
    support = next(column for column in _MATRIX.columns if column.role == "support")
    assert support.cells["buyer.email"] == (
        Step(Form.MASKED, (), "care"),
        Step(Form.PLAIN, (Condition.ASSIGNED, Condition.CASE), "assigned-staff"),
    )
    assert "buyer.national_id" not in support.cells


def test_text_is_a_table_for_each_role():
    blocks = as_text(_MATRIX).split("\n\n")
    assert len(blocks) == 12
    support = next(block for block in blocks if block.startswith("support")).splitlines()
    assert support[0].split() == ["support", "customer-care"]
    assert "buyer.email         masked; plain if assigned and case" in support
    assert not any("birth_date" in line for line in support)
    assert "delivery (token)" in next(block for block in blocks if block.startswith("carrier"))
    assert not any(line != line.rstrip() for line in as_text(_MATRIX).splitlines())


def test_csv_has_a_row_a_field_and_a_column_a_role_and_purpose():
    rows = list(csv.reader(io.StringIO(as_csv(_MATRIX))))
    assert len(rows) == 14
    assert {len(row) for row in rows} == {17}
    column = rows[0].index("support / customer-care / direct")
    cells = {row[0]: row[column] for row in rows[1:]}
    assert cells["buyer.email"] == "masked; plain if assigned and case"
    assert cells["buyer.gender"] == "withheld"


def test_csv_holds_no_formula():
    column = Column("=1+1", "@x", Channel.DIRECT, {"-f": (Step(Form.PLAIN, (), None),)})
    rows = list(csv.reader(io.StringIO(as_csv(Matrix("n", "d", ("-f", "+g"), (column,))))))
    assert rows == [["field", "'=1+1 / @x / direct"], ["'-f", "plain"], ["'+g", "withheld"]]


def test_json_names_notice_and_clauses():
    data = json.loads(as_json(_MATRIX))
    assert data["notice"] == {"id": "shop", "digest": reference_notice().source_digest}
    assert len(data["fields"]) == 13
    carrier = next(column for column in data["columns"] if column["role"] == "carrier")
    assert carrier["channel"] == "token"
    assert carrier["cells"]["delivery.address"] == [{"form": "plain", "when": [], "clause": "third-parties"}]


def test_a_notice_without_grants_has_an_empty_matrix():
    assert as_text(matrix(replace(reference_notice(), grants=()))) == "everything else is withheld\n"
