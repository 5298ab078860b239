from itertools import pairwise

from app.notice.model import FORMS_OF_TYPE, SEARCH_MODES_OF_TYPE, Form, SearchMode, most_revealing

_ORDER = ["withheld", "verified", "token", "generalised", "masked", "plain"]


def test_forms_are_ordered_by_what_they_tell():
    assert [form.value for form in sorted(Form)] == _ORDER
    for less, more in pairwise(Form):
        assert less < more
        assert more > less
        assert less <= less  # noqa: PLR0124  reflexive
        assert not more <= less
        assert not less >= more


def test_a_form_is_its_word():
    assert Form("masked") is Form.MASKED
    assert f"{Form.MASKED}" == "masked"


def test_forms_of_each_type():
    readable = {
        kind: {f.value for f in forms} - {"withheld", "verified"} for kind, forms in FORMS_OF_TYPE.items()
    }
    ordinary = {"token", "masked", "plain"}
    assert readable == {
        "person-name": ordinary,
        "email": ordinary,
        "phone": ordinary,
        "national-id": ordinary,
        "text": ordinary,
        "postal-address": ordinary | {"generalised"},
        "date": ordinary | {"generalised"},
        "choice": {"token", "generalised", "plain"},
        "password": set(),
    }


def test_the_most_revealing_form_is_within_the_limit_and_the_type():
    for kind, forms in FORMS_OF_TYPE.items():
        for limit in Form:
            form = most_revealing(kind, limit)
            assert form in forms
            assert form <= limit
            assert not any(form < other <= limit for other in forms)


def test_types_with_few_values_cannot_be_searched():
    unsearchable = {kind for kind, modes in SEARCH_MODES_OF_TYPE.items() if modes == {SearchMode.NONE}}
    assert unsearchable == {"date", "choice", "password"}
    assert SEARCH_MODES_OF_TYPE.keys() == FORMS_OF_TYPE.keys()
