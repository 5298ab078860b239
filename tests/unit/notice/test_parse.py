import hashlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.kernel.duration import Duration
from app.notice.model import (
    PERMISSIONS,
    Basis,
    Binding,
    Channel,
    Condition,
    Evidence,
    Form,
    Notice,
    SearchMode,
)
from app.notice.parse import MOST_RULES, Finding, NoticeInvalid, parse
from app.notice.reference import reference_notice, reference_source

_SOURCE = reference_source().decode()


def _findings(source: str | bytes) -> tuple[Finding, ...]:
    with pytest.raises(NoticeInvalid) as invalid:
        parse(source)
    return invalid.value.findings


def _line_of(source: str, text: str) -> int:
    assert text in source
    return source[: source.index(text)].count("\n") + 1


def test_the_reference_notice_is_read_as_it_is_written():
    notice = reference_notice()
    assert (notice.id, notice.language, notice.title["en"]) == ("shop", "vi", "Privacy notice")
    assert [len(part) for part in (notice.clauses, notice.purposes, notice.roles)] == [14, 16, 13]
    assert [len(part) for part in (notice.grants, notice.never, notice.examples)] == [17, 6, 3]
    assert len(notice.field_names()) == 13
    assert notice.source_digest == "sha256:" + hashlib.sha256(reference_source()).hexdigest()


def test_values_of_the_reference_notice():
    notice = reference_notice()
    order, request = notice.purposes["order"], notice.purposes["subject-request"]
    assert (order.basis, order.keep, order.binding) == (Basis.CONTRACT, Duration(months=24), Binding.REQUIRED)
    assert order.covers == {f"buyer.{n}" for n in ("full_name", "email", "phone", "address")} | {
        f"delivery.{n}" for n in ("recipient", "phone", "address", "note")
    }
    assert request.standing
    assert request.keep is None
    assert notice.purposes["sale"].forbidden
    assert notice.roles["carrier"].recipient == "carrier"
    assert notice.roles["research"].may == {"statistics"}
    assert notice.tokens.live == Duration(days=7)
    assert notice.retention.grace == Duration(days=7)
    assert notice.consent.evidence == set(Evidence)
    field = notice.field("buyer.national_id")
    assert (field.type, field.sensitive, field.search, field.required) == (
        "national-id",
        True,
        SearchMode.EXACT,
        False,
    )
    assert notice.field("delivery.note").max_length == 500
    assert notice.field("buyer.gender").choices == ("female", "male", "other")


def test_a_grant_of_the_reference_notice():
    grant = next(g for g in reference_notice().grants if g.role == "support")
    assert grant.when == {Condition.ASSIGNED, Condition.CASE}
    assert grant.reads["delivery.note"] is Form.PLAIN
    assert grant.through is Channel.DIRECT
    assert grant.line == _line_of(_SOURCE, '[[grants]]\nclause  = "assigned-staff"')


def test_patterns_in_writes_open_the_whole_collection():
    checkout = reference_notice().grants[0]
    assert {"buyer.birth_date", "buyer.national_id", "delivery.note"} <= checkout.writes


