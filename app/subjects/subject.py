"""A person, as the vault knows one: an id, a key, and whether processing is restricted."""

from dataclasses import dataclass
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
