"""The units themselves, and every way their names are written."""

import unicodedata

import pytest

from app.vault.field_types.vietnam_units import (
    BIRTHPLACE_CODES,
    FORMER_PROVINCES,
    PROVINCES,
    Province,
    current_province,
    has_ward,
    province_named,
)


def bare(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def test_there_are_34_provinces_and_3321_wards_and_there_were_63_provinces() -> None:
    assert len(PROVINCES) == 34
    assert sum(len(province.wards) for province in PROVINCES) == 3_321
    assert len(FORMER_PROVINCES) == len(BIRTHPLACE_CODES) == 63
    assert all(len(set(province.wards)) == len(province.wards) for province in PROVINCES)


def test_no_two_provinces_share_a_name_or_code() -> None:
    assert len({province.code for province in PROVINCES}) == 34
    assert len({bare(province.name) for province in PROVINCES}) == 34
    assert len({bare(former.name) for former in FORMER_PROVINCES}) == 63


@pytest.mark.parametrize("province", PROVINCES, ids=lambda province: bare(province.name))
def test_every_spelling_finds_its_province_and_wards(province: Province) -> None:
    short = province.name.removeprefix("Thành phố ").removeprefix("Tỉnh ")
    for name in (province.name, short):
        for spelling in (
            name,
            name.upper(),
            bare(name),
            unicodedata.normalize("NFD", name),
            f"  {name.lower()} ",
        ):
            assert province_named(spelling) is current_province(spelling) is province
    for ward in province.wards:
        assert has_ward(province, ward)
        assert has_ward(province, bare(ward).lower())
        assert has_ward(province, unicodedata.normalize("NFD", ward).upper())
        kind = next(kind for kind in ("Phường ", "Xã ", "Đặc khu ") if ward.startswith(kind))
        assert has_ward(province, ward.removeprefix(kind))


def test_every_former_province_is_found_in_a_present_one() -> None:
    codes = {province.code: province for province in PROVINCES}
    for former in FORMER_PROVINCES:
        assert province_named(former.name) is codes[former.now]
    merged = {bare(former.name) for former in FORMER_PROVINCES if not current_province(former.name)}
    assert len(merged) == 63 - 34
    assert {"Tinh Binh Duong", "Tinh Ha Giang", "Tinh Ba Ria - Vung Tau", "Tinh Kien Giang"} <= merged


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("TP.HCM", "79"), ("TPHCM", "79"), ("TP. Hồ Chí Minh", "79"), ("T.P Hồ Chí Minh", "79"),
        ("Sài Gòn", "79"), ("Bà Rịa–Vũng Tàu", "79"), ("tp ha noi", "01"), ("Ðà Nẵng", "48"),
        ("TP Huế", "46"), ("Thừa Thiên - Huế", "46"), ("Đắc Lắc", "66"),
        ("Hoà Bình", "25"), ("Khánh Hoà", "56"),
    ],
)  # fmt: skip
def test_everyday_spellings(written: str, code: str) -> None:
    found = province_named(written)
    assert found
    assert found.code == code


@pytest.mark.parametrize(
    "wrong", ["", "Tỉnh", "Thành phố", "Paris", "Hà", "Hà Nội 2", "河内", "Hà Nội 河", "•••"]
)
def test_what_is_no_province(wrong: str) -> None:
    assert province_named(wrong) is None


def test_a_ward_is_not_found_by_its_kind_or_a_part() -> None:
    saigon = current_province("Hồ Chí Minh")
    assert saigon
    assert has_ward(saigon, "P. Sài Gòn")
    assert not any(has_ward(saigon, wrong) for wrong in ("", "Phường", "Sài", "Phường Phường", "Hoàn Kiếm"))
