"""The keys of one tenant, unwrapped, and the new key of a person under them.

Three kinds, each in versions: `kek` wraps subject keys, `index` makes blind indexes, `audit` makes digests and masks that
are not per person. One version of each kind is primary: new things are made under it, old ones stay readable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.crypto.aead import aes_256_gcm
from app.crypto.key_derivation import (
    SubjectKeys,
    answer_key,
    api_key_key,
    customer_reference_key,
    index_key,
    reference_key,
    token_bucket_key,
)
from app.crypto.key_wrap import WrappedKey, new_subject_key, unwrap_subject_keys


class KeyKind(StrEnum):
    """What a tenant key is for."""

    KEK = "kek"
    INDEX = "index"
    AUDIT = "audit"


class KeyState(StrEnum):
    """Whether new things are made under a version; a retired one only opens what exists."""

    PRIMARY = "primary"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class SubjectKeyRow:
    """One person's key as it is stored."""

    wrapped: WrappedKey
    kek_version: int

    @classmethod
    def of(cls, wrapped: bytes, commitment: bytes, kek_version: int) -> "SubjectKeyRow":
        """The row from its columns."""
        return cls(WrappedKey(wrapped, commitment), kek_version)


@dataclass(frozen=True, repr=False)
class TenantKeys:
    """All versions by kind, and which is primary."""

    tenant: str
    keys: Mapping[KeyKind, Mapping[int, bytes]]
    primary: Mapping[KeyKind, int]

    def new_subject(self, subject: UUID) -> tuple[SubjectKeyRow, SubjectKeys]:
        """A fresh key for a person: as a row to store, and ready for use."""
        version = self.primary[KeyKind.KEK]
        wrapped, keys = new_subject_key(self.keys[KeyKind.KEK][version], self.tenant, subject, version)
        return SubjectKeyRow(wrapped, version), keys

    def knows(self, row: SubjectKeyRow) -> bool:
        """Whether the KEK of this row is here; if not, it was rotated by another process."""
        return row.kek_version in self.keys[KeyKind.KEK]

    def subject(self, subject: UUID, row: SubjectKeyRow) -> SubjectKeys:
        """A person's keys; `Refused` when the row is not this person's, or was changed."""
        cipher = self._kek_ciphers[row.kek_version]
        return unwrap_subject_keys(cipher, row.wrapped, self.tenant, subject, row.kek_version)

    def index(self, place: str) -> tuple[int, bytes]:
        """The version and key of one field's blind index; `place` is `collection.field`."""
        version = self.primary[KeyKind.INDEX]
        known = self._index_keys.get(place)
        if known is None:
            known = self._index_keys[place] = index_key(self.keys[KeyKind.INDEX][version], place)
        return version, known

    @cached_property
    def api_keys(self) -> bytes:
        """Digests API keys."""
        return api_key_key(self._audit)

    @cached_property
    def customer_references(self) -> bytes:
        """Indexes the shop's own customer numbers."""
        return customer_reference_key(self._audit)

    @cached_property
    def references(self) -> bytes:
        """Indexes order numbers and other references of bindings."""
        return reference_key(self._audit)

    @cached_property
    def token_buckets(self) -> bytes:
        """Masks the place of the person inside a token."""
        return token_bucket_key(self._audit)

    @cached_property
    def answers(self) -> bytes:
        """Names and seals kept answers, apart from what is a person's."""
        return answer_key(self._audit)

    @cached_property
    def _kek_ciphers(self) -> dict[int, AESGCM]:
        return {version: aes_256_gcm(key) for version, key in self.keys[KeyKind.KEK].items()}

    @cached_property
    def _index_keys(self) -> dict[str, bytes]:
        return {}

    @property
    def _audit(self) -> bytes:
        return self.keys[KeyKind.AUDIT][self.primary[KeyKind.AUDIT]]
