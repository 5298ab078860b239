"""A legal hold: while it stands, nothing of the person is erased. It opens nothing, and it does not end by itself."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a person's data must stay: the case, and the reason in words, sealed."""

    id: UUID
    subject: UUID
    case: str
    words: bytes
    placed_at: datetime
    placed_by: UUID
    released_at: datetime | None = None
    released_by: UUID | None = None
