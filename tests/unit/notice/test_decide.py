from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.notice.cells import CIRCUMSTANCES, OPEN
from app.notice.decide import Circumstances, FieldDecision, Outcome, Question, Reason, Standing, decide
from app.notice.matrix import matrix
from app.notice.model import FORMS_OF_TYPE, BindingState, Channel, Condition, Form, Grant, Notice
from app.notice.reference import reference_notice
from app.notice.table import DecisionTable, compile_table, conditions_of

_NOTICE = reference_notice()
_TABLE = compile_table(_NOTICE, 7)
_ROLES = ["checkout", "support", "carrier"]
_PURPOSES = ["order", "customer-care", "subject-request"]
_FIELDS = [f"buyer.{name}" for name in _NOTICE.collections["buyer"].fields] + [
    "account.password",
    "account.username",
]


def _ask(
    role: str | frozenset[str],
    purpose: str,
    collection: str,
    *fields: str,
    standing: Standing = OPEN,
    circumstances: Circumstances = Circumstances(),  # noqa: B008  a value
    channel: Channel = Channel.DIRECT,
    asked: Form | None = None,
    table: DecisionTable = _TABLE,
) -> dict[str, FieldDecision]:
    roles = role if isinstance(role, frozenset) else frozenset({role})
    question = Question(roles, purpose, collection, fields, channel, standing, circumstances, asked)
    return dict(decide(table, question).fields)


def _one(*args, **kwargs) -> tuple[str, str | None, str]:
    (decision,) = _ask(*args, **kwargs).values()
    return decision.form.value, decision.clause, decision.reason.value


_CLOSED = Standing(BindingState.CLOSED)
_RESTRICTED = Standing(BindingState.OPEN, restricted=True)
_ERASED = Standing(BindingState.OPEN, erased=True)


def test_reasons_in_their_order():
    care = ("support", "customer-care", "buyer")
    assert _one("support", "weather", "buyer", "email") == ("withheld", None, "unknown-purpose")
    assert _one("support", "sale", "buyer", "email") == ("withheld", "not-for-trade", "forbidden-purpose")
    assert _one(*care, "birth_date", standing=_RESTRICTED) == ("withheld", "care", "not-granted")
    assert _one(*care, "email", standing=replace(_RESTRICTED, binding=BindingState.NONE)) == (
        "withheld",
        "care",
        "restricted",
    )
    assert _one(*care, "address", standing=_CLOSED) == ("withheld", "care", "purpose-not-open")
    assert _one(*care, "email", standing=Standing(BindingState.NONE)) == (
        "withheld",
        "care",
        "purpose-not-open",
    )
    assert _one(*care, "address") == ("withheld", "care", "needs-assigned")
    assert _one(*care, "address", circumstances=Circumstances(assigned=True)) == (
        "withheld",
        "care",
        "needs-case",
    )
    assert _one(*care, "address", circumstances=Circumstances(case=True)) == (
        "withheld",
        "care",
        "needs-assigned",
    )
    both = Circumstances(assigned=True, case=True)
    assert _one(*care, "address", circumstances=both) == ("plain", "assigned-staff", "granted")
    assert _one(*care, "email", circumstances=both) == ("plain", "assigned-staff", "granted")
    assert _one(*care, "email") == ("masked", "care", "granted")


@pytest.mark.parametrize(
    ("role", "purpose", "circumstances", "reason"),
    [
        ("legal", "legal-claim", Circumstances(), "needs-case"),
        ("legal", "legal-claim", Circumstances(case=True), "needs-approved"),
        ("legal", "legal-claim", Circumstances(approved=True), "needs-case"),
        ("legal", "legal-claim", Circumstances(case=True, approved=True), "granted"),
        ("subject", "subject-request", Circumstances(case=True), "needs-own"),
        ("subject", "subject-request", Circumstances(own=True), "granted"),
    ],
)
def test_the_missing_condition_is_named(role, purpose, circumstances, reason):
    assert _one(role, purpose, "buyer", "email", circumstances=circumstances)[2] == reason


