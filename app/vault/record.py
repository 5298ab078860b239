"""A record as it is stored: whose it is, its sealed fields, and the standing that decides who may read them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.keys.hierarchy import SubjectKeyRow
from app.subjects.binding import Binding
from app.subjects.standing import RecordStanding


class SealedField(NamedTuple):
    """One field's envelope and version; a tuple, as `FieldAnswer` is."""

    version: int
    envelope: bytes


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """All that one disclosure needs, loaded in one query."""

    id: UUID
    tenant: str
    subject: UUID
    collection: str
    version: int
    key: SubjectKeyRow
    standing: RecordStanding
    fields: Mapping[str, SealedField]


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A record as erasing sees it: which fields it has and for what, nothing of what is in them."""

    id: UUID
    collection: str
    created_at: datetime
    fields: Sequence[str]
    bindings: Sequence[Binding]
