"""The ledger of consents: one consent is one purpose, silence is none, a withdrawal is another entry.

The entry holds the evidence the notice asks for: the wording agreed to, how, and when. A withdrawal names the entry it
withdraws, so that what still stands never depends on a clock; one that names none is an objection by somebody who had not
agreed, and stands against what another system may still bring.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from app.kernel.ids import bucket_of, new_uuid


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
    withdraws: UUID | None = None

    @property
    def evidence(self) -> tuple[datetime | None, str | None, str | None]:
        """When, how and in which words the person agreed."""
        return self.given_at, self.method, self.wording


def live(ledger: Iterable[Consent], purposes: Container[str]) -> list[Consent]:
    """The consents to these purposes that no later entry withdraws, in the ledger's order."""
    entries = list(ledger)
    withdrawn = {entry.withdraws for entry in entries if entry.act is Act.WITHDRAW}
    return [e for e in entries if e.act is Act.GIVE and e.purpose in purposes and e.id not in withdrawn]


def withdrawal(
    subject: UUID, purpose: str, given: UUID | None, notice_version: int, now: datetime, by: UUID
) -> Consent:
    """The entry that withdraws a consent, or that says no to a purpose where there is none (`given` is None)."""
    return Consent(
        id=new_uuid(bucket_of(subject)),
        subject=subject,
        purpose=purpose,
        act=Act.WITHDRAW,
        notice_version=notice_version,
        wording=None,
        method=None,
        given_at=None,
        recorded_at=now,
        recorded_by=by,
        withdraws=given,
    )
