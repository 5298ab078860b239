import json

import pytest

from app.notice.cells import OPEN
from app.notice.decide import Circumstances, Question, Reason, Standing, decide
from app.notice.explain import as_data, as_text, explain
from app.notice.model import BindingState, Channel, Form
from app.notice.reference import reference_notice
from app.notice.table import compile_table

_TABLE = compile_table(reference_notice(), 1)


def _question(
    role="support", purpose="customer-care", fields=("email", "address", "gender"), **others
) -> Question:
    return Question(
        roles=frozenset({role}),
        purpose=purpose,
        collection="buyer",
        fields=fields,
        channel=Channel.DIRECT,
        standing=others.get("standing", OPEN),
        circumstances=others.get("circumstances", Circumstances()),
        asked=others.get("asked"),
    )


@pytest.mark.parametrize(
    ("question", "field", "considered"),
    [
        (_question(purpose="weather"), "email", ["unknown-purpose"]),
        (_question(purpose="sale"), "email", ["unknown-purpose", "forbidden-purpose"]),
        (_question(), "gender", ["unknown-purpose", "forbidden-purpose", "not-granted"]),
        (
            _question(standing=Standing(BindingState.OPEN, restricted=True)),
            "email",
            ["unknown-purpose", "forbidden-purpose", "not-granted", "restricted"],
        ),
        (
            _question(standing=Standing(BindingState.NONE)),
            "email",
            ["unknown-purpose", "forbidden-purpose", "not-granted", "restricted", "purpose-not-open"],
        ),
        (
            _question(circumstances=Circumstances(assigned=True)),
            "address",
            [
                "unknown-purpose",
                "forbidden-purpose",
                "not-granted",
                "restricted",
                "purpose-not-open",
                "needs-case",
            ],
        ),
        (
            _question(),
            "email",
            [
                "unknown-purpose",
                "forbidden-purpose",
                "not-granted",
                "restricted",
                "purpose-not-open",
                "needs-assigned",
                "granted",
            ],
        ),
    ],
)
def test_reasons_are_considered_in_order_up_to_the_one_that_decided(question, field, considered):
    explained = {part.field: part for part in explain(_TABLE, question).fields}[field]
    assert [step.reason.value for step in explained.considered] == considered
    assert [step.decides for step in explained.considered] == [False] * (len(considered) - 1) + [True]


def test_an_explanation_repeats_the_decision():
    for asked in (None, *Form):
        question = _question(asked=asked)
        explanation = explain(_TABLE, question)
        assert {part.field: part.decision for part in explanation.fields} == decide(_TABLE, question).fields
        assert explanation.outcome is decide(_TABLE, question).outcome


def test_it_names_the_clause_and_what_would_have_to_hold():
    address = explain(_TABLE, _question()).fields[1]
    assert address.title == "Chăm sóc và giải đáp khách hàng"
    assert address.grants == ("plain for support when assigned and case, by assigned-staff (line 256)",)


def test_every_reason_has_words():
    text = as_text(explain(_TABLE, _question()))
    assert "support for customer-care on buyer: partial" in text
    assert "email: masked (granted)  [care: Chăm sóc và giải đáp khách hàng]" in text
    assert "✗ the caller has to be assigned to this customer" in text
    data = as_data(explain(_TABLE, _question()))
    assert json.loads(json.dumps(data)) == data
    assert {part["reason"] for part in data["fields"].values()} == {
        Reason.GRANTED.value,
        Reason.NEEDS_ASSIGNED.value,
        Reason.NOT_GRANTED.value,
    }
