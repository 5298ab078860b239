"""Which addresses a parcel can be sent to, and what is left of one in less revealing forms."""

from typing import Any

import pytest

from app.vault.field_types.countries import COUNTRIES
from app.vault.field_types.field_type import InvalidValue
from app.vault.field_types.postal_address import PostalAddress

ADDRESS = PostalAddress()
SAIGON: dict[str, Any] = {
    "lines": ["12 Nguyễn Huệ"],
    "ward": "Phường Sài Gòn",
    "province": "Thành phố Hồ Chí Minh",
    "country": "VN",
}


def mistakes(address: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidValue) as refused:
        ADDRESS.parse(address)
    return [(error.pointer, error.code) for error in refused.value.errors]


def test_the_forms_of_an_address() -> None:
    address = SAIGON | {"postcode": "70000"}
    assert ADDRESS.parse(address) is address
    assert ADDRESS.generalise(address) == {"province": "Thành phố Hồ Chí Minh", "country": "VN"}
    assert ADDRESS.mask(address) == {"lines": ["•••"], "province": "Thành phố Hồ Chí Minh", "country": "VN"}


def test_a_former_province_is_generalised_to_the_one_it_is_now_in() -> None:
    before = {
        "lines": ["5 Yersin"],
        "ward": "Phường Phú Cường",
        "district": "Thủ Dầu Một",
        "province": "Bình Dương",
    }
    address = ADDRESS.parse(before | {"country": "VN"})
    assert ADDRESS.generalise(address) == {"province": "Thành phố Hồ Chí Minh", "country": "VN"}


def test_abroad_only_the_country_is_left() -> None:
    address = ADDRESS.parse(
        {"lines": ["1 rue Monge"], "province": "Paris", "postcode": "75005", "country": "FR"}
    )
    assert ADDRESS.generalise(address) == {"country": "FR"}
    assert ADDRESS.mask(address) == {"lines": ["•••"], "country": "FR"}


def test_a_ward_must_be_in_its_province() -> None:
    assert mistakes(SAIGON | {"ward": "Phường Hoàn Kiếm"}) == [("/ward", "unknown-ward")]
    assert mistakes(SAIGON | {"ward": "Phường Bến Nghé"}) == [("/ward", "unknown-ward")]


def test_a_ward_of_before_is_accepted_with_its_district() -> None:
    ADDRESS.parse(SAIGON | {"ward": "Phường Bến Nghé", "district": "Quận 1"})
    ADDRESS.parse(SAIGON | {"ward": "Phường Phú Cường", "province": "Tỉnh Bình Dương"})


def test_units_may_be_left_out_but_the_province_not() -> None:
    ADDRESS.parse({"lines": ["Thôn 3"], "province": "hue", "country": "VN"})
    assert mistakes({"lines": ["Thôn 3"], "country": "VN"}) == [("/province", "missing")]
    assert mistakes({"lines": ["Thôn 3"], "province": "Huế 2", "country": "VN"}) == [
        ("/province", "unknown-province")
    ]


def test_all_mistakes_of_the_shape_are_told_at_once() -> None:
    address = {
        "lines": ["ok", "", 3, "x" * 201],
        "ward": "\x01",
        "postcode": "7",
        "city": "Huế",
        "country": "vn",
    }
    assert sorted(mistakes(address)) == [
        ("/city", "unknown-member"),
        ("/country", "unknown-country"),
        ("/lines/1", "empty"),
        ("/lines/2", "wrong-type"),
        ("/lines/3", "too-long"),
        ("/postcode", "bad-postcode"),
        ("/ward", "bad-character"),
    ]


@pytest.mark.parametrize(
    ("lines", "code"),
    [(None, "missing"), ([], "empty"), (["a"] * 5, "too-many"), ("12 Nguyễn Huệ", "wrong-type")],
)
def test_lines_are_one_to_four(lines: object, code: str) -> None:
    assert mistakes(SAIGON | {"lines": lines}) == [("/lines", code)]


def test_a_strange_member_name_is_not_repeated() -> None:
    assert mistakes(SAIGON | {"Nguyễn Văn An": 1}) == [("", "unknown-member")]
    assert mistakes(SAIGON | {"a/b~c": 1}) == [("", "unknown-member")]


def test_a_unit_that_is_there_must_be_text() -> None:
    assert mistakes(SAIGON | {"ward": None}) == [("/ward", "wrong-type")]
    assert mistakes(SAIGON | {"postcode": "SW1A 1AA"}) == [("/postcode", "bad-postcode")]


@pytest.mark.parametrize("wrong", [None, "12 Nguyễn Huệ", [], 7, True])
def test_an_address_is_an_object(wrong: object) -> None:
    assert mistakes(wrong) == [("", "wrong-type")]


def test_iso_3166_has_249_countries() -> None:
    assert len(COUNTRIES) == 249
    assert {"VN", "US", "GB", "TW", "AX", "SS"} <= COUNTRIES
    assert not {"UK", "EU", "XK", "SU"} & COUNTRIES
