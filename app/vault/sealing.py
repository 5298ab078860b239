"""A field value as bytes at rest and back: canonical JSON, sealed for its place under its person's key."""

import json
from typing import Final
from uuid import UUID

from app.crypto.associated_data import Place
from app.crypto.field_cipher import FieldCipher
from app.kernel.plaintext import Plaintext

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


class RecordCipher:
    """Seals and opens the fields of one record."""

    __slots__ = ("_cipher", "_collection", "_record", "_subject", "_tenant")

    def __init__(self, field_key: bytes, tenant: str, subject: UUID, record: UUID, collection: str) -> None:
        self._cipher = FieldCipher(field_key)
        self._tenant = tenant
        self._subject = subject
        self._record = record
        self._collection = collection

    def seal(self, field: str, version: int, value: Plaintext) -> bytes:
        """The envelope of a value; the order of an object's members is kept."""
        return self._cipher.seal(self._place(field, version), _ENCODER.encode(value.reveal()).encode())

    def open_sealed(self, field: str, version: int, envelope: bytes) -> Plaintext:
        """The value that was sealed here; `crypto.refused.Refused` when this is not the envelope of this place."""
        return Plaintext(json.loads(self._cipher.open_sealed(self._place(field, version), envelope)))

    def _place(self, field: str, version: int) -> Place:
        return Place(self._tenant, self._subject, self._record, f"{self._collection}.{field}", version)