def test_a_standing_purpose_needs_no_binding_and_passes_restriction_but_not_erasure():
    own = Circumstances(own=True)
    for standing in (Standing(BindingState.NONE), _CLOSED, _RESTRICTED, replace(_RESTRICTED, held=True)):
        assert (
            _one("subject", "subject-request", "buyer", "email", standing=standing, circumstances=own)[0]
            == "plain"
        )
    erased = _one("subject", "subject-request", "buyer", "email", standing=_ERASED, circumstances=own)
    assert erased == ("withheld", "care", "purpose-not-open")
    assert _one("checkout", "order", "buyer", "email", standing=_ERASED)[2] == "purpose-not-open"


def test_a_legal_hold_opens_nothing():
    held = Standing(BindingState.CLOSED, held=True)
    assert _one("checkout", "order", "buyer", "email", standing=held)[2] == "purpose-not-open"


def test_a_channel_is_not_another():
    assert _one("carrier", "delivery", "delivery", "address") == ("withheld", "third-parties", "not-granted")
    assert _one("carrier", "delivery", "delivery", "address", channel=Channel.TOKEN)[0] == "plain"
    assert _one("shipping", "delivery", "delivery", "address", channel=Channel.TOKEN)[2] == "not-granted"


@pytest.mark.parametrize(
    ("field", "asked", "form"),
    [
        ("full_name", Form.PLAIN, "plain"),
        ("full_name", Form.MASKED, "masked"),
        ("full_name", Form.GENERALISED, "token"),
        ("full_name", Form.VERIFIED, "verified"),
        ("address", Form.GENERALISED, "generalised"),
        ("email", Form.PLAIN, "masked"),
        ("email", Form.TOKEN, "token"),
    ],
)
def test_asking_lowers_the_form_to_one_the_type_can_take(field, asked, form):
    assert _one("checkout", "order", "buyer", field, asked=asked) == (form, "trade", "granted")


def test_asking_for_nothing_gives_nothing():
    assert _one("checkout", "order", "buyer", "email", asked=Form.WITHHELD) == (
        "withheld",
        "trade",
        "not-granted",
    )


def test_the_outcome_is_that_of_all_fields():
    def outcome(*fields: str) -> Outcome:
        return decide(
            _TABLE,
            Question(
                frozenset({"checkout"}), "order", "buyer", fields, Channel.DIRECT, OPEN, Circumstances()
            ),
        ).outcome

    assert outcome("email", "phone") is Outcome.ALLOWED
    assert outcome("email", "gender") is Outcome.PARTIAL
    assert outcome("gender", "nonsense") is Outcome.DENIED
    assert outcome() is Outcome.DENIED


def test_of_several_grants_the_most_revealing_decides_and_of_equals_the_first():
    grants = (
        Grant("care", "support", "order", {"buyer.email": Form.MASKED}),
        Grant("trade", "support", "order", {"buyer.email": Form.PLAIN}, when=frozenset({Condition.CASE})),
        Grant("contact", "support", "order", {"buyer.email": Form.PLAIN}, when=frozenset({Condition.OWN})),
    )
    table = compile_table(replace(_NOTICE, grants=grants), 1)
    assert _one("support", "order", "buyer", "email", table=table)[:2] == ("masked", "care")
    all_hold = Circumstances(assigned=True, case=True, approved=True, own=True)
    assert _one("support", "order", "buyer", "email", table=table, circumstances=all_hold)[:2] == (
        "plain",
        "trade",
    )
    own = Circumstances(own=True)
    assert _one("support", "order", "buyer", "email", table=table, circumstances=own)[:2] == (
        "plain",
        "contact",
    )


def test_the_grant_nearest_to_being_met_names_what_is_missing():
    grants = (
        Grant(
            "care",
            "support",
            "order",
            {"buyer.email": Form.PLAIN},
            when=frozenset({Condition.ASSIGNED, Condition.CASE}),
        ),
        Grant("care", "support", "order", {"buyer.email": Form.MASKED}, when=frozenset({Condition.OWN})),
    )
    table = compile_table(replace(_NOTICE, grants=grants), 1)
    assert _one("support", "order", "buyer", "email", table=table)[2] == "needs-own"
    assigned = Circumstances(assigned=True)
    assert _one("support", "order", "buyer", "email", table=table, circumstances=assigned)[2] == "needs-case"


