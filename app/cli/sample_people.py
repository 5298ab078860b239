"""Invented customers, plausible for Viet Nam: what the names, places, numbers and notes of real orders look like.

None of these people exists. E-mail domains are reserved for examples (RFC 2606) and lead nowhere; telephone and
identity numbers are random within the ranges in use, so one may by chance be somebody's: never send to them.
Everything follows from the seed and the customer's number alone, so customers can be made in any order.
"""

import unicodedata
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from app.vault.field_types.vietnam_units import FORMER_PROVINCES, PROVINCES, Province

# Shares in percent, after Lê Trung Hoa, Họ và tên người Việt Nam (2005). Some are spelt otherwise in the south.
_FAMILY_NAMES: Final = {
    "Nguyễn": 38.4, "Trần": 12.1, "Lê": 9.5, "Phạm": 7.0, "Hoàng": 5.1, "Phan": 4.5, "Vũ": 3.9, "Đặng": 2.1,
    "Bùi": 2.0, "Đỗ": 1.4, "Hồ": 1.3, "Ngô": 1.3, "Dương": 1.0, "Đinh": 0.9, "Lý": 0.5, "Mai": 0.5, "Trương": 0.9,
    "Đoàn": 0.6, "Lương": 0.5, "Tạ": 0.3, "Châu": 0.3, "Tôn Thất": 0.1, "K'": 0.1,
}  # fmt: skip
_SOUTHERN_SPELLING: Final = {"Hoàng": "Huỳnh", "Vũ": "Võ"}
_FIRST_SOUTHERN_CODE: Final = 46
_MIDDLE_NAMES: Final = {
    "male": (
        "Văn", "Văn", "Văn", "Hữu", "Đức", "Minh", "Quang", "Quốc", "Thanh", "Công", "Xuân", "Gia",
        "Đình", "Ngọc", "Tuấn", "Hoàng",
    ),
    "female": (
        "Thị", "Thị", "Thị", "Thị", "Thanh", "Ngọc", "Phương", "Minh", "Thu", "Kim", "Bích", "Hồng",
        "Khánh", "Thùy", "Mỹ", "Quỳnh",
    ),
}  # fmt: skip
_GIVEN_NAMES: Final = {
    "male": (
        "An", "Anh", "Bảo", "Bình", "Cường", "Dũng", "Duy", "Đạt", "Hải", "Hiếu", "Hòa", "Hùng",
        "Huy", "Khang", "Khánh", "Khoa", "Kiên", "Lâm", "Long", "Minh", "Nam", "Nghĩa", "Nhân",
        "Phát", "Phong", "Phúc", "Quân", "Sơn", "Tài", "Tâm", "Thắng", "Thành", "Thiện", "Tiến",
        "Toàn", "Trí", "Trung", "Tú", "Tuấn", "Việt", "Vinh",
    ),
    "female": (
        "An", "Anh", "Ánh", "Châu", "Chi", "Dung", "Duyên", "Giang", "Hà", "Hân", "Hạnh", "Hằng",
        "Hiền", "Hoa", "Hương", "Huyền", "Lan", "Liên", "Linh", "Loan", "Ly", "Mai", "My", "Nga",
        "Ngân", "Nhi", "Nhung", "Oanh", "Phương", "Quyên", "Tâm", "Thảo", "Thu", "Thủy", "Thư",
        "Trang", "Trâm", "Trinh", "Tuyết", "Uyên", "Vân", "Vy", "Xuân", "Yến",
    ),
}  # fmt: skip
# Operators' prefixes of today and their rough shares of subscribers.
_MOBILE_PREFIXES: Final = {
    ("032", "033", "034", "035", "036", "037", "038", "039", "086", "096", "097", "098"): 54,
    ("081", "082", "083", "084", "085", "088", "091", "094"): 21,
    ("070", "076", "077", "078", "079", "089", "090", "093"): 19,
    ("052", "056", "058", "092"): 4,
    ("055", "059", "087", "099"): 2,
}
# Thousands of inhabitants by province code, at the merger of July 2025 (resolution 202/2025/QH15), rounded.
_INHABITANTS: Final = {
    "01": 8_807, "04": 573, "08": 1_865, "11": 673, "12": 512, "14": 1_404, "15": 1_778, "19": 1_799, "20": 881,
    "22": 1_497, "24": 3_619, "25": 4_022, "31": 4_664, "33": 3_567, "37": 4_412, "38": 4_324, "40": 3_831,
    "42": 1_622, "44": 1_870, "46": 1_432, "48": 3_065, "51": 2_161, "52": 3_583, "56": 2_243, "66": 3_346,
    "68": 3_872, "75": 4_491, "79": 14_002, "80": 3_254, "82": 4_370, "86": 4_257, "91": 4_952, "92": 4_199,
    "96": 2_606,
}  # fmt: skip
_STREETS: Final = (
    "Nguyễn Huệ", "Lê Lợi", "Trần Hưng Đạo", "Hai Bà Trưng", "Lý Thường Kiệt", "Nguyễn Trãi", "Quang Trung",
    "Phan Chu Trinh", "Phan Bội Châu", "Nguyễn Du", "Lê Duẩn", "Điện Biên Phủ", "Cách Mạng Tháng Tám", "Hùng Vương",
    "Trần Phú", "Ngô Quyền", "Võ Thị Sáu", "Nguyễn Thị Minh Khai", "Hoàng Văn Thụ", "Bà Triệu", "Lê Hồng Phong",
    "Tôn Đức Thắng", "30 Tháng 4", "Nguyễn Văn Cừ", "Phạm Ngũ Lão", "Đinh Tiên Hoàng", "Trường Chinh",
)  # fmt: skip
_MAIL_DOMAINS: Final = ("hopthu.example", "thu.example.com", "example.com", "mail.example.net")


