from dataclasses import replace
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.crypto.aead import aes_256_gcm
from app.crypto.key_derivation import SubjectKeys, derive
from app.crypto.key_wrap import (
    WrappedKey,
    new_key,
    new_subject_key,
    unwrap_subject_keys,
    unwrap_tenant_key,
    wrap_tenant_key,
)
from app.crypto.refused import Refused

KEK, KEY, OTHER = (bytes([n]) * 32 for n in (1, 2, 3))
SUBJECT = UUID(int=7)


def unwrapped(
    kek: bytes, wrapped: WrappedKey, tenant: str = "shop", subject: UUID = SUBJECT, version: int = 1
) -> SubjectKeys:
    return unwrap_subject_keys(aes_256_gcm(kek), wrapped, tenant, subject, version)


def test_new_keys_differ() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert {len(key) for key in keys} == {32}


def test_a_subject_key_comes_back() -> None:
    wrapped, keys = new_subject_key(KEK, "shop", SUBJECT, 1)
    assert (len(wrapped.wrapped), len(wrapped.commitment)) == (61, 32)
    assert unwrapped(KEK, wrapped) == keys


def test_every_person_gets_a_key_of_their_own() -> None:
    assert len({new_subject_key(KEK, "shop", SUBJECT, 1)[1].field for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "asked",
    [
        (OTHER, "shop", SUBJECT, 1),
        (KEK, "shop2", SUBJECT, 1),
        (KEK, "shop", UUID(int=8), 1),
        (KEK, "shop", SUBJECT, 2),
    ],
    ids=["another KEK", "another tenant", "another person", "another version"],
)
def test_a_subject_key_belongs_to_its_place(asked: tuple[bytes, str, UUID, int]) -> None:
    kek, tenant, subject, version = asked
    wrapped, _ = new_subject_key(KEK, "shop", SUBJECT, 1)
    with pytest.raises(Refused):
        unwrapped(kek, wrapped, tenant, subject, version)


def test_a_commitment_to_another_key_is_refused() -> None:
    wrapped, _ = new_subject_key(KEK, "shop", SUBJECT, 1)
    stranger, _ = new_subject_key(KEK, "shop", SUBJECT, 1)
    for commitment in (stranger.commitment, b"", wrapped.commitment[:-1], wrapped.commitment + b"\0"):
        with pytest.raises(Refused):
            unwrapped(KEK, replace(wrapped, commitment=commitment))


def test_one_ciphertext_that_opens_under_two_keks_gives_one_key_only() -> None:
    """GCM is not key-committing, so such ciphertexts can be built; the commitment fits one of the two keys.

    Two ciphertexts stand for the two readings here; the same commitment is stored beside both.
    """
    first, keys = new_subject_key(KEK, "shop", SUBJECT, 1)
    second, _ = new_subject_key(OTHER, "shop", SUBJECT, 1)
    forged = WrappedKey(second.wrapped, first.commitment)
    assert unwrapped(KEK, first) == keys
    with pytest.raises(Refused):
        unwrapped(OTHER, forged)


def test_a_tenant_key_comes_back_to_its_place_only() -> None:
    wrapped = wrap_tenant_key(KEK, KEY, "shop", "kek", 1)
    assert unwrap_tenant_key(KEK, wrapped, "shop", "kek", 1) == KEY
    for root, tenant, kind, version in (
        (OTHER, "shop", "kek", 1),
        (KEK, "shop2", "kek", 1),
        (KEK, "shop", "index", 1),
        (KEK, "shop", "kek", 2),
        (KEK, "shopkek", "", 1),
    ):
        with pytest.raises(Refused):
            unwrap_tenant_key(root, wrapped, tenant, kind, version)


def test_a_tenant_key_is_not_taken_for_a_subject_key() -> None:
    wrapped = WrappedKey(wrap_tenant_key(KEK, KEY, "shop", "kek", 1), derive(KEY).commitment)
    with pytest.raises(Refused):
        unwrapped(KEK, wrapped)


def test_what_is_not_a_key_is_neither_wrapped_nor_unwrapped() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        wrap_tenant_key(KEK, b"short", "shop", "kek", 1)
    bound = b"\0\0\0\x08" + (1).to_bytes(8, "big") + b"\0\0\0\x04shop\0\0\0\x03kek"
    bound += b"\0\0\0\x08" + (1).to_bytes(8, "big")
    sealed = b"\x01" + bytes(12) + AESGCM(KEK).encrypt(bytes(12), b"short", bound)
    with pytest.raises(Refused):
        unwrap_tenant_key(KEK, sealed, "shop", "kek", 1)
