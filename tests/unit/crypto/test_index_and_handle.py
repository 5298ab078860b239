from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.crypto.blind_index import blind_index, digest_bucket
from app.crypto.handle import handle
from app.crypto.key_derivation import index_key

KEY = bytes(range(32))


@given(st.text(st.characters(), max_size=20), st.text(st.characters(), max_size=20))
def test_equal_digests_for_equal_values_only(one: str, other: str) -> None:
    assert (blind_index(KEY, one) == blind_index(KEY, other)) == (one == other)


def test_one_value_in_two_fields_looks_unrelated() -> None:
    digests = {
        blind_index(index_key(KEY, field), "+84903123456") for field in ("buyer.phone", "delivery.phone")
    }
    assert len(digests) == 2
    assert {len(digest) for digest in digests} == {16}


@given(st.binary(min_size=2, max_size=32))
def test_a_bucket_is_the_first_twelve_bits(digest: bytes) -> None:
    assert format(digest_bucket(digest), "03x") == digest.hex()[:3]


def test_buckets_are_used_evenly() -> None:
    """20,000 digests over 4,096 buckets are 4.9 each; chance leaves about 31 empty and fills none to 25."""
    counts = [0] * 4096
    for number in range(20_000):
        counts[digest_bucket(blind_index(KEY, str(number)))] += 1
    assert max(counts) < 25
    assert sum(1 for count in counts if count == 0) < 100


def test_a_handle_is_of_one_person_and_one_id() -> None:
    handles = {handle(key, UUID(int=number)) for key in (KEY, bytes(32)) for number in range(50)}
    assert len(handles) == 100
    assert all(len(each) == 32 and set(each) <= set("0123456789abcdef") for each in handles)
