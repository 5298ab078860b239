"""The provinces and wards of Viet Nam: the 34 and 3,321 since July 2025, and the 63 provinces of before.

Decides which spellings name the same unit: with or without marks, in any case, with or without its kind
(tỉnh, phường, …), composed or decomposed. Whether an address may leave a unit out is the address's to
decide. The data and its licence stand beside this file.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

_MARKS: Final = re.compile("[\u0300-\u036f'’ʼ]")
_WORD: Final = re.compile(r"[^\W_]+")
_KINDS_OF_PROVINCE: Final = (("thanh", "pho"), ("tinh",), ("tp",), ("t", "p"))
_KINDS_OF_WARD: Final = (("phuong",), ("xa",), ("dac", "khu"), ("p",), ("x",))
# Everyday names, folded, and the codes of the provinces they stand for.
_EVERYDAY: Final = {
    "hcm": "79",
    "tphcm": "79",
    "saigon": "79",
    "hn": "01",
    "thuathienhue": "46",
    "daclac": "66",
}


@dataclass(frozen=True, slots=True)
class Province:
    """A province or city under the central government since July 2025, with its wards and communes."""

    code: str
    name: str
    wards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormerProvince:
    """One of the 63 provinces before July 2025 and the code of the province it is now in."""

    code: str
    name: str
    now: str


def _key(name: str, kinds: tuple[tuple[str, ...], ...] = ()) -> str:
    """Words without marks, case, punctuation and, of the `kinds` given, the kind of unit in front."""
    bare = name.casefold().replace("đ", "d").replace("ð", "d")
    words = _WORD.findall(_MARKS.sub("", unicodedata.normalize("NFKD", bare)))
    for kind in kinds:
        if len(words) > len(kind) and tuple(words[: len(kind)]) == kind:
            return "".join(words[len(kind) :])
    return "".join(words)


def _read() -> Any:
    return json.loads(resources.files(__package__).joinpath("vietnam_units.json").read_bytes())


_DATA: Final = _read()
PROVINCES: Final = tuple(Province(p["code"], p["name"], tuple(p["wards"])) for p in _DATA["current"])
FORMER_PROVINCES: Final = tuple(FormerProvince(**p) for p in _DATA["former"])
BIRTHPLACE_CODES: Final = frozenset("0" + province.code for province in FORMER_PROVINCES)
"""The three digits a citizen's number begins with, of people born in Viet Nam."""

_BY_CODE: Final = {province.code: province for province in PROVINCES}
_CURRENT: Final = {_key(province.name, _KINDS_OF_PROVINCE): province for province in PROVINCES}
_FORMER: Final = {
    _key(former.name, _KINDS_OF_PROVINCE): _BY_CODE[former.now] for former in FORMER_PROVINCES
} | {key: _BY_CODE[code] for key, code in _EVERYDAY.items()}
_WARDS: Final = {
    province.code: frozenset(_key(ward, _KINDS_OF_WARD) for ward in province.wards) for province in PROVINCES
}


def province_named(written: str) -> Province | None:
    """The present province that `written` names, or that the former province of this name is now in."""
    return current_province(written) or _find(_FORMER, written)


def current_province(written: str) -> Province | None:
    """The present province of exactly this name; None for a name that was given up in July 2025."""
    return _find(_CURRENT, written)


def has_ward(province: Province, written: str) -> bool:
    """Whether `written` names a ward, commune or special zone of the province as of July 2025."""
    wards = _WARDS[province.code]
    return _key(written, _KINDS_OF_WARD) in wards or _key(written) in wards


def _find(provinces: dict[str, Province], written: str) -> Province | None:
    return provinces.get(_key(written, _KINDS_OF_PROVINCE)) or provinces.get(_key(written))
