"""Which spellings are one number."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.vault.field_types.field_type import InvalidValue
from app.vault.field_types.phone import Phone

PHONE = Phone()


@pytest.mark.parametrize(
    "written",
    [
        "0903123456",
        "0903 123 456",
        "0903.123.456",
        "(090) 312-3456",
        " 0903123456 ",
        "+84903123456",
        "+84 903 123 456",
        "84903123456",
        "+84 (0) 903 123 456",
        "0084 903123456",
        "０９０３１２３４５６",
        "0903\u00a0123\u00a0456",
        "0903–123–456",
    ],
)
def test_spellings_of_one_mobile_number(written: str) -> None:
    assert PHONE.parse(written) is written
    assert PHONE.normalise(written) == "+84903123456"
    assert PHONE.mask(written) == "+84 90••• ••56"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0120", "070"), ("0121", "079"), ("0122", "077"), ("0126", "076"), ("0128", "078"),
        ("0123", "083"), ("0124", "084"), ("0125", "085"), ("0127", "081"), ("0129", "082"),
        ("0162", "032"), ("0163", "033"), ("0164", "034"), ("0165", "035"),
        ("0166", "036"), ("0167", "037"), ("0168", "038"), ("0169", "039"),
        ("0186", "056"), ("0188", "058"), ("0199", "059"),
    ],
)  # fmt: skip
def test_a_number_of_before_2018_is_the_number_it_became(old: str, new: str) -> None:
    for written in (
        f"{old} 3123456",
        f"+84 {old[1:]} 312 3456",
        f"84{old[1:]}3123456",
        f"+84 ({old}) 3123456",
    ):
        assert (
            PHONE.normalise(PHONE.parse(written))
            == PHONE.normalise(f"{new}3123456")
            == f"+84{new[1:]}3123456"
        )


@given(
    trunk=st.sampled_from(["0", "+84", "84"]),
    national=st.from_regex(r"[35789][0-9]{8}", fullmatch=True),
    cuts=st.lists(st.tuples(st.integers(1, 9), st.sampled_from([" ", ".", "-"])), max_size=3),
)
@settings(max_examples=400, deadline=None)
def test_the_short_way_agrees_with_the_library(
    trunk: str, national: str, cuts: list[tuple[int, str]]
) -> None:
    digits = national
    for place, separator in cuts:
        digits = digits[:place] + separator + digits[place:]
    number = phonenumbers.parse(trunk + digits, "VN")
    assert phonenumbers.is_possible_number(number)
    assert PHONE.normalise(trunk + digits) == phonenumbers.format_number(
        number, phonenumbers.PhoneNumberFormat.E164
    )


def test_numbers_of_other_countries_and_landlines() -> None:
    assert PHONE.normalise("+1 650-253-0000") == "+16502530000"
    assert PHONE.mask("+1 650-253-0000") == "+1 65••• ••00"
    assert PHONE.normalise("028 3812 3456") == PHONE.normalise("+84 28 3812 3456") == "+842838123456"
    # Italy writes and dials the leading zero.
    assert PHONE.normalise("+39 06 6982 0000") == "+390669820000"


def test_a_short_number_shows_only_its_country() -> None:
    assert PHONE.mask("+683 4012") == "+683 •••"


@pytest.mark.parametrize(
    "wrong",
    ["113", "0903 12", "0903 123 456 789 0", "0903 CALL ME", "0903123456 ext 5", "0903123456, 0912345678",
     "+999 123456", "+1 253 0000", "không có", "٠٩٠٣١٢٣٤٥٦"],
)  # fmt: skip
def test_what_is_not_one_possible_number(wrong: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        PHONE.parse(wrong)
    assert [error.code for error in refused.value.errors] == ["bad-phone"]


def test_a_mask_is_given_even_of_what_is_no_number_any_more() -> None:
    assert PHONE.mask("0903 12") == "•••"