MISTAKES = [
    # what is written, what is put in its place, the code, a text on the line of the finding
    ('id        = "shop"', 'id = "The Shop"', "bad-name", 'id = "The Shop"'),
    ('language  = "vi"', "", "missing-key", "[notice]"),
    ('language  = "vi"', 'language = ""', "wrong-type", 'language = ""'),
    ('language  = "vi"', 'language = "fr"', "missing-title", "title     = {"),
    ('title     = { vi = "Chính', 'title     = { vi = 1, x = "Chính', "wrong-type", "title     = {"),
    ("[clauses.trade]", "[clauses.Trade]", "bad-name", "[clauses.Trade]"),
    ("[clauses.trade]\n", "[clauses.trade]\nrank = 1\n", "unknown-key", "rank = 1"),
    ("[notice]\n", '[notice]\nowner = "x"\n', "unknown-key", 'owner = "x"'),
    ("[clauses.trade]", "[goals]\n[clauses.trade]", "unknown-key", "[goals]"),
    ("[collections.buyer.fields]", "[collections.Buyer.fields]", "bad-name", "[collections.Buyer.fields]"),
    (
        "[collections.buyer.fields]",
        "[collections.buyer]\nx = 1\n[collections.buyer.fields]",
        "unknown-key",
        "x = 1",
    ),
    (
        "[collections.account.fields]",
        "[collections.empty]\n[collections.account.fields]",
        "missing-key",
        "[collections.empty]",
    ),
    (
        "[collections.account.fields]",
        "[collections.empty.fields]\n[collections.account.fields]",
        "empty",
        "[collections.empty.fields]",
    ),
    ('email       = { type = "email"', 'email       = { type = "emall"', "unknown-type", '"emall"'),
    ('email       = { type = "email"', "email       = { kind = 1", "missing-key", "kind = 1"),
    (
        'email       = { type = "email"',
        'email       = { colour = 1, type = "email"',
        "unknown-key",
        "colour = 1",
    ),
    (
        '"person-name", required = true }\nemail',
        '"person-name", required = 1 }\nemail',
        "wrong-type",
        "required = 1",
    ),
    (
        'birth_date  = { type = "date" }',
        'birth_date  = { type = "date", search = true }',
        "not-searchable",
        "birth_date  =",
    ),
    (
        'password    = { type = "password" }',
        'password = { type = "password", search = true }',
        "not-searchable",
        "password = {",
    ),
    (
        'phone       = { type = "phone", search = true }',
        'phone       = { type = "phone", search = "prefix" }',
        "not-searchable",
        '"prefix"',
    ),
    (
        'phone       = { type = "phone", search = true }',
        'phone       = { type = "phone", search = "suffix" }',
        "wrong-type",
        '"suffix"',
    ),
    (', choices = ["female", "male", "other"]', "", "missing-key", "gender      ="),
    (
        'choices = ["female", "male", "other"]',
        'choices = ["female", "female"]',
        "duplicate",
        'choices = ["female"',
    ),
    ("max_length = 500", "max_length = 0", "wrong-type", "max_length = 0"),
    ("max_length = 500", 'max_length = "500"', "wrong-type", 'max_length = "500"'),
    (
        'birth_date  = { type = "date" }',
        'birth_date  = { type = "date", choices = ["a"] }',
        "unknown-key",
        "birth_date  =",
    ),
    (
        'birth_date  = { type = "date" }',
        'birth_date  = { type = "date", max_length = 3 }',
        "unknown-key",
        "birth_date  =",
    ),
    ('[purposes.order]\nclause = "trade"', '[purposes.order]\nclause = "trad"', "unknown-clause", '"trad"'),
    ('[purposes.order]\nclause = "trade"', "[purposes.order]", "missing-key", "[purposes.order]"),
    (
        'basis  = "contract"\nkeep   = "P24M"',
        'basis  = "contrat"\nkeep   = "P24M"',
        "unknown-word",
        '"contrat"',
    ),
    ('keep   = "P24M"', 'keep   = "24 months"', "bad-duration", '"24 months"'),
    ('keep   = "P24M"\n', "", "missing-key", "[purposes.order]"),
    ('keep   = "P24M"', 'keep   = "P24M"\ncloses_after = "P1D"', "unknown-key", "closes_after"),
    ('keep   = "P24M"', 'keep   = "P24M"\ncloses-after = 5', "wrong-type", "closes-after"),
    ('covers = ["account.*"', 'covers = ["acount.*"', "unknown-collection", '"acount.*"'),
    ('covers = ["account.*"', 'covers = ["*"', "bad-pattern", 'covers = ["*"'),
    ('covers = ["account.*"', 'covers = ["*.*"', "bad-pattern", 'covers = ["*.*"'),
    ('covers = ["account.*"', 'covers = ["account.user*"', "bad-pattern", '"account.user*"'),
    ('covers = ["account.*"', 'covers = ["account.username.x"', "bad-pattern", "account.username.x"),
    ('covers = ["account.*"', 'covers = ["*.e-mail"', "unknown-field", '"*.e-mail"'),
    ('covers = ["account.*"', "covers = [7", "wrong-type", "covers = [7"),
    ('binding = "standing"', 'binding = "open"', "unknown-word", 'binding = "open"'),
    ("forbidden = true", 'forbidden = "yes"', "wrong-type", 'forbidden = "yes"'),
    ('grace  = "P7D"', 'grace  = "soon"', "bad-duration", 'grace  = "soon"'),
    ('grace  = "P7D"', 'grace = "P7D"\nmercy = 1', "unknown-key", "mercy = 1"),
    (
        'evidence = ["wording", "method", "given_at"]',
        'evidence = ["wording", "photo"]',
        "unknown-word",
        '"photo"',
    ),
    ('evidence = ["wording", "method", "given_at"]', "evidence = []", "empty", "evidence = []"),
    ('evidence = ["wording", "method", "given_at"]', 'evidence = ["method"]\nx = 1', "unknown-key", "x = 1"),
    ('live   = "P7D"', 'live   = "P0D"', "bad-duration", 'live   = "P0D"'),
    ('live   = "P7D"', 'live   = "P7D"\ndie = 1', "unknown-key", "die = 1"),
    ('[tokens]\nclause = "third-parties"', "[tokens]", "missing-key", "[tokens]"),
    ('may  = ["statistics"]', 'may  = ["statistic"]', "unknown-permission", '"statistic"]'),
    ('says = "studies the market"', "", "missing-key", "[roles.research]"),
    ('says = "studies the market"', 'says = "studies"\nsince = 1', "unknown-key", "since = 1"),
    ('recipient = "carrier"', "recipient = true", "wrong-type", "recipient = true"),
    ('role    = "shipping"', 'role    = "shiping"', "unknown-role", '"shiping"'),
    (
        'role    = "shipping"\npurpose = "delivery"',
        'role    = "shipping"\npurpose = "delivry"',
        "unknown-purpose",
        '"delivry"',
    ),
    (
        'role    = "shipping"\npurpose = "delivery"',
        'role    = "shipping"\npurpose = "sale"',
        "forbidden-grant",
        'purpose = "sale"',
    ),
    ('[[grants]]\nclause  = "research"\n', "[[grants]]\n", "missing-key", '[[grants]]\nrole    = "research"'),
    ('through = "token" ', 'through = "post" ', "unknown-word", 'through = "post"'),
    ('when    = ["assigned", "case"]', 'when    = ["assigned", "sunday"]', "unknown-word", '"sunday"'),
    ('when    = ["assigned", "case"]', 'when    = "assigned"', "wrong-type", 'when    = "assigned"'),
    ('when    = ["assigned", "case"]', "if = 1", "unknown-key", "if = 1"),
    ('"buyer.address" = "generalised"', '"buyer.address" = "blurred"', "unknown-word", '"blurred"'),
    ('"buyer.address" = "generalised"', '"buyer.adress" = "generalised"', "unknown-field", '"buyer.adress"'),
    (
        '"buyer.address" = "generalised"',
        '"buyer.email" = "masked"',
        "not-covered",
        '"buyer.email" = "masked", "buyer.birth',
    ),
    ('"buyer.gender" = "plain"', '"buyer.gender" = "masked"', "impossible-form", '"buyer.gender" = "masked"'),
    (
        '"account.password" = "verified"',
        '"account.password" = "masked"',
        "impossible-form",
        '"account.password" = "masked"',
    ),
    (
        '"buyer.gender" = "plain" }',
        '"buyer.gender" = "withheld" }',
        "no-effect",
        '"buyer.gender" = "withheld"',
    ),
    (
        'writes  = ["account.*"]',
        'writes  = ["account.*", "delivery.note"]',
        "not-covered",
        '"delivery.note"]',
    ),
    (
        'writes  = ["account.*"]',
        'writes  = ["account.*", "delivery.*"]',
        "not-covered",
        '"account.*", "delivery.*"]',
    ),
    (
        'reads   = { "buyer.*" = "plain", "delivery.*" = "plain" }',
        "",
        "missing-key",
        '[[grants]]\nclause  = "legal-claims"',
    ),
    ('purpose = ["sale", "exchange"]', 'purpose = ["sale", "exchanges"]', "unknown-purpose", '"exchanges"'),
    ('purpose = ["sale", "exchange"]', "purpose = []", "empty", "purpose = []"),
    ('role    = ["carrier", "shipping"]', 'role    = ["courier"]', "unknown-role", '"courier"'),
    ("recipient = true\n", "recipient = false\n", "no-effect", "recipient = false"),
    ('through = "direct"', 'through = "telepathy"', "unknown-word", '"telepathy"'),
    ('"*.national_id"]', '"*.passport"]', "unknown-field", '"*.passport"'),
    ('forms   = ["plain"]', 'forms   = ["plan"]', "unknown-word", '"plan"'),
    ('forms   = ["plain"]', 'forms   = ["withheld"]', "no-effect", 'forms   = ["withheld"]'),
    ('unless  = ["assigned"]', 'unless  = ["tuesday"]', "unknown-word", '"tuesday"'),
    ('says    = "a password is never shown"', 'says = "x"\nbecause = 1', "unknown-key", "because = 1"),
    (
        'given  = { role = "shipping", purpose = "delivery"',
        'given  = { role = "ship", purpose = "delivery"',
        "unknown-role",
        '"ship"',
    ),
    ('given  = { role = "shipping", ', 'given  = { day = 1, role = "shipping", ', "unknown-key", "day = 1"),
    (
        'given  = { role = "shipping", ',
        'given  = { conditions = ["x"], role = "shipping", ',
        "unknown-word",
        'conditions = ["x"]',
    ),
    ('note = "withheld" }', 'memo = "withheld" }', "unknown-field", 'memo = "withheld"'),
    ('note = "withheld" }', 'note = "gone" }', "unknown-word", 'note = "gone"'),
    ("expect = { recipient", "exact = 1\nexpect = { recipient", "unknown-key", "exact = 1"),
    ('collection = "buyer" }\nexpect', 'collection = "buyers" }\nexpect', "unknown-collection", '"buyers" }'),
]


