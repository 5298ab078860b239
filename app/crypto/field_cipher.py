"""Seals and opens one field value; decides its padding and the envelope (docs/formats/envelope.md).

The value is padded to a multiple of 32 bytes (ISO/IEC 7816-4: 0x80, then zeros), so that its length says
little, and sealed with its `Place` as associated data. Where the key comes from is decided by
`key_derivation`.
"""

from typing import Final
from uuid import UUID

from app.crypto import aead
from app.crypto.aead import SUITE_AES_256_GCM
from app.crypto.associated_data import Place, of_field, of_record
from app.crypto.refused import Refused

BLOCK: Final = 32


class FieldCipher:
    """The field key of one person, ready for use: several fields pay for its set-up once."""

    __slots__ = ("_aead",)

    def __init__(self, field_key: bytes) -> None:
        """`field_key`: 32 bytes; ValueError for any other length."""
        self._aead = aead.aes_256_gcm(field_key)

    def seal(self, place: Place, plaintext: bytes) -> bytes:
        """The envelope: suite byte ‖ nonce (12) ‖ ciphertext (a multiple of 32) ‖ tag (16)."""
        return aead.seal(self._aead, pad(plaintext), place.associated_data(SUITE_AES_256_GCM))

    def open_sealed(self, place: Place, envelope: bytes) -> bytes:
        """The bytes that were sealed for this place under this key; Refused for anything else."""
        return unpad(aead.open_sealed(self._aead, envelope, place.associated_data(SUITE_AES_256_GCM)))


class FieldsCipher:
    """The same for the fields of one record, whose place but for field and version is written once."""

    __slots__ = ("_aead", "_record")

    def __init__(self, field_key: bytes, tenant: str, subject: UUID, record: UUID) -> None:
        """`field_key`: 32 bytes; ValueError for any other length."""
        self._aead = aead.aes_256_gcm(field_key)
        self._record = of_record(SUITE_AES_256_GCM, tenant, subject, record)

    def seal(self, field: str, version: int, plaintext: bytes) -> bytes:
        """The envelope, as `FieldCipher.seal` at the `Place` of this field (`collection.field`) and version."""
        return aead.seal(self._aead, pad(plaintext), self._record + of_field(field, version))

    def open_sealed(self, field: str, version: int, envelope: bytes) -> bytes:
        """The bytes, as `FieldCipher.open_sealed`; Refused for anything that was not sealed for this place."""
        return unpad(aead.open_sealed(self._aead, envelope, self._record + of_field(field, version)))


def seal(field_key: bytes, place: Place, plaintext: bytes) -> bytes:
    """As `FieldCipher.seal`, for a single field."""
    return FieldCipher(field_key).seal(place, plaintext)


def open_sealed(field_key: bytes, place: Place, envelope: bytes) -> bytes:
    """As `FieldCipher.open_sealed`, for a single field."""
    return FieldCipher(field_key).open_sealed(place, envelope)


def pad(plaintext: bytes) -> bytes:
    """The plaintext, 0x80, and zeros to the next multiple of 32 bytes (ISO/IEC 7816-4): adds 1…32 bytes."""
    return plaintext + b"\x80" + bytes(-(len(plaintext) + 1) % BLOCK)


def unpad(padded: bytes) -> bytes:
    """The inverse of `pad`; Refused for bytes that `pad` does not write.

    It runs on authenticated bytes only, so its timing tells nothing to who cannot seal.
    """
    marked = padded.rstrip(b"\0")
    if len(padded) % BLOCK or not marked.endswith(b"\x80") or len(padded) - len(marked) >= BLOCK:
        raise Refused
    return marked[:-1]
