"""A person, as the vault knows one: an id, a key, whether processing is restricted, and whether a legal hold stands."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Subject:
    """A stored person with the wrapped key."""

    id: UUID
    tenant: str
    kek_version: int
    wrapped_key: bytes
    commitment: bytes
    restricted: bool
    held: bool = False
    created_at: datetime | None = None
    restricted_at: datetime | None = None
    restricted_words: bytes | None = None
