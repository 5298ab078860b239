"""What holds for every type, whatever is submitted."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.notice.model import FORMS_OF_TYPE, SEARCH_MODES_OF_TYPE, Form, SearchMode
from app.vault.field_types.catalogue import field_type
from app.vault.field_types.field_type import FieldType, InvalidValue

NAMES = sorted(FORMS_OF_TYPE)
TYPES: dict[str, FieldType] = {
    name: field_type(name, choices=("female", "male", "other") if name == "choice" else ()) for name in NAMES
}
VALUES: dict[str, Any] = {
    "person-name": "Nguyễn Văn An",
    "email": "nguyen.an@gmail.com",
    "phone": "0903 123 456",
    "postal-address": {
        "lines": ["12 Nguyễn Huệ"],
        "ward": "Phường Sài Gòn",
        "province": "Thành phố Hồ Chí Minh",
        "country": "VN",
    },
    "date": "1990-02-28",
    "choice": "female",
    "national-id": "079 190 123 456",
    "text": "Giao giờ hành chính",
    "password": "correct horse",
}

# Strings that break software, each for another reason.
NAUGHTY = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\udfffname",
    "a@\ud800.vn",
    "0903\ud800123456",
    "٠٩٠٣١٢٣٤٥٦",
    "０９０３１２３４５６",
    "+" * 40,
    "+84" + "9" * 37,
    "tel:+84;phone-context=+84",
    "0903123456;ext=5",
    "a@b",
    "@",
    "a@.",
    "a@b..vn",
    "a@xn--a.vn",
    "a@" + "x." * 120 + "vn",
    "a@[127.0.0.1]",
    '"a b"@example.com',
    "Ａ@example.com",
    "a@e\u0301xample.com",
    "a@\u3002.vn",
    "\u0300a@example.com",
    "N\u0302\u0323" * 300,
    "\u202egnaod nav",
    "🇻🇳",
    "👩‍👩‍👧",
    "ß",
    "İ",
    "ﬀ",
    "\ufeff",
    "\u200b",
    "2023-02-29",
    "0000-00-00",
    "9999-99-99",
    "１９９０-01-01",
    "1990-01-01T00:00:00Z",
    "1" * 5000,
    "%s%n${jndi:ldap://x}",
    "'; DROP TABLE records;--",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "999 999 999 999",
    "true",
    "null",
    "NaN",
    "-1",
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(NAUGHTY),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=8,
)
nearly_addresses = st.fixed_dictionaries(
    {},
    optional={
        "lines": json_values | st.lists(st.text(max_size=9), max_size=5),
        "ward": json_values | st.just("Phường Sài Gòn"),
        "district": json_values,
        "province": json_values | st.sampled_from(["Hồ Chí Minh", "Bình Dương"]),
        "postcode": json_values | st.just("700000"),
        "country": json_values | st.sampled_from(["VN", "FR"]),
        "other": json_values,
    },
)
nearly_values = (
    st.text(alphabet="0123456789+ ()-.", max_size=20)
    | st.text(alphabet="aà@.-xn1é", max_size=14)
    | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True)
    | st.from_regex(r"[A-Za-z]{0,2}[0-9 .]{6,14}", fullmatch=True)
    | st.text(alphabet=st.characters(codec=None), max_size=20)
)
submissions = json_values | nearly_addresses | nearly_values | st.sampled_from(NAUGHTY)


def refusal(name: str, submitted: object) -> InvalidValue | None:
    try:
        TYPES[name].parse(submitted)
    except InvalidValue as refused:
        return refused
    return None


def leaves(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in leaves(part)]
    if isinstance(value, list):
        return [leaf for part in value for leaf in leaves(part)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("name", NAMES)
@given(submitted=submissions)
@settings(max_examples=150, deadline=None)
def test_anything_submitted_is_a_value_or_refused(name: str, submitted: object) -> None:
    before = repr(submitted)
    refused = refusal(name, submitted)
    if refused:
        assert refused.errors
    else:
        assert TYPES[name].parse(submitted) is submitted
    assert repr(submitted) == before


@pytest.mark.parametrize("name", NAMES)
@given(secret=st.text(alphabet="QXZ", min_size=12, max_size=12), submitted=submissions)
@settings(max_examples=60, deadline=None)
def test_a_refusal_never_repeats_what_was_submitted(name: str, secret: str, submitted: object) -> None:
    marked = [
        secret,
        {secret: secret},
        {"lines": [secret + "\x00"], "country": secret},
        {"lines": secret},
        [submitted],
    ]
    for wrong in (*marked, secret + "\x00", secret * 500):
        refused = refusal(name, wrong)
        if refused:
            said = str(refused) + "".join(e.pointer + e.code + e.detail for e in refused.errors)
            assert secret not in said
            assert refused.__context__ is None or secret not in str(refused.__context__)


@pytest.mark.parametrize("name", NAMES)
def test_every_type_takes_its_ordinary_value(name: str) -> None:
    assert TYPES[name].parse(VALUES[name]) is VALUES[name]


@pytest.mark.parametrize("name", NAMES)
def test_no_type_stores_nul_or_a_lone_surrogate(name: str) -> None:
    for unstorable in ("\x00", "\ud800", "\udc00"):
        assert refusal(name, f"long enough{unstorable}")
        assert refusal("postal-address", VALUES["postal-address"] | {"lines": [f"12{unstorable}"]})


@pytest.mark.parametrize("name", [name for name in NAMES if Form.MASKED in FORMS_OF_TYPE[name]])
@given(submitted=nearly_values | nearly_addresses | st.text(min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
def test_a_mask_never_holds_what_it_masks(name: str, submitted: object) -> None:
    if refusal(name, submitted) or "•" in str(
        submitted
    ):  # a value made of bullets is the mask's own character
        return
    value = TYPES[name].parse(submitted)
    masked = TYPES[name].mask(value)
    assert masked != value
    if isinstance(value, str) and isinstance(masked, str):
        assert value.strip() not in masked
    if isinstance(value, dict) and isinstance(masked, dict):
        assert masked["lines"] == ["•••"]
        assert not {"ward", "district", "postcode"} & masked.keys()


@pytest.mark.parametrize("name", NAMES)
def test_a_type_has_exactly_the_forms_a_notice_can_grant(name: str) -> None:
    for form, method in ((Form.MASKED, "mask"), (Form.GENERALISED, "generalise")):
        if form in FORMS_OF_TYPE[name]:
            assert leaves(getattr(TYPES[name], method)(VALUES[name]))
        else:
            with pytest.raises(TypeError):
                getattr(TYPES[name], method)(VALUES[name])


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_be_searched_has_no_normal_form(name: str) -> None:
    if SEARCH_MODES_OF_TYPE[name] == {SearchMode.NONE}:
        with pytest.raises(TypeError):
            TYPES[name].normalise(VALUES[name])


@pytest.mark.parametrize("name", ["person-name", "email", "phone", "national-id", "text"])
@given(submitted=nearly_values | st.text(min_size=1, max_size=12))
@settings(max_examples=200, deadline=None)
def test_a_normal_form_does_not_depend_on_composition(name: str, submitted: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, submitted) for form in ("NFC", "NFD"))
    if refusal(name, composed) or refusal(name, decomposed):
        return
    assert TYPES[name].normalise(composed) == TYPES[name].normalise(decomposed)


@pytest.mark.parametrize("name", ["person-name", "email", "phone", "national-id", "text"])
def test_a_normal_form_is_its_own_normal_form(name: str) -> None:
    normal = TYPES[name].normalise(VALUES[name])
    assert TYPES[name].normalise(normal) == normal


@pytest.mark.parametrize("name", NAMES)
def test_what_was_parsed_survives_json(name: str) -> None:
    assert json.loads(json.dumps(TYPES[name].parse(VALUES[name]))) == VALUES[name]


@pytest.mark.parametrize("name", ["", "Phone", "integer", "person_name"])
def test_the_list_of_types_is_closed(name: str) -> None:
    with pytest.raises(ValueError, match="no such field type"):
        field_type(name)


def test_settings_belong_to_their_type() -> None:
    with pytest.raises(ValueError, match="max_length"):
        field_type("phone", max_length=9)
    with pytest.raises(ValueError, match="max_length"):
        field_type("text", max_length=0)
    with pytest.raises(ValueError, match="choices"):
        field_type("choice")
    with pytest.raises(ValueError, match="choices"):
        field_type("text", choices=("a",))
    assert refusal("text", "x" * 2_001)
    with pytest.raises(InvalidValue):
        field_type("text", max_length=5).parse("sixsix")
