import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.crypto.api_key import api_key_digest, new_api_key, parse_api_key

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@given(st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True))
def test_a_new_key_is_parsed(tenant: str) -> None:
    text = new_api_key(tenant)
    parsed = parse_api_key(text)
    assert parsed.tenant == tenant
    assert len(parsed.secret) == 32
    assert text.startswith(f"kin_{tenant}_")


def test_new_keys_differ() -> None:
    assert len({parse_api_key(new_api_key("shop")).secret for _ in range(100)}) == 100


def test_every_typing_error_is_caught() -> None:
    text = new_api_key("shop")
    for position in range(len(text)):
        for character in ALPHABET + "-_":
            changed = text[:position] + character + text[position + 1 :]
            if changed != text:
                with pytest.raises(ValueError, match=r"not an api key|Crockford"):
                    parse_api_key(changed)


def test_swapped_neighbours_are_caught() -> None:
    text = new_api_key("shop")
    for position in range(len(text) - 1):
        swapped = text[:position] + text[position + 1] + text[position] + text[position + 2 :]
        if swapped != text:
            with pytest.raises(ValueError, match=r"not an api key|Crockford"):
                parse_api_key(swapped)


@pytest.mark.parametrize("tenant", ["", "a_b", "Shop", "a" * 33, "a\n", "ă"])
def test_no_such_tenant(tenant: str) -> None:
    with pytest.raises(ValueError, match="1 to 32 characters"):
        new_api_key(tenant)


@given(st.text(max_size=80))
def test_parsing_is_total(text: str) -> None:
    with pytest.raises(ValueError, match=r"not an api key|Crockford"):
        parse_api_key(text)


def test_the_secret_is_not_printed() -> None:
    parsed = parse_api_key(new_api_key("shop"))
    assert repr(parsed.secret) not in repr(parsed)


def test_a_digest_is_keyed() -> None:
    secret = bytes(32)
    assert api_key_digest(bytes(32), secret) != api_key_digest(b"\1" * 32, secret)
    assert api_key_digest(bytes(32), secret) != api_key_digest(bytes(32), b"\1" * 32)
