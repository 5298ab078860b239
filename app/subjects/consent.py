"""The ledger of consents: one consent is one purpose, silence is none, a withdrawal is another entry.

The entry holds the evidence the notice asks for: the wording agreed to, how, and when.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Act(StrEnum):
    """What the person did."""

    GIVE = "give"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Consent:
    """One entry of the ledger."""

    id: UUID
    subject: UUID
    purpose: str
    act: Act
    notice_version: int
    wording: str | None
    method: str | None
    given_at: datetime | None
    recorded_at: datetime
    recorded_by: UUID
