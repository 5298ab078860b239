"""What is put into the index is what a search looks up, and nothing that is found so is taken on trust."""

import unicodedata

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.kernel.plaintext import Plaintext
from app.keys.hierarchy import KeyKind, TenantKeys
from app.notice.parse import parse
from app.notice.reference import reference_source
from app.notice.table import compile_table
from app.vault.field_types.field_type import InvalidValue
from app.vault.fields import FieldCatalogue
from app.vault.indexing import LONGEST_PREFIX, SHORTEST_PREFIX, IndexEntry, beginning, entries, whole

KEYS = TenantKeys("shop", {KeyKind.INDEX: {3: bytes(range(32))}}, {KeyKind.INDEX: 3})
SOURCE = reference_source().decode()
TABLE = compile_table(parse(SOURCE), 1)
BY_PREFIX = compile_table(
    parse(
        SOURCE.replace('{ type = "person-name"', '{ search = "prefix", type = "person-name"').replace(
            '{ type = "postal-address"', '{ search = "prefix", type = "postal-address"'
        )
    ),
    1,
)
CATALOGUE = FieldCatalogue()
NAME = CATALOGUE.of(BY_PREFIX, "buyer")["full_name"]
ADDRESS = CATALOGUE.of(BY_PREFIX, "buyer")["address"]
WORDS = st.sampled_from(
    ["Lê", "Nguyễn", "Ngưng", "An", "Thị", "Hoà", "Ánh-Tuyết", "İpek", "ß", "Ng\u0302a", "O'Neil"]
)
NAMES = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)


def of_name(name: str) -> tuple[IndexEntry, ...]:
    return entries(BY_PREFIX, KEYS, CATALOGUE, "buyer", "full_name", Plaintext(name))


@given(name=NAMES, draw=st.data())
@settings(max_examples=300, deadline=None)
def test_every_beginning_of_a_name_at_a_word_finds_it(name: str, draw: st.DataObject) -> None:
    words = NAME.normalise(name).split()[:8]
    start = draw.draw(st.integers(0, len(words) - 1))
    text = " ".join(NAME.normalise(name).split()[start:])
    assume(len(text) >= SHORTEST_PREFIX)
    written = text[: draw.draw(st.integers(SHORTEST_PREFIX, min(len(text), LONGEST_PREFIX)))]
    assume(
        len(NAME.normalise_prefix(written)) >= SHORTEST_PREFIX
    )  # not `lê `, whose space is none to speak of
    spelled = draw.draw(st.sampled_from([written, written.upper(), unicodedata.normalize("NFD", written)]))
    assume(NAME.normalise_prefix(spelled) == NAME.normalise_prefix(written))
    sought = beginning(NAME, KEYS, "buyer.full_name", Plaintext(spelled))
    assert sought.entry in of_name(name)
    assert sought.matches(Plaintext(name))


@given(name=NAMES, written=st.text(alphabet="ngulêv ễà", min_size=3, max_size=10))
@settings(max_examples=300, deadline=None)
def test_what_begins_no_word_does_not_match(name: str, written: str) -> None:
    prefix = NAME.normalise_prefix(written)
    assume(len(prefix) >= SHORTEST_PREFIX)
    begins = f" {NAME.normalise(name)}".find(f" {prefix}") >= 0
    assert beginning(NAME, KEYS, "buyer.full_name", Plaintext(written)).matches(Plaintext(name)) == begins


@given(name=NAMES)
@settings(max_examples=200, deadline=None)
def test_entries_are_few_short_and_never_twice(name: str) -> None:
    made = of_name(name)
    assert len(made) == len(set(made)) <= 1 + 8 * (LONGEST_PREFIX - SHORTEST_PREFIX + 1)
    assert {(entry.place, len(entry.digest)) for entry in made} <= {
        ("buyer.full_name", 16),
        ("buyer.full_name^", 4),
    }
    assert {entry.key_version for entry in made} == {3}
    exact = whole(NAME, KEYS, "buyer.full_name", Plaintext(name))
    assert [entry for entry in made if entry.place == "buyer.full_name"] == [exact.entry]


def test_an_address_has_entries_of_its_postcode_alone() -> None:
    street = {"lines": ["12 Nguyễn Huệ"], "country": "GB"}
    assert entries(BY_PREFIX, KEYS, CATALOGUE, "buyer", "address", Plaintext(street)) == ()
    coded = Plaintext(street | {"postcode": "EC1A 1BB"})
    made = entries(BY_PREFIX, KEYS, CATALOGUE, "buyer", "address", coded)
    assert len(made) == 5
    for written in ("ec1", "EC1A", "ec1a1", "EC1A-1B", "ec1a 1bb"):
        sought = beginning(ADDRESS, KEYS, "buyer.address", Plaintext(written))
        assert sought.entry in made
        assert sought.matches(coded)
        assert not sought.matches(Plaintext(street))


def test_the_reference_notice_indexes_whole_values_only() -> None:
    phone = entries(TABLE, KEYS, CATALOGUE, "buyer", "phone", Plaintext("0903 123 456"))
    assert [entry.place for entry in phone] == ["buyer.phone"]
    assert entries(TABLE, KEYS, CATALOGUE, "buyer", "full_name", Plaintext("Lê An")) == ()


def test_a_prefix_under_its_own_key_is_no_shortened_digest() -> None:
    (exact,) = [entry for entry in of_name("văn") if entry.place == "buyer.full_name"]
    (prefix,) = [entry for entry in of_name("văn") if entry.place == "buyer.full_name^"]
    assert not exact.digest.startswith(prefix.digest)


@pytest.mark.parametrize(
    ("written", "code"),
    [("ng", "too-short"), ("lê ", "too-short"), ("nguyễn văn a", "too-long"), (["ngu"], "wrong-type")],
)
def test_a_beginning_has_three_to_ten_characters(written: object, code: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        beginning(NAME, KEYS, "buyer.full_name", Plaintext(written))
    assert [error.code for error in refused.value.errors] == [code]
