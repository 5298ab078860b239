from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.crypto.associated_data import Place
from app.crypto.field_cipher import FieldCipher, FieldsCipher, open_sealed, pad, seal, unpad
from app.crypto.refused import Refused

KEY = bytes(range(1, 33))
PLACE = Place("shop", UUID(int=1), UUID(int=2), "buyer.email", 1)


@given(st.binary(max_size=200))
def test_opens_what_it_sealed(plaintext: bytes) -> None:
    assert open_sealed(KEY, PLACE, seal(KEY, PLACE, plaintext)) == plaintext
    cipher = FieldCipher(KEY)
    assert cipher.open_sealed(PLACE, cipher.seal(PLACE, plaintext)) == plaintext


def test_a_record_is_sealed_as_field_by_field() -> None:
    record = FieldsCipher(KEY, PLACE.tenant, PLACE.subject, PLACE.record)
    assert record.open_sealed(PLACE.field, PLACE.version, seal(KEY, PLACE, b"value")) == b"value"
    assert open_sealed(KEY, PLACE, record.seal(PLACE.field, PLACE.version, b"value")) == b"value"
    with pytest.raises(Refused):
        record.open_sealed("buyer.phone", PLACE.version, seal(KEY, PLACE, b"value"))
    with pytest.raises(Refused):
        record.open_sealed(PLACE.field, PLACE.version + 1, seal(KEY, PLACE, b"value"))


@given(st.binary(max_size=200))
def test_padding_has_an_inverse(plaintext: bytes) -> None:
    padded = pad(plaintext)
    assert len(padded) % 32 == 0
    assert 1 <= len(padded) - len(plaintext) <= 32
    assert unpad(padded) == plaintext


@given(st.binary(max_size=96))
def test_only_padding_is_taken_for_padding(octets: bytes) -> None:
    try:
        plaintext = unpad(octets)
    except Refused:
        return
    assert pad(plaintext) == octets


def test_lengths_say_little() -> None:
    lengths = {len(seal(KEY, PLACE, b"x" * length)) for length in range(32)}
    assert lengths == {1 + 12 + 32 + 16}


def test_two_envelopes_of_one_value_have_nothing_in_common() -> None:
    one, other = seal(KEY, PLACE, b"value"), seal(KEY, PLACE, b"value")
    assert one[0] == other[0] == 1
    assert one[1:13] != other[1:13]
    assert one[13:] != other[13:]


def test_the_value_does_not_shine_through() -> None:
    assert b"value" not in seal(KEY, PLACE, b"value" * 20)


def test_a_refusal_says_the_same_whatever_the_cause() -> None:
    envelope = seal(KEY, PLACE, b"value")
    damaged = [b"", envelope[:-1], b"\x02" + envelope[1:], envelope[:-1] + bytes([envelope[-1] ^ 1])]
    refusals = []
    for each in damaged:
        with pytest.raises(Refused) as refused:
            open_sealed(KEY, PLACE, each)
        refusals.append((str(refused.value), refused.value.__cause__, refused.value.__suppress_context__))
    assert {words for words, _, _ in refusals} == {
        "sealed data did not open; it was changed, moved or sealed under another key"
    }
    assert {cause for _, cause, _ in refusals} == {None}


@pytest.mark.parametrize("length", [0, 16, 24, 31, 33, 64])
def test_a_key_of_another_length(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        FieldCipher(bytes(length))
