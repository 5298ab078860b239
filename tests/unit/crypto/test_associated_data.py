from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.crypto.associated_data import Place, associated_data

parts = st.lists(st.binary(max_size=6), max_size=5)


def test_written_as_documented() -> None:
    assert associated_data("é", b"\0", 258) == bytes.fromhex(
        "00000002c3a9" + "0000000100" + "000000080000000000000102"
    )


@given(parts, parts)
def test_equal_only_for_equal_parts(one: list[bytes], other: list[bytes]) -> None:
    assert (associated_data(*one) == associated_data(*other)) == (one == other)


@given(st.text(max_size=4), st.text(max_size=4))
def test_a_border_cannot_be_moved(one: str, other: str) -> None:
    joined = one + other
    for border in range(len(joined) + 1):
        same = border == len(one)
        assert (associated_data(one, other) == associated_data(joined[:border], joined[border:])) == same


@pytest.mark.parametrize("number", [-1, 2**64])
def test_a_number_beyond_64_bits(number: int) -> None:
    with pytest.raises(OverflowError):
        associated_data(number)


def test_every_part_of_a_place_counts() -> None:
    place = Place("shop", UUID(int=1), UUID(int=2), "buyer.email", 3)
    others = [
        Place("shop2", UUID(int=1), UUID(int=2), "buyer.email", 3),
        Place("shop", UUID(int=2), UUID(int=2), "buyer.email", 3),
        Place("shop", UUID(int=1), UUID(int=1), "buyer.email", 3),
        Place("shop", UUID(int=2), UUID(int=1), "buyer.email", 3),
        Place("shop", UUID(int=1), UUID(int=2), "buyer.phone", 3),
        Place("shop", UUID(int=1), UUID(int=2), "buyer.email", 4),
    ]
    encodings = {each.associated_data(1) for each in (place, *others)} | {place.associated_data(2)}
    assert len(encodings) == 8


@given(st.text(max_size=4), st.uuids(), st.uuids(), st.text(max_size=4), st.integers(0, 2**64 - 1))
def test_a_place_is_its_parts(tenant: str, subject: UUID, record: UUID, field: str, version: int) -> None:
    place = Place(tenant, subject, record, field, version)
    assert place.associated_data(1) == associated_data(1, tenant, subject.bytes, record.bytes, field, version)
