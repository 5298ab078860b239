import unicodedata

import pytest
from argon2.profiles import CHEAPEST, RFC_9106_LOW_MEMORY
from hypothesis import given, settings
from hypothesis import strategies as st

from app.crypto.password import PARAMETERS, hash_password, needs_rehash, verify_password
from app.crypto.refused import Refused


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(), max_size=30), st.text(st.characters(), max_size=30))
def test_only_the_password_verifies(password: str, other: str) -> None:
    verifier = hash_password(password, CHEAPEST)
    assert verify_password(verifier, password)
    same = unicodedata.normalize("NFC", password) == unicodedata.normalize("NFC", other)
    assert verify_password(verifier, other) == same


def test_the_parameters_are_those_of_rfc_9106() -> None:
    assert PARAMETERS == RFC_9106_LOW_MEMORY
    verifier = hash_password("đêm nay trăng sáng")
    assert verifier.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert verify_password(verifier, "đêm nay trăng sáng")
    assert not needs_rehash(verifier)


def test_two_keyboards_one_password() -> None:
    verifier = hash_password(unicodedata.normalize("NFD", "mật khẩu"), CHEAPEST)
    assert verify_password(verifier, unicodedata.normalize("NFC", "mật khẩu"))
    assert not verify_password(verifier, "mat khau")


def test_every_verifier_has_its_own_salt() -> None:
    assert hash_password("same", CHEAPEST) != hash_password("same", CHEAPEST)


def test_other_parameters_ask_for_a_rehash() -> None:
    assert needs_rehash(hash_password("password", CHEAPEST))
    assert not needs_rehash(hash_password("password", CHEAPEST), CHEAPEST)


@pytest.mark.parametrize(
    "verifier",
    [
        "",
        "password",
        "$argon2id$",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$",
        "$argon2id$v=19$m=x,t=1,p=1$a$b",
        "é",
    ],
)
def test_a_damaged_verifier_is_refused(verifier: str) -> None:
    with pytest.raises(Refused):
        verify_password(verifier, "password")


@pytest.mark.parametrize("verifier", ["", "password", "$argon2id$v=19$m=x,t=1,p=1$a$b", "é"])
def test_a_damaged_verifier_is_not_asked_for_its_parameters(verifier: str) -> None:
    with pytest.raises(Refused):
        needs_rehash(verifier)
