"""A customer's credential is read back as it was written, and nothing else is read at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.crypto.session_key import new_session_key, parse_session_key, session_digest


@given(bucket=st.integers(0, 4095), tenant=st.from_regex(r"[a-z0-9-]{1,32}", fullmatch=True))
def test_what_is_written_is_read_back(bucket, tenant):
    text = new_session_key(tenant, bucket)
    parsed = parse_session_key(text)
    assert (parsed.tenant, parsed.bucket, len(parsed.secret)) == (tenant, bucket, 32)
    assert len(session_digest(parsed.secret)) == 32


def test_two_credentials_differ_and_say_nothing_of_their_secret():
    first, second = (parse_session_key(new_session_key("shop", 7)) for _ in range(2))
    assert first.secret != second.secret
    assert first.secret.hex() not in repr(first)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kis_",
        new_session_key("shop", 1)[:-1],
        new_session_key("shop", 1) + "0",
        new_session_key("shop", 1).replace("kis_", "kin_"),
        new_session_key("shop", 1).upper(),
        "kis_Shop_" + "0" * 54,
        "kis_shop_" + "z" * 54,
        "kis_shop_" + "o" * 54,
    ],
    ids=["nothing", "prefix", "short", "long", "api-key", "upper", "tenant", "too-much", "letter"],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"not a session|not Crockford"):
        parse_session_key(text)
