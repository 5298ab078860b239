"""Ids: UUIDs of version 7 whose twelve bits after the version say where to look, and one spelling of each."""

import time
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.ids import bucket_of, crockford, new_uuid, number_of, parse_id, text_of

NUMBERS = st.integers(0, (1 << 128) - 1)


@pytest.mark.parametrize("bucket", [0, 1, 2047, 4095, None])
def test_the_layout_is_that_of_version_7(bucket: int | None) -> None:
    before = time.time_ns() // 1_000_000
    made = new_uuid(bucket)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000
    assert bucket is None or bucket_of(made) == bucket


def test_random_parts_use_all_their_bits_and_no_others() -> None:
    placed = [new_uuid(7) for _ in range(500)]
    anywhere = [new_uuid() for _ in range(500)]
    for made, fixed in ((placed, 4095 << 64), (anywhere, 0)):
        ones, zeros = 0, (1 << 128) - 1
        for one in made:
            ones |= one.int
            zeros &= one.int
        free = ((1 << 62) - 1 | 4095 << 64) & ~fixed
        assert ones & free == free, "some bit is never set"
        assert zeros & free == 0, "some bit is always set"
        assert len(set(made)) == len(made)
    assert {bucket_of(one) for one in placed} == {7}


@given(NUMBERS)
def test_a_number_is_written_in_one_way(number: int) -> None:
    text = crockford(number)
    assert len(text) == 26
    assert number_of(text) == number
    assert int(text.translate(str.maketrans("ghjkmnpqrstvwxyz", "ghijklmnopqrstuv")), 32) == number
    assert parse_id("rec", text_of("rec", UUID(int=number))) == UUID(int=number)


@given(NUMBERS, NUMBERS)
def test_ids_sort_as_their_numbers_do(one: int, other: int) -> None:
    assert (crockford(one) < crockford(other)) is (one < other)


@pytest.mark.parametrize(
    "text",
    ["", "0" * 25, "0" * 27, "8" + "0" * 25, "i" + "0" * 25, "0" * 25 + "u", "0" * 25 + "A", "0" * 25 + "٣"],
)
def test_what_was_never_written_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"26|base32|128"):
        number_of(text)