def test_several_roles_get_what_their_grants_give_together():
    grants = (
        Grant(
            "care",
            "support",
            "order",
            {"buyer.email": Form.PLAIN},
            when=frozenset({Condition.ASSIGNED, Condition.CASE}),
        ),
        Grant("trade", "checkout", "order", {"buyer.email": Form.MASKED, "buyer.phone": Form.TOKEN}),
    )
    table = compile_table(replace(_NOTICE, grants=grants), 1)
    both = frozenset({"support", "checkout", "nobody"})
    assert _one(both, "order", "buyer", "email", table=table)[:2] == ("masked", "trade")
    case = Circumstances(assigned=True, case=True)
    assert _one(both, "order", "buyer", "email", table=table, circumstances=case)[:2] == ("plain", "care")
    assert _one(both, "order", "buyer", "phone", table=table, standing=_CLOSED)[2] == "purpose-not-open"
    assert _one(both, "order", "buyer", "phone", table=table, standing=_RESTRICTED)[2] == "restricted"
    assert _one(both, "order", "buyer", "phone", table=table, standing=_ERASED)[2] == "purpose-not-open"
    assert _one(both, "order", "buyer", "email", table=table, asked=Form.TOKEN)[0] == "token"
    assert _one(both, "order", "buyer", "gender", table=table)[2] == "not-granted"


def test_a_grant_for_a_forbidden_purpose_is_never_compiled():
    grants = (
        Grant("care", "support", "sale", {"buyer.email": Form.PLAIN}, writes=frozenset({"buyer.email"})),
    )
    table = compile_table(replace(_NOTICE, grants=grants), 1)
    assert _one("support", "sale", "buyer", "email", table=table)[2] == "forbidden-purpose"
    assert not table.grants_any(frozenset({"support"}), "sale", Channel.DIRECT)
    assert table.writes(frozenset({"support"}), ["sale"], "buyer") == frozenset()


_standings = st.builds(Standing, st.sampled_from(BindingState), st.booleans(), st.booleans(), st.booleans())
_circumstances = st.builds(Circumstances, st.booleans(), st.booleans(), st.booleans(), st.booleans())


def _questions(
    roles: st.SearchStrategy[str], purposes: st.SearchStrategy[str]
) -> st.SearchStrategy[Question]:
    return st.builds(
        Question,
        st.frozensets(roles, max_size=3),
        purposes,
        st.sampled_from([*_NOTICE.collections]) | st.text(max_size=5),
        st.lists(
            st.sampled_from([name.partition(".")[2] for name in _FIELDS]) | st.text(max_size=5), max_size=6
        ).map(tuple),
        st.sampled_from(Channel),
        _standings,
        _circumstances,
        st.none() | st.sampled_from(Form),
    )


_any_role = st.sampled_from([*_NOTICE.roles]) | st.text(max_size=5)
_any_purpose = st.sampled_from([*_NOTICE.purposes]) | st.text(max_size=5)


@given(_questions(_any_role, _any_purpose))
def test_every_question_has_one_answer(question):
    decision = decide(_TABLE, question)
    assert set(decision.fields) == set(question.fields)
    assert decision == decide(_TABLE, replace(question))
    shown = [field.form is not Form.WITHHELD for field in decision.fields.values()]
    expected = Outcome.DENIED if not any(shown) else Outcome.ALLOWED if all(shown) else Outcome.PARTIAL
    assert decision.outcome is expected
    for field in decision.fields.values():
        assert (field.form is Form.WITHHELD) == (field.reason is not Reason.GRANTED)
        assert (field.clause is None) == (question.purpose not in _NOTICE.purposes)