@pytest.mark.parametrize(("old", "new", "code", "on_line"), MISTAKES)
def test_each_mistake_is_found_on_its_line(old, new, code, on_line):
    assert old in _SOURCE
    mutated = _SOURCE.replace(old, new, 1)
    findings = _findings(mutated)
    assert (code, _line_of(mutated, on_line)) in {(finding.code, finding.line) for finding in findings}
    for finding in findings:
        assert not finding.message.endswith(".")
        assert finding.message[0] == finding.message[0].lower()


@pytest.mark.parametrize(
    ("old", "new", "near"),
    [
        (
            'role    = "shipping"\npurpose = "delivery"',
            'role    = "shipping"\npurpose = "delivry"',
            "'delivery'",
        ),
        ('role    = "shipping"', 'role    = "shiping"', "'shipping'"),
        ('"buyer.address" = "generalised"', '"buyer.adress" = "generalised"', "'address'"),
        ('keep   = "P24M"', 'kep   = "P24M"', "'keep'"),
        ('when    = ["assigned", "case"]', 'when    = ["asigned", "case"]', "'assigned'"),
    ],
)
def test_the_nearest_name_is_suggested(old, new, near):
    messages = [finding.message for finding in _findings(_SOURCE.replace(old, new, 1))]
    assert any(f"did you mean {near}?" in message for message in messages)


