import pytest

from app.notice.cells import every_cell, number_of_cells
from app.notice.check import check, check_source, has_errors
from app.notice.finding import Finding, Severity
from app.notice.parse import parse
from app.notice.reference import reference_notice, reference_source
from app.notice.table import compile_table

_SOURCE = reference_source().decode()


def _mutated(*replacements: tuple[str, str]) -> str:
    source = _SOURCE
    for old, new in replacements:
        assert old in source
        source = source.replace(old, new, 1)
    return source


def _errors(source: str) -> list[Finding]:
    return [finding for finding in check_source(source) if finding.severity is Severity.ERROR]


def _line_of(source: str, text: str) -> int:
    return source[: source.index(text)].count("\n") + 1


def test_the_reference_notice_has_nothing_wrong_with_it():
    assert check(reference_notice()) == ()


def test_every_cell_of_the_reference_notice_is_gone_through():
    groups = list(every_cell(compile_table(reference_notice(), 1)))
    assert sum(len(group.decisions) for group in groups) == number_of_cells(reference_notice()) == 86_528
    assert len({(g.role, g.purpose, g.channel, g.collection, g.bits) for g in groups}) == len(groups)


VIOLATIONS = [
    # the never, what is changed, the role and the field of the cell that is named
    (
        "nothing is disclosed for sale",
        [
            (
                '[purposes.sale]\nclause    = "not-for-trade"\nforbidden = true',
                '[purposes.sale]\nclause = "not-for-trade"\nbasis = "consent"\nbinding = "standing"',
            ),
            (
                "[[never]]",
                (
                    '[[grants]]\nclause = "contact"\nrole = "marketing"\npurpose = "sale"\n'
                    'reads = { "buyer.email" = "token" }\n[[never]]'
                ),
            ),
        ],
        "'marketing'",
        "'buyer.email'",
    ),
    (
        "nobody outside the shop reads without a token",
        [('through = "token" ', 'through = "direct" ')],
        "'carrier'",
        "'delivery.address'",
    ),
    (
        "a carrier never learns an e-mail address",
        [
            (
                'covers = ["buyer.full_name", "buyer.phone", "buyer.address", "delivery.*"]',
                'covers = ["buyer.*", "delivery.*"]',
            ),
            (
                '"delivery.address" = "plain", "buyer.address" = "plain" }',
                '"delivery.address" = "plain", "buyer.birth_date" = "token" }',
            ),
        ],
        "'carrier'",
        "'buyer.birth_date'",
    ),
    (
        "a password is never shown",
        [
            ('{ type = "password" }', '{ type = "text" }'),
            ('"account.password" = "verified"', '"account.password" = "masked"'),
        ],
        "'checkout'",
        "'account.password'",
    ),
    (
        "those who run or watch the vault never see the data",
        [
            (
                "[[never]]",
                (
                    '[[grants]]\nclause = "care"\nrole = "admin"\npurpose = "subject-request"\nwhen = ["own"]\n'
                    'reads = { "buyer.gender" = "generalised" }\n[[never]]'
                ),
            )
        ],
        "'admin'",
        "'buyer.gender'",
    ),
    (
        "staff read contact details in plain only when assigned",
        [('when    = ["assigned", "case"]', 'when    = ["case"]')],
        "'support'",
        "'delivery.phone'",
    ),
]


@pytest.mark.parametrize(("says", "replacements", "role", "field"), VIOLATIONS)
def test_each_never_is_found_when_it_is_broken(says, replacements, role, field):
    broken = [finding for finding in _errors(_mutated(*replacements)) if finding.code == "never-broken"]
    assert broken
    assert all(says in finding.message for finding in broken)
    assert any(f"role {role} gets {field}" in finding.message for finding in broken)


def test_every_never_of_the_reference_notice_has_its_violation():
    says = [never.says for never in reference_notice().never]
    assert len(VIOLATIONS) == len(says)
    assert all(statement.startswith(case[0]) for statement, case in zip(says, VIOLATIONS, strict=True))


def test_a_violation_names_the_grant_and_the_fewest_conditions():
    source = _mutated(('when    = ["assigned", "case"]', 'when    = ["case"]'))
    grant = _line_of(source, '[[grants]]\nclause  = "assigned-staff"')
    never = _line_of(source, '[[never]]\nclause  = "assigned-staff"')
    for finding in _errors(source):
        assert finding.line == grant
        assert f"(line {never})" in finding.message
        assert "under case," in finding.message


def test_a_never_also_forbids_what_can_be_had_by_asking_for_less():
    never = '[[never]]\nclause = "research"\nsays = "no tokens"\nrole = ["research"]\nforms = ["token"]\n'
    broken = _errors(_mutated(("[[never]]", never + "[[never]]")))
    assert {finding.subject for finding in broken} == {
        f"research × market-research × buyer.{field} × direct"
        for field in ("address", "birth_date", "gender")
    }


def test_unless_excuses_only_where_all_its_conditions_hold():
    never = '[[never]]\nclause = "authority"\nsays = "x"\nrole = ["legal"]\nunless = ["case", "own"]\n'
    assert {finding.code for finding in _errors(_mutated(("[[never]]", never + "[[never]]")))} == {
        "never-broken"
    }
    assert not _errors(_mutated(("[[never]]", never.replace('"own"', '"approved"') + "[[never]]")))


