"""An assignment: this caller looks after this person, perhaps for one case only, until a time. It ends then without a row
being changed, or earlier by a call.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who is assigned to whom."""

    id: UUID
    subject: UUID
    caller: UUID
    case: str | None
    made_at: datetime
    made_by: UUID
    until: datetime
    ended_at: datetime | None = None

    def serves(self, caller: UUID, case: str | None, now: datetime) -> bool:
        """Whether this caller is assigned now, for the case of its call; one that names no case serves every case."""
        return (
            self.caller == caller and self.ended_at is None and now < self.until and self.case in {None, case}
        )