@dataclass(frozen=True, slots=True)
class Person:
    """One invented customer; optional members are None where this customer never gave them."""

    number: int
    full_name: str
    phone: str
    address: dict[str, Any]
    email: str | None
    birth_date: str | None
    gender: str | None
    national_id: str | None
    username: str


def person(seed: int, number: int) -> Person:
    """The customer of this number, always the same one for the same seed."""
    rng = dice(f"{seed}/customer/{number}")
    sex = rng.choice(("female", "male"))
    province = _province(rng)
    name = _full_name(rng, sex, province)
    year = round(rng.triangular(1955, 2007, 1993))
    handle = _handle(name, rng)
    return Person(
        number=number,
        full_name=name,
        phone=mobile_number(rng),
        address=_address(rng, province),
        email=f"{handle}@{rng.choice(_MAIL_DOMAINS)}" if rng.random() < 0.85 else None,
        birth_date=f"{year}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}" if rng.random() < 0.6 else None,
        gender=(sex if rng.random() < 0.98 else "other") if rng.random() < 0.7 else None,
        national_id=_citizen_number(rng, sex, province, year) if rng.random() < 0.1 else None,
        username=handle,
    )


def stranger(rng: Random) -> tuple[str, str, dict[str, Any]]:
    """Name, telephone number and address of somebody else, who gets a present."""
    province = _province(rng)
    return (
        _full_name(rng, rng.choice(("female", "male")), province),
        mobile_number(rng),
        _address(rng, province),
    )


def dice(seed: str) -> Random:
    """Repeatable chance."""
    return Random(seed)  # noqa: S311  # samples have to be the same every time; nothing secret is drawn


def mobile_number(rng: Random) -> str:
    """A number with a present-day prefix, spelt in one of the ways people spell them."""
    (prefixes,) = rng.choices(tuple(_MOBILE_PREFIXES), tuple(_MOBILE_PREFIXES.values()))
    prefix, middle, end = rng.choice(prefixes), f"{rng.randrange(1000):03}", f"{rng.randrange(10_000):04}"
    return rng.choice(
        (
            f"{prefix}{middle}{end}",
            f"{prefix}{middle}{end}",
            f"{prefix}{middle[0]} {middle[1:]}{end[0]} {end[1:]}",
            f"{prefix}.{middle}.{end}",
            f"+84 {prefix[1:]}{middle[0]} {middle[1:]}{end[0]} {end[1:]}",
            f"84{prefix[1:]}{middle}{end}",
        )
    )


def _province(rng: Random) -> Province:
    (province,) = rng.choices(PROVINCES, [_INHABITANTS[province.code] for province in PROVINCES])
    return province


def _full_name(rng: Random, sex: str, province: Province) -> str:
    (family,) = rng.choices(tuple(_FAMILY_NAMES), tuple(_FAMILY_NAMES.values()))
    if int(province.code) >= _FIRST_SOUTHERN_CODE:
        family = _SOUTHERN_SPELLING.get(family, family)
    given = rng.choice(_GIVEN_NAMES[sex])
    middle = rng.choice([name for name in _MIDDLE_NAMES[sex] if name != given])
    return f"{family} {given}" if rng.random() < 0.05 else f"{family} {middle} {given}"


def _address(rng: Random, province: Province) -> dict[str, Any]:
    ward = rng.choice(province.wards)
    return {"lines": [_line(rng, ward, province)], "ward": ward, "province": province.name, "country": "VN"}


def _line(rng: Random, ward: str, province: Province) -> str:
    southern = int(province.code) >= _FIRST_SOUTHERN_CODE
    house = rng.randint(1, 480)
    if ward.startswith("Xã") and rng.random() < 0.7:
        return f"{'Ấp' if southern else 'Thôn'} {rng.randint(1, 12)}"
    street = rng.choice(_STREETS)
    if rng.random() < 0.3:
        alley = rng.randint(1, 90)
        return f"{house}/{alley} {street}" if southern else f"Số {alley} ngõ {house} {street}"
    return f"{house} {street}"


def _handle(name: str, rng: Random) -> str:
    plain = unicodedata.normalize("NFD", name.lower().replace("đ", "d").replace("'", ""))
    words = "".join(character for character in plain if not unicodedata.combining(character)).split()
    end = rng.choice(("", str(rng.randint(1, 99)), str(rng.randint(1960, 2006))))
    return rng.choice((f"{words[-1]}.{words[0]}", "".join(words), f"{words[0]}{words[-1]}")) + end


def _citizen_number(rng: Random, sex: str, province: Province, year: int) -> str:
    """Place of birth, century and sex, year, six random digits (Decree 137/2015/ND-CP article 13)."""
    birthplace = rng.choice([former.code for former in FORMER_PROVINCES if former.now == province.code])
    century_and_sex = (year // 100 - 19) * 2 + (sex == "female")
    return f"0{birthplace}{century_and_sex}{year % 100:02}{rng.randrange(1_000_000):06}"
