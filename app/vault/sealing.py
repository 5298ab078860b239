"""A field value as bytes at rest and back: canonical JSON, sealed for its place under its person's key."""

import json
from typing import Final
from uuid import UUID

from app.crypto.field_cipher import FieldsCipher
from app.kernel.plaintext import Plaintext

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
_DECODER: Final = json.JSONDecoder()


class RecordCipher:
    """Seals and opens the fields of one record."""

    __slots__ = ("_cipher", "_collection")

    def __init__(self, field_key: bytes, tenant: str, subject: UUID, record: UUID, collection: str) -> None:
        self._cipher = FieldsCipher(field_key, tenant, subject, record)
        self._collection = collection

    def seal(self, field: str, version: int, value: Plaintext) -> bytes:
        """The envelope of a value; the order of an object's members is kept."""
        text = _ENCODER.encode(value.reveal())
        return self._cipher.seal(f"{self._collection}.{field}", version, text.encode())

    def open_sealed(self, field: str, version: int, envelope: bytes) -> Plaintext:
        """The value that was sealed here; `crypto.refused.Refused` when this is not the envelope of this place."""
        opened = self._cipher.open_sealed(f"{self._collection}.{field}", version, envelope)
        return Plaintext(_DECODER.raw_decode(opened.decode())[0])