def test_all_mistakes_are_found_at_once_and_in_order():
    mutated = _SOURCE
    for old, new in [
        ('id        = "shop"', 'id = "The Shop"'),
        ('keep   = "P24M"', 'keep   = "never"'),
        ('may  = ["statistics"]', 'may  = ["everything"]'),
        ('note = "withheld" }', 'note = "gone" }'),
    ]:
        mutated = mutated.replace(old, new, 1)
    findings = _findings(mutated)
    assert [finding.code for finding in findings] == [
        "bad-name",
        "bad-duration",
        "unknown-permission",
        "unknown-word",
    ]
    assert [finding.line for finding in findings] == sorted(finding.line or 0 for finding in findings)


_RESEARCH_GRANT = _SOURCE[
    _SOURCE.index('[[grants]]\nclause  = "research"') : _SOURCE.index('[[grants]]\nclause  = "authority"')
]


def test_a_grant_that_says_the_same_as_another_is_a_duplicate():
    mutated = _SOURCE + "\n" + _RESEARCH_GRANT.replace('"buyer.address" = "generalised", ', "")
    (finding,) = _findings(mutated)
    assert (finding.code, finding.line) == (
        "duplicate-grant",
        mutated.rindex("[[grants]]") and mutated[: mutated.rindex("[[grants]]")].count("\n") + 1,
    )
    assert str(_line_of(_SOURCE, _RESEARCH_GRANT)) in finding.message


def test_the_same_grant_under_another_condition_is_no_duplicate():
    other = _RESEARCH_GRANT.replace('role    = "research"', 'role    = "research"\nwhen = ["case"]')
    assert len(parse(_SOURCE + "\n" + other).grants) == 18


def _research_reads(reads: str) -> str:
    start = _RESEARCH_GRANT.index("reads")
    return _SOURCE.replace(_RESEARCH_GRANT, f"{_RESEARCH_GRANT[:start]}reads = {{ {reads} }}\n").replace(
        'covers = ["buyer.address", "buyer.birth_date", "buyer.gender"]',
        'covers = ["*.*"]'.replace("*.*", "buyer.*"),
    )


def _grant_of_research(notice: Notice) -> dict[str, Form]:
    return dict(next(grant for grant in notice.grants if grant.role == "research").reads)


def test_a_full_name_overrides_a_pattern_of_the_same_grant():
    reads = _grant_of_research(
        parse(_research_reads('"buyer.*" = "plain", "buyer.email" = "masked", "buyer.phone" = "withheld"'))
    )
    assert reads["buyer.email"] is Form.MASKED
    assert reads["buyer.full_name"] is Form.PLAIN
    assert "buyer.phone" not in reads


def test_two_patterns_that_contradict_are_refused():
    findings = _findings(_research_reads('"buyer.*" = "plain", "*.email" = "masked"'))
    assert [finding.code for finding in findings] == ["ambiguous-form"]


