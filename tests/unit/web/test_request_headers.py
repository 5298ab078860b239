"""Credentials, purposes, cases and orders as they come in headers."""

from collections.abc import Callable

import pytest

from app.kernel.errors import Kind, VaultError
from app.web.caller import bearer
from app.web.headers import RawHeaders
from app.web.purpose import case, order, purpose

KEY = "kin_9f8e7d.abc-_~+/=="


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_a_bearer_token_is_found_whatever_the_case_of_its_scheme(scheme: str) -> None:
    assert bearer([(b"host", b"x"), (b"authorization", f"{scheme} {KEY}".encode())]) == KEY


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Basic abc",
        b"Bearer a b",
        b"Bearer a,Bearer b",
        b"xBearer a",
        b"Bearer \xff",
    ],
)
def test_anything_else_is_no_token(value: bytes) -> None:
    assert bearer([(b"authorization", value)]) is None
    assert bearer([]) is None


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (bearer, b"authorization"),
        (purpose, b"vault-purpose"),
        (case, b"vault-case"),
        (order, b"vault-order"),
    ],
)
def test_a_header_sent_twice_is_refused_even_when_both_agree(
    read: Callable[[RawHeaders], str | None], name: bytes
) -> None:
    with pytest.raises(VaultError) as caught:
        read([(name, b"order"), (name, b"order")])
    assert caught.value.kind is Kind.BAD_REQUEST


def test_without_a_purpose_the_answer_says_which_header_to_send() -> None:
    with pytest.raises(VaultError, match="Vault-Purpose") as caught:
        purpose([])
    assert caught.value.kind is Kind.PURPOSE_REQUIRED


@pytest.mark.parametrize("value", [b"", b"Order", b"a_b", b"a b", b"a" * 65, b"\xc3\xa1", b"a\nb", b"a,b"])
def test_a_misspelt_purpose_is_refused_and_not_repeated(value: bytes) -> None:
    with pytest.raises(VaultError) as caught:
        purpose([(b"vault-purpose", value)])
    assert caught.value.kind is Kind.BAD_REQUEST
    assert "a_b" not in caught.value.detail


def test_purposes_cases_and_orders_are_passed_on_as_written() -> None:
    assert purpose([(b"vault-purpose", b" marketing-sms\t")]) == "marketing-sms"
    assert case([(b"vault-case", b"CASE-7/a.b:c_d")]) == "CASE-7/a.b:c_d"
    assert order([(b"vault-order", b"ord_" + b"0" * 26)]) == "ord_" + "0" * 26
    assert case([]) is None
    assert order([]) is None


@pytest.mark.parametrize("value", [b"", b"a b", b"a" * 65, b"Nguy\xe1\xbb\x85n", b"a;b", b"a\n"])
def test_a_case_that_could_hold_a_name_is_refused(value: bytes) -> None:
    with pytest.raises(VaultError) as caught:
        case([(b"vault-case", value)])
    assert caught.value.kind is Kind.BAD_REQUEST