EXAMPLES = [
    [('"delivery.address" = "token"', '"delivery.address" = "plain"')],
    [('collection = "buyer", open = false', 'collection = "buyer", open = true')],
    [
        (
            "[[never]]",
            (
                '[[grants]]\nclause = "care"\nrole = "compliance"\npurpose = "customer-care"\n'
                'reads = { "buyer.email" = "masked" }\n[[never]]'
            ),
        ),
        ('role    = ["compliance", "admin"]', 'role    = ["admin"]'),
    ],
]


@pytest.mark.parametrize(("place", "replacements"), [*enumerate(EXAMPLES)])
def test_each_example_is_found_when_it_is_broken(place, replacements):
    says = reference_notice().examples[place].says
    source = _mutated(*replacements)
    errors = _errors(source)
    assert {(finding.code, finding.line) for finding in errors} == {
        ("example-broken", _line_of(source, f'[[examples]]\nsays   = "{says}"'))
    }


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ("restricted = true", '"*" = "withheld"'),
        ('conditions = ["assigned", "case"]', 'email = "plain", national_id = "withheld"'),
        ('through = "token"', '"*" = "withheld"'),
        (
            'conditions = ["assigned"]',
            'full_name = "plain", email = "masked", "*" = "withheld", phone = "masked"',
        ),
    ],
)
def test_examples_can_say_under_which_circumstances(given, expect):
    where = 'role = "support", purpose = "customer-care", collection = "buyer"'
    example = f'[[examples]]\nsays = "x"\ngiven = {{ {where}, {given} }}\nexpect = {{ {expect} }}\n'
    assert check_source(_SOURCE + "\n" + example) == ()


@pytest.mark.parametrize(
    ("replacements", "code", "severity", "on_line"),
    [
        (
            [("[clauses.trade]", '[clauses.dream]\ntitle = { vi = "x" }\n[clauses.trade]')],
            "unused-clause",
            "error",
            "[clauses.dream]",
        ),
        (
            [
                ("birth_date  = {", 'shoe_size = { type = "text" }\nbirth_date  = {'),
                (
                    'covers = ["buyer.*", "delivery.*", "account.username"]',
                    (
                        'covers = ["buyer.full_name", "buyer.email", "buyer.phone", "buyer.address", "buyer.national_id"'
                        ', "delivery.*", "account.username"]'
                    ),
                ),
            ],
            "uncovered-field",
            "error",
            "shoe_size",
        ),
        (
            [
                (
                    "[purposes.sale]",
                    (
                        '[purposes.dream]\nclause = "trade"\nbasis = "contract"\nkeep = "P1D"\ncovers = ["buyer.email"]\n'
                        "[purposes.sale]"
                    ),
                )
            ],
            "unused-purpose",
            "warning",
            "[purposes.dream]",
        ),
        (
            [("[roles.research]", '[roles.dreamer]\nsays = "x"\n[roles.research]')],
            "unused-role",
            "warning",
            "[roles.dreamer]",
        ),
        (
            [('binding = "standing"', 'binding = "standing"\nkeep = "P1D"')],
            "no-effect",
            "warning",
            "[purposes.subject-request]",
        ),
        (
            [
                (
                    "[[never]]",
                    (
                        '[[grants]]\nclause = "contact"\nrole = "marketing"\npurpose = "marketing-sms"\nwhen = ["case"]\n'
                        'reads = { "buyer.phone" = "masked" }\n[[never]]'
                    ),
                )
            ],
            "shadowed-grant",
            "warning",
            '[[grants]]\nclause = "contact"',
        ),
    ],
)
def test_what_has_no_use_is_found(replacements, code, severity, on_line):
    source = _mutated(*replacements)
    (finding,) = check_source(source)
    assert (finding.code, finding.severity.value, finding.line) == (code, severity, _line_of(source, on_line))
    assert has_errors([finding]) == (severity == "error")


def test_standing_and_forbidden_purposes_do_not_cover():
    source = _mutated(
        ("birth_date  = {", 'shoe_size = { type = "text" }\nbirth_date  = {'),
        (
            'covers = ["buyer.*", "delivery.*", "account.username"]',
            (
                'covers = ["buyer.full_name", "buyer.email", "buyer.phone", "buyer.address", "buyer.national_id"'
                ', "delivery.*", "account.username"]'
            ),
        ),
        ('binding = "standing"', 'binding = "standing"\ncovers = ["buyer.shoe_size"]'),
        ("forbidden = true", 'forbidden = true\ncovers = ["buyer.shoe_size"]'),
    )
    assert [finding.subject for finding in _errors(source)] == ["buyer.shoe_size"]


def test_what_cannot_be_parsed_is_reported_as_findings():
    assert check_source("x = ")[0].code == "syntax"
    assert has_errors(check_source(b"\xff"))


def test_checking_twice_gives_the_same():
    source = _mutated(('when    = ["assigned", "case"]', 'when    = ["case"]'))
    assert check(parse(source)) == check(parse(source))
