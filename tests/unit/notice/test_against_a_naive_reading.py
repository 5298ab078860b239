"""The engine against twenty lines that read the TOML as a person would, over every cell of the reference notice."""

import tomllib
from itertools import combinations, product

from app.notice.decide import Circumstances, Question, Standing, decide
from app.notice.model import BindingState, Channel
from app.notice.reference import reference_notice, reference_source
from app.notice.table import compile_table

_TOML = tomllib.loads(reference_source().decode())
_WORDS = ["assigned", "case", "approved", "own"]
_FORMS = ["withheld", "verified", "token", "generalised", "masked", "plain"]


Cell = tuple[str, str | None, str]


def _naive(
    role: str, purpose: str, field: str, channel: str, held: set[str], *, is_open: bool, restricted: bool
) -> Cell:
    """The form, clause and reason of one cell."""
    rules = _TOML["purposes"].get(purpose, {})
    standing = rules.get("binding") == "standing"
    named = [
        (grant, form)
        for grant in _TOML["grants"]
        for text, form in grant["reads"].items()
        if (grant["role"], grant["purpose"], grant.get("through", "direct")) == (role, purpose, channel)
        and (text == field or (text.endswith(".*") and field.startswith(text[:-1])))
    ]
    met = [(grant, form) for grant, form in named if set(grant.get("when", [])) <= held]
    lacking = [[word for word in _WORDS if word in {*grant.get("when", [])} - held] for grant, _ in named]
    for applies, reason in [
        (not rules, "unknown-purpose"),
        (rules.get("forbidden"), "forbidden-purpose"),
        (not named, "not-granted"),
        (restricted and not standing, "restricted"),
        (not is_open and not standing, "purpose-not-open"),
        (not met, f"needs-{min(lacking, key=len)[0]}" if named and not met else ""),
    ]:
        if applies:
            return "withheld", rules.get("clause"), reason
    grant, form = max(met, key=lambda pair: _FORMS.index(pair[1]))
    return form, grant["clause"], "granted"


def test_every_cell_of_the_reference_notice_in_every_standing():
    table = compile_table(reference_notice(), 1)
    conditions = [held for size in range(5) for held in combinations(_WORDS, size)]
    standings = [
        (Standing(state, restricted=restricted), state is BindingState.OPEN, restricted)
        for state, restricted in [
            (BindingState.OPEN, False),
            (BindingState.CLOSED, False),
            (BindingState.NONE, True),
            (BindingState.OPEN, True),
        ]
    ]
    cells = 0
    space = product(
        _TOML["roles"], [*_TOML["purposes"], "weather"], ["direct", "token"], _TOML["collections"], standings
    )
    for role, purpose, channel, collection, (standing, is_open, restricted) in space:
        fields = tuple(_TOML["collections"][collection]["fields"])
        for held in conditions if is_open and not restricted else [(), tuple(_WORDS)]:
            circumstances = Circumstances(**dict.fromkeys(held, True))
            question = Question(
                frozenset({role}), purpose, collection, fields, Channel(channel), standing, circumstances
            )
            for name, decided in decide(table, question).fields.items():
                expected = _naive(
                    role,
                    purpose,
                    f"{collection}.{name}",
                    channel,
                    set(held),
                    is_open=is_open,
                    restricted=restricted,
                )
                assert (decided.form, decided.clause, decided.reason) == expected
                cells += 1
    assert cells == 13 * 17 * 2 * 13 * (16 + 3 * 2)
