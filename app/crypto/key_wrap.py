"""New keys, and keys sealed under other keys (docs/formats/wrapped-key.md).

A subject key is wrapped by the tenant's key encryption key (KEK), a tenant key by the root key. A subject key
carries a commitment, because AES-GCM alone lets one ciphertext open under two keys (Albertini et al., "How to
abuse and fix authenticated encryption without key commitment", USENIX Security 2022). Versions, rotation and
destruction are decided by `keys`.
"""

import hmac
import os
from dataclasses import dataclass
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.crypto.aead import KEY_BYTES, SUITE_AES_256_GCM, aes_256_gcm, open_sealed, seal
from app.crypto.associated_data import associated_data
from app.crypto.key_derivation import SubjectKeys, derive
from app.crypto.refused import Refused


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A subject key as it is stored: `wrapped` has 61 bytes, `commitment` 32."""

    wrapped: bytes
    commitment: bytes


def new_key() -> bytes:
    """32 bytes from the operating system's generator."""
    return os.urandom(KEY_BYTES)


def new_subject_key(
    kek: bytes, tenant: str, subject: UUID, kek_version: int
) -> tuple[WrappedKey, SubjectKeys]:
    """A fresh key for a person: wrapped to be stored, and what it gives."""
    key = new_key()
    keys = derive(key)
    return WrappedKey(_wrap(kek, key, _subject_place(tenant, subject, kek_version)), keys.commitment), keys


def unwrap_subject_keys(
    kek: AESGCM, wrapped_key: WrappedKey, tenant: str, subject: UUID, kek_version: int
) -> SubjectKeys:
    """What the subject key gives; Refused unless key, place, version and commitment are those of the wrapping.

    `kek` is the KEK's cipher, made once for many people.
    """
    keys = derive(_unwrap(kek, wrapped_key.wrapped, _subject_place(tenant, subject, kek_version)))
    if not hmac.compare_digest(keys.commitment, wrapped_key.commitment):
        raise Refused
    return keys


def wrap_tenant_key(root: bytes, key: bytes, tenant: str, kind: str, version: int) -> bytes:
    """Wraps a 32-byte tenant key (`kind`: "kek", "index", "audit") under a root key: 61 bytes."""
    return _wrap(root, key, associated_data(SUITE_AES_256_GCM, tenant, kind, version))


def unwrap_tenant_key(root: bytes, wrapped: bytes, tenant: str, kind: str, version: int) -> bytes:
    """The tenant key; Refused unless root key, tenant, kind and version are those of the wrapping."""
    associated = associated_data(SUITE_AES_256_GCM, tenant, kind, version)
    return _unwrap(aes_256_gcm(root), wrapped, associated)


def _wrap(wrapping_key: bytes, key: bytes, associated: bytes) -> bytes:
    if len(key) != KEY_BYTES:
        raise ValueError("a key must have 32 bytes")
    return seal(aes_256_gcm(wrapping_key), key, associated)


def _unwrap(wrapping: AESGCM, wrapped: bytes, associated: bytes) -> bytes:
    key = open_sealed(wrapping, wrapped, associated)
    if len(key) != KEY_BYTES:
        raise Refused
    return key


def _subject_place(tenant: str, subject: UUID, kek_version: int) -> bytes:
    return associated_data(SUITE_AES_256_GCM, tenant, subject.bytes, kek_version)
