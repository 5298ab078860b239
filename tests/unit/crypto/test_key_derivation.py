from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from app.crypto import key_derivation as keys
from app.crypto.hkdf import Hkdf

KEY = bytes(range(32))


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80), st.integers(1, 300))
def test_hkdf_is_that_of_the_library(key: bytes, salt: bytes, info: bytes, length: int) -> None:
    assert Hkdf(key, salt).expand(info, length) == HKDF(SHA256(), length, salt, info).derive(key)


def test_every_derived_key_is_another() -> None:
    derived = [
        keys.field_key(KEY),
        keys.handle_key(KEY),
        keys.token_key(KEY),
        keys.commitment(KEY),
        keys.index_key(KEY, "buyer.phone"),
        keys.index_key(KEY, "delivery.phone"),
        keys.api_key_key(KEY),
        keys.customer_reference_key(KEY),
        keys.reference_key(KEY),
        keys.token_bucket_key(KEY),
    ]
    assert len({KEY, *derived}) == 11
    assert {len(key) for key in derived} == {32}


def test_all_at_once_is_one_by_one() -> None:
    derived = keys.derive(KEY)
    assert (derived.field, derived.handle, derived.token) == (
        keys.hkdf_sha256(KEY, "kin/field/1"),
        keys.hkdf_sha256(KEY, "kin/handle/1"),
        keys.hkdf_sha256(KEY, "kin/token/1"),
    )


def test_keys_are_not_printed() -> None:
    derived = keys.derive(KEY)
    assert all(repr(key) not in repr(derived) for key in (derived.field, derived.handle, derived.token))