@pytest.mark.parametrize(
    ("source", "code", "line"),
    [
        ("[notice\n", "syntax", 1),
        ("a = 1\nb = \n", "syntax", 2),
        ("a = 1\na = 2\n", "syntax", 2),
        ('a = """', "syntax", 1),
        (b"a = 1\nb = '\xff'\n", "encoding", 2),
        ("a = '\ud800'", "encoding", 1),
        ("a = " + "[" * 1900 + "]" * 1900, "syntax", None),
        ("a = 1\nb = " + "9" * 5000, "too-large", 2),
        ("#" * 600_000, "too-large", None),
    ],
)
def test_what_is_not_toml_is_said_with_its_line(source, code, line):
    (finding,) = _findings(source)
    assert (finding.code, finding.line) == (code, line)


def test_an_empty_file_is_told_what_it_lacks():
    assert {finding.code for finding in _findings("")} == {"missing-key"}


def test_a_notice_with_too_many_cells_is_refused():
    roles = "".join(f'[roles.r{n}]\nsays = "x"\n' for n in range(400))
    assert {finding.code for finding in _findings(_SOURCE + roles)} == {"too-large"}


@pytest.mark.parametrize(("table", "most"), MOST_RULES.items())
def test_a_notice_with_too_many_rules_is_refused(table, most):
    findings = _findings(_SOURCE + f"[[{table}]]\n" * most)
    assert any(
        finding.code == "too-large" and f"more than {most} tables [[{table}]]" in finding.message
        for finding in findings
    )


def test_long_and_unprintable_names_do_not_reach_the_terminal():
    mutated = _SOURCE.replace("[clauses.trade]", '[clauses."\\u001b[31m' + "x" * 500 + '"]', 1)
    for finding in _findings(mutated):
        assert finding.message.isprintable()
        assert len(finding.message) < 400


def test_a_small_notice_needs_neither_retention_nor_consent_nor_tokens():
    notice = parse(
        """
        notice = { id = "small", language = "en", title = { en = "Small" } }
        clauses.one.title.en = "One"
        collections.people.fields.name = { type = "person-name", search = "prefix" }
        [purposes.use]
        clause = "one"
        basis = "consent"
        keep = "P0D"
        covers = ["*.name"]
        """
    )
    assert notice.tokens.live == Duration(days=7)
    assert notice.consent.evidence == set(Evidence)
    assert notice.field("people.name").search is SearchMode.PREFIX


def test_the_permissions_are_the_closed_list():
    assert len(PERMISSIONS) == 19
    may = {word for role in reference_notice().roles.values() for word in role.may}
    assert may == PERMISSIONS


@given(st.text() | st.binary())
def test_nothing_but_a_list_of_findings_comes_out_of_any_text(source):
    assert _findings(source)


_WORDS = sorted(set(re.findall(r'[a-z_-]+|"[^"\n]*"|[\[\]{}=,*.]', _SOURCE)))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nothing_but_findings_comes_out_of_a_mutilated_notice(data):
    lines = _SOURCE.splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines) - 1))
    start = data.draw(st.integers(0, len(lines[place])))
    end = data.draw(st.integers(start, len(lines[place])))
    extra = ["1", "true", "[]", "{}", "1979-05-27", "\n", "[[grants]]\n", '"\\u0000"']
    new = data.draw(st.sampled_from(_WORDS + extra) | st.just(""))
    lines[place] = lines[place][:start] + new + lines[place][end:]
    try:
        assert parse("".join(lines)).id
    except NoticeInvalid as invalid:
        assert invalid.findings  # noqa: PT017  either outcome is right, another exception is not


_SHAPES = st.recursive(
    st.sampled_from(["1", "true", '"x"', '"buyer.*"', '"order"', "1.5", "1979-05-27"]),
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(
            st.tuples(st.sampled_from(["clause", "title", "fields", "reads", "given"]), inner),
            max_size=2,
            unique_by=lambda p: p[0],
        ).map(lambda items: "{ " + ", ".join(f"{key} = {value}" for key, value in items) + " }")
    ),
    max_leaves=4,
)
_TOP = [
    "notice",
    "clauses",
    "collections",
    "purposes",
    "roles",
    "grants",
    "retention",
    "consent",
    "tokens",
    "never",
    "examples",
]


@given(st.dictionaries(st.sampled_from(_TOP), _SHAPES, max_size=4))
def test_nothing_but_findings_comes_out_of_values_of_any_shape(document):
    assert _findings("".join(f"{key} = {value}\n" for key, value in document.items()))