@st.composite
def _grants(draw: st.DrawFn) -> Grant:
    fields = draw(st.lists(st.sampled_from(_FIELDS), min_size=1, max_size=4, unique=True))
    reads = {
        name: draw(st.sampled_from(sorted(FORMS_OF_TYPE[_NOTICE.field(name).type] - {Form.WITHHELD})))
        for name in fields
    }
    return Grant(
        clause=draw(st.sampled_from([*_NOTICE.clauses])),
        role=draw(st.sampled_from(_ROLES)),
        purpose=draw(st.sampled_from(_PURPOSES)),
        reads=reads,
        when=draw(st.frozensets(st.sampled_from(Condition))),
        through=draw(st.sampled_from(Channel)),
    )


_SMALL = replace(
    _NOTICE,
    roles={name: _NOTICE.roles[name] for name in _ROLES},
    purposes={name: _NOTICE.purposes[name] for name in _PURPOSES},
)
_notices = st.lists(_grants(), max_size=8).map(lambda grants: replace(_SMALL, grants=tuple(grants)))
_near_questions = _questions(st.sampled_from(_ROLES), st.sampled_from(_PURPOSES))


@given(_notices, _near_questions)
def test_nothing_is_given_that_no_grant_names(notice, question):
    for name, field in decide(compile_table(notice, 1), question).fields.items():
        granted = [
            grant.reads[f"{question.collection}.{name}"]
            for grant in notice.grants
            if grant.role in question.roles
            and (grant.purpose, grant.through) == (question.purpose, question.channel)
            and f"{question.collection}.{name}" in grant.reads
        ]
        assert field.form <= max(granted, key=lambda form: form.rank, default=Form.WITHHELD)


@given(_notices, _near_questions, st.sampled_from(Condition))
def test_more_conditions_never_reveal_less(notice, question, condition):
    table = compile_table(notice, 1)
    fewer = decide(table, question).fields
    more = decide(
        table, replace(question, circumstances=replace(question.circumstances, **{condition.value: True}))
    ).fields
    assert all(more[name].form >= fewer[name].form for name in fewer)


@given(_notices, _near_questions, st.sampled_from(Form), st.sampled_from(Form))
def test_asking_for_less_never_yields_more(notice, question, one, other):
    table = compile_table(notice, 1)
    less, more = sorted([one, other])
    low = decide(table, replace(question, asked=less)).fields
    high = decide(table, replace(question, asked=more)).fields
    unasked = decide(table, replace(question, asked=None)).fields
    for name in low:
        assert low[name].form <= less
        assert low[name].form <= high[name].form <= unasked[name].form


@given(_notices, _near_questions)
def test_one_more_role_never_reveals_less_and_no_more_than_the_roles_apart(notice, question):
    table = compile_table(notice, 1)
    together = decide(table, question).fields
    apart = [decide(table, replace(question, roles=frozenset({role}))).fields for role in question.roles]
    for name, field in together.items():
        assert field.form is max(
            (part[name].form for part in apart), key=lambda form: form.rank, default=Form.WITHHELD
        )


@settings(max_examples=25, deadline=None)
@given(_notices)
def test_the_matrix_says_what_is_decided(notice):
    _assert_matrix(notice)


def test_the_matrix_of_the_reference_notice_says_what_is_decided():
    _assert_matrix(_NOTICE)


def _assert_matrix(notice: Notice) -> None:
    table = compile_table(notice, 1)
    made = {(c.role, c.purpose, c.channel): c for c in matrix(notice, every_column=True).columns}
    assert len(made) == len(notice.roles) * len(notice.purposes) * 2
    for (role, purpose, channel), column in made.items():
        for collection in notice.collections.values():
            for bits, circumstances in CIRCUMSTANCES.items():
                asked = Question(
                    frozenset({role}),
                    purpose,
                    collection.name,
                    tuple(collection.fields),
                    channel,
                    OPEN,
                    circumstances,
                )
                held = frozenset(conditions_of(bits))
                for name, field in decide(table, asked).fields.items():
                    assert column.form_of(f"{collection.name}.{name}", held) is field.form
