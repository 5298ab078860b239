"""A-01 and A-03 on the whole vault: broken JSON is refused and breaks nothing, odd but legal text comes back byte for byte."""

import unicodedata
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.orders import account, buyer, codes, delivery, problem, read, stored
from tests.support.vaults import SqliteStore, Vault, running_vault

SUITE: Final = Path(__file__).parent / "data" / "JSONTestSuite" / "test_parsing"
BREAKS_A_RULE: Final = {
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
    "y_object_escaped_null_in_key.json",
    "y_string_null_escape.json",
}
NAMES: Final = [
    "Nguyễn Thị Ánh Tuyết",
    unicodedata.normalize("NFD", "Nguyễn Thị Ánh Tuyết"),
    "Nguyễn" + unicodedata.normalize("NFD", " Đặng Ước"),
    "Ｎｇｕｙễｎ Ａｎ",  # full width
    "Nguуễn Vаn Аn",  # Cyrillic letters that look like Latin ones
    "An\u200bBình",  # zero width space
    "An\u200d\u200cBình\ufeff",
    "محمد بن سلمان",
    "שלום An",
    "Nguyễn\u200f An\u200e",  # marks of direction, which change nothing but their own place
    "李小龍",
    "𠮷野家",
    "👩‍👩‍👧‍👦 An",
    "a" * 200,
    "ễ" * 200,
    unicodedata.normalize("NFD", "ễ" * 200),
    "O'Brien; DROP TABLE records; --",
    '"An" \\ /',
    "<script>alert(1)</script>",
    "%s%n%x {0} ${HOME} $(id) `id`",
    "=1+1 @SUM(An)",
    "An\u00a0Bình",
    "null",
    "NaN An",
    "ﷺ An",
    "ß İ ı ŉ",
]
LINES: Final = [
    "\u202eNA NĂV\u202c",
    "An\u2028Bình",
    "An\u0085",
    "An\x7f",
    "An\u2066x",
    "An\nBình",
    "An\tBình",
]
TEXTS: Final = [
    *NAMES,
    "một\nhai\r\nba\tbốn",
    "\u202e từ phải\u202c",
    " đầu và cuối ",
    "﷽" * 500,
    "\U0010ffff",
    "\ufffe",
]


@pytest.fixture
async def sqlite_vault(sqlite_store: SqliteStore, tmp_path: Path) -> Any:
    async with running_vault(sqlite_store, tmp_path) as running:
        yield running


async def test_the_suite_breaks_nothing_in_the_whole_vault(sqlite_vault: Vault) -> None:
    """Illegal JSON is told as such; legal JSON is never called illegal, though none of it is a record."""
    checkout, counted = sqlite_vault.client("checkout", "order"), dict.fromkeys("yni", 0)
    checkout.headers["Content-Type"] = "application/json"
    for path in sorted(SUITE.iterdir()):
        answer = await checkout.post("/v1/records", content=path.read_bytes())
        counted[path.name[0]] += 1
        if path.name.startswith("n_") or path.name in BREAKS_A_RULE:
            assert problem(answer) == (400, "bad-request"), path.name
        elif path.name.startswith("y_"):
            assert problem(answer) == (422, "invalid"), path.name
        else:
            assert problem(answer)[0] in {400, 422}, path.name
    assert counted == {"y": 95, "n": 188, "i": 35}
    assert (await stored(sqlite_vault, delivery())).status_code == 201


async def test_odd_names_come_back_byte_for_byte(vault: Vault) -> None:
    for name in NAMES:
        kept = await stored(vault, delivery(f"ref {name[:50]}", recipient=name))
        seen = (await read(vault, kept, "checkout", "order", fields="recipient")).json()["fields"][
            "recipient"
        ]
        assert seen["value"].encode() == name.encode(), ascii(name)
        masked = await read(vault, kept, "checkout", "order", fields="recipient", form="masked")
        assert masked.status_code == 200
        assert masked.json()["fields"]["recipient"]["value"] != name


async def test_odd_texts_come_back_byte_for_byte(vault: Vault) -> None:
    for text in TEXTS:
        kept = await stored(vault, delivery(note=text))
        seen = (await read(vault, kept, "checkout", "order", fields="note")).json()["fields"]["note"]["value"]
        assert seen.encode() == text.encode(), ascii(text)


async def test_a_name_that_could_rewrite_a_label_is_refused(sqlite_vault: Vault) -> None:
    checkout = sqlite_vault.client("checkout", "order")
    for name in LINES:
        answer = await checkout.post("/v1/records", json=delivery(recipient=name))
        assert (problem(answer), codes(answer)) == ((422, "invalid"), {"/fields/recipient": "bad-character"})


async def test_references_that_differ_in_one_bit_name_different_people(vault: Vault) -> None:
    """A reference is the shop's own number: it is taken as it is, not folded."""
    references = [
        "An",
        "an",
        "An ",
        "Ản",
        unicodedata.normalize("NFD", "Ản"),
        "An\u200b",
        "Аn",
        "An'--",
        "%",
        "\U0010ffff",
    ]
    people = {(await stored(vault, buyer(reference))).json()["subject"] for reference in references}
    assert len(people) == len(references)


async def test_strings_where_no_string_belongs_are_refused(sqlite_vault: Vault) -> None:
    checkout = sqlite_vault.client("checkout", "order")
    deep: Any = "x"
    for _ in range(20):
        deep = {"lines": [deep]}
    odd: list[Any] = [None, True, 0, -1, 1.5, 1e308, 10**300, [], {}, [[]], "", " ", deep]
    for value in odd:
        bodies = [delivery(**{name: value}) for name in ("recipient", "phone", "address", "note")]
        bodies += [{**delivery(), name: value} for name in ("collection", "subject", "fields")]
        bodies += [
            buyer(birth_date=value),
            buyer(gender=value),
            buyer(national_id=value),
            account(password=value),
        ]
        bodies += [delivery() | {"purposes": [value]}, delivery() | {"consents": [value]}]
        for body in bodies:
            answer = await checkout.post(
                "/v1/records", json=body, headers={"Vault-Purpose": purpose_of(body)}
            )
            assert problem(answer) == (422, "invalid"), (value, body)


def purpose_of(body: dict[str, Any]) -> str:
    return "account" if body["collection"] == "account" else "order"
