"""Names, dates, choices, text and passwords."""

import unicodedata

import pytest

from app.vault.field_types.choice import Choice
from app.vault.field_types.date import Date
from app.vault.field_types.field_type import FieldType, InvalidValue
from app.vault.field_types.password import Password
from app.vault.field_types.person_name import PersonName
from app.vault.field_types.text import Text

GENDER = Choice(("female", "male", "other"))


def code(kind: FieldType, wrong: object) -> str:
    with pytest.raises(InvalidValue) as refused:
        kind.parse(wrong)
    (error,) = refused.value.errors
    assert error.pointer == ""
    return error.code


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("Nguyễn Văn An", "N••• A•••"),
        ("Đỗ Thị Ánh", "Đ••• Á•••"),
        (unicodedata.normalize("NFD", "Đỗ Thị Ánh"), "Đ••• Á•••"),
        ("Công Tằng Tôn Nữ Thanh Trà", "C••• T•••"),
        ("Plato", "P•••"),
        ("X", "•••"),
        ("A B", "••• •••"),
        ("'Abd al-Malik", "••• a•••"),
    ],
)
def test_a_masked_name_is_its_outer_initials(name: str, masked: str) -> None:
    assert PersonName().mask(PersonName().parse(name)) == masked


def test_names_are_found_in_any_case_and_spacing_but_marks_count() -> None:
    normalise = PersonName().normalise
    assert normalise("  NGUYỄN  văn\u00a0An ") == normalise("nguyễn Văn an") == "nguyễn văn an"
    assert normalise("Nguyễn Văn An") != normalise("Nguyen Van An")


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ("", "empty"),
        (" \u00a0", "empty"),
        ("12 34", "no-letter"),
        ("Nguyễn\nAn", "bad-character"),
        ("An\u202e", "bad-character"),
        ("n" * 201, "too-long"),
        (None, "wrong-type"),
        (["An"], "wrong-type"),
    ],
)
def test_what_is_not_a_name(wrong: object, expected: str) -> None:
    assert code(PersonName(), wrong) == expected


def test_length_does_not_depend_on_composition() -> None:
    longest = "ễ" * 200
    assert PersonName().parse(unicodedata.normalize("NFD", longest))
    assert code(PersonName(), unicodedata.normalize("NFD", longest + "ễ")) == "too-long"


@pytest.mark.parametrize(
    ("day", "band"),
    [
        ("1990-02-28", "1990–1994"),
        ("1994-12-31", "1990–1994"),
        ("1995-01-01", "1995–1999"),
        ("2000-02-29", "2000–2004"),
    ],
)
def test_the_forms_of_a_date(day: str, band: str) -> None:
    assert Date().parse(day) is day
    assert Date().generalise(day) == band
    assert Date().mask(day) == day[:4] + "-••-••"


@pytest.mark.parametrize(
    "wrong",
    ["1849-12-31", "2201-01-01", "2023-02-29", "1990-2-3", "19900203", "1990-02-03 ", "１９９０-02-03"],
)
def test_what_is_not_a_day(wrong: str) -> None:
    assert code(Date(), wrong) == "bad-date"
    assert code(Date(), 19900203) == "wrong-type"


def test_a_choice_is_exactly_one_of_its_choices() -> None:
    assert GENDER.generalise(GENDER.parse("female")) == "female"
    assert code(GENDER, "Female") == "not-a-choice"
    assert code(GENDER, True) == "wrong-type"


def test_text_keeps_its_lines_and_hides_all_of_itself() -> None:
    note = "Gọi trước\n\tkhi giao\r\n"
    assert Text().parse(note) is note
    assert Text().mask(note) == Text().mask("x") == "•••"
    assert Text().normalise(" An.Nguyễn ") == Text().normalise("an.nguyễn")
    assert code(Text(), "bell\x07") == "bad-character"
    assert code(Text(3), "four") == "too-long"


def test_a_password_is_kept_as_it_is_typed() -> None:
    for password in ("mật khẩu", "\t12345678\n", "x" * 1024):
        assert Password().parse(password) is password
    assert code(Password(), "7 chars") == "too-short"
    assert code(Password(), "x" * 1025) == "too-long"
    assert code(Password(), "long enough\x00") == "bad-character"
