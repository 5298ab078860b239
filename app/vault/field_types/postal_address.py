"""Postal addresses: lines, the units they lie in, and a country.

Decides what an address must have so that a parcel finds it. In Viet Nam that is a province that exists, and
a ward of it when one is named without a district; the units of before July 2025 are still accepted.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from app.kernel.errors import FieldError
from app.vault.field_types.characters import caseless, text_mistake
from app.vault.field_types.countries import COUNTRIES
from app.vault.field_types.field_type import HIDDEN, FieldType, InvalidValue, Value, mistake
from app.vault.field_types.vietnam_units import current_province, has_ward, province_named

MOST_LINES: Final = 4
LONGEST_LINE: Final = 200
_UNITS: Final = {"ward": 100, "district": 100, "province": 100, "postcode": 16}
_MEMBERS: Final = frozenset({"lines", "country", *_UNITS})
_POSTCODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z -]{1,15}")
_POSTCODE_VN: Final = re.compile(r"[0-9]{5,6}")
# Only a name that looks like a member is repeated in a pointer: others may be values in the wrong place.
_LOOKS_LIKE_A_MEMBER: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class PostalAddress(FieldType):
    """`{"lines": [1 to 4], "ward"?, "district"?, "province"?, "postcode"?, "country"}`."""

    def parse(self, submitted: object) -> Value:
        """The address unchanged; InvalidValue lists all its mistakes."""
        if not isinstance(submitted, dict):
            raise InvalidValue(mistake("wrong-type", "send an object with lines and country"))
        mistakes = [*_shape_mistakes(submitted)]
        if not mistakes and submitted["country"] == "VN":
            mistakes = [*_vietnamese_mistakes(submitted)]
        if mistakes:
            raise InvalidValue(*mistakes)
        return submitted

    def prefixes(self, value: Value) -> tuple[str, ...]:
        """The postcode, if there is one."""
        if not isinstance(value, dict):
            raise TypeError("the value of this type is an object")
        return (self.normalise_prefix(value["postcode"]),) if "postcode" in value else ()

    def normalise_prefix(self, written: str) -> str:
        """Caseless, without spaces and hyphens."""
        return caseless(written).replace(" ", "").replace("-", "")

    def mask(self, value: Value) -> Value:
        """The province, in Viet Nam, and the country; lines and smaller units are hidden."""
        return {"lines": [HIDDEN], **_region(value)}

    def generalise(self, value: Value) -> Value:
        """`{"province", "country"}`, the present province by its official name; abroad the country alone."""
        return _region(value)


def _shape_mistakes(address: dict[Any, Any]) -> Iterator[FieldError]:
    yield from _unknown_members(address)
    yield from _line_mistakes(address.get("lines"))
    for unit, longest in _UNITS.items():
        if unit in address and (found := text_mistake(address[unit], longest, "/" + unit)):
            yield found
    country = address.get("country")
    if "country" not in address:
        yield mistake("missing", "name the country by its two-letter code, such as VN", "/country")
    elif not isinstance(country, str) or country not in COUNTRIES:
        yield mistake(
            "unknown-country", "use a code of ISO 3166-1 alpha-2 in capitals, such as VN", "/country"
        )
    postcode = address.get("postcode")
    if isinstance(postcode, str) and not (_POSTCODE_VN if country == "VN" else _POSTCODE).fullmatch(postcode):
        yield mistake(
            "bad-postcode", "write the postcode in digits and letters; in Viet Nam five digits", "/postcode"
        )


def _unknown_members(address: dict[Any, Any]) -> Iterator[FieldError]:
    for name in address.keys() - _MEMBERS:
        safe = isinstance(name, str) and _LOOKS_LIKE_A_MEMBER.fullmatch(name)
        yield mistake(
            "unknown-member",
            "use lines, ward, district, province, postcode and country only",
            f"/{name}" if safe else "",
        )


def _line_mistakes(lines: object) -> Iterator[FieldError]:
    if lines is None:
        yield mistake("missing", "write the street and house number in lines", "/lines")
    elif not isinstance(lines, list):
        yield mistake("wrong-type", "send an array of strings", "/lines")
    elif not lines:
        yield mistake("empty", "write at least one line", "/lines")
    elif len(lines) > MOST_LINES:
        yield mistake("too-many", f"write at most {MOST_LINES} lines", "/lines")
    else:
        for number, line in enumerate(lines):
            if found := text_mistake(line, LONGEST_LINE, f"/lines/{number}"):
                yield found


def _vietnamese_mistakes(address: dict[str, Any]) -> Iterator[FieldError]:
    if "province" not in address:
        yield mistake("missing", "name the province or city", "/province")
    elif not province_named(address["province"]):
        yield mistake(
            "unknown-province", "name one of the 34 provinces, or one of the 63 before July 2025", "/province"
        )
    elif not _ward_is_known(address):
        yield mistake(
            "unknown-ward",
            "name a ward of the province as of July 2025; an address of before needs its district too",
            "/ward",
        )


def _ward_is_known(address: dict[str, Any]) -> bool:
    # Districts ended in July 2025: who names one, or a former province, writes in the former units.
    province = current_province(address["province"])
    if province is None or "ward" not in address or "district" in address:
        return True
    return has_ward(province, address["ward"])


def _region(value: Value) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("the value of this type is an object")
    province = province_named(value["province"]) if value["country"] == "VN" else None
    return {"province": province.name, "country": "VN"} if province else {"country": value["country"]}
