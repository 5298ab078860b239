import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.crypto.base32 import decode, encode
from app.kernel.ids import crockford

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@given(st.integers(0, 2**140 - 1))
def test_decode_is_the_inverse(number: int) -> None:
    assert decode(encode(number, 28), 28) == number


@given(st.integers(0, 2**128 - 1))
def test_the_alphabet_is_that_of_ids(number: int) -> None:
    assert encode(number, 26) == crockford(number)


@given(st.text(max_size=30) | st.text(ALPHABET + "ilouA-_ ٠", min_size=28, max_size=28))
def test_one_spelling_a_number(text: str) -> None:
    try:
        number = decode(text, 28)
    except ValueError:
        assert len(text) != 28 or set(text) - set(ALPHABET)
    else:
        assert encode(number, 28) == text


@pytest.mark.parametrize("text", ["1_0", " 1", "+1", "1\n", "٠١", "1o", "1A"])
def test_what_python_would_read_as_a_number(text: str) -> None:
    with pytest.raises(ValueError, match="Crockford"):
        decode(text, len(text))
