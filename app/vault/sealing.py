"""A field value as bytes at rest and back: canonical JSON, sealed for its place under its person's key."""

import json
from typing import Any, Final
from uuid import UUID

from app.crypto.field_cipher import FieldsCipher
from app.kernel.plaintext import Plaintext

value_text: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
"""A value as the JSON text that is sealed, and that the API writes; the order of an object's members is kept."""
_DECODER: Final = json.JSONDecoder()


def value_of(text: str) -> Any:
    """The inverse of `value_text`."""
    return _DECODER.raw_decode(text)[0]


class RecordCipher:
    """Seals and opens the fields of one record."""

    __slots__ = ("_cipher", "_collection")

    def __init__(self, field_key: bytes, tenant: str, subject: UUID, record: UUID, collection: str) -> None:
        self._cipher = FieldsCipher(field_key, tenant, subject, record)
        self._collection = collection

    def seal(self, field: str, version: int, value: Plaintext) -> bytes:
        """The envelope of a value."""
        return self._cipher.seal(f"{self._collection}.{field}", version, value_text(value.reveal()).encode())

    def open_sealed(self, field: str, version: int, envelope: bytes) -> Plaintext:
        """The value that was sealed here; `crypto.refused.Refused` when this is not the envelope of this place."""
        return Plaintext(value_of(self.open_text(field, version, envelope)))

    def open_text(self, field: str, version: int, envelope: bytes) -> str:
        """The same as the JSON text that was sealed."""
        return self._cipher.open_sealed(f"{self._collection}.{field}", version, envelope).decode()
