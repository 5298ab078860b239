"""An order: what somebody asks to see, for which purpose and case, of whom, until when; and what a second person made of it.

The transitions are the table below. An order that nobody decides, or that is approved, ends at its time without a row being
changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class State(StrEnum):
    """How an order stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Step(StrEnum):
    """What moves an order."""

    APPROVE = "approve"
    REJECT = "reject"
    TIME = "time"


TRANSITIONS: Final[Mapping[State, Mapping[Step, State]]] = {
    State.PENDING: {Step.APPROVE: State.APPROVED, Step.REJECT: State.REJECTED, Step.TIME: State.EXPIRED},
    State.APPROVED: {Step.TIME: State.EXPIRED},
    State.REJECTED: {},
    State.EXPIRED: {},
}


@dataclass(frozen=True, slots=True)
class Order:
    """One order; `fields` are written `collection.field`, `state` is the last decision, whatever the time."""

    id: UUID
    purpose: str
    case: str
    subjects: frozenset[UUID]
    fields: frozenset[str]
    requested_by: UUID
    requested_at: datetime
    expires_at: datetime
    state: State = State.PENDING
    decided_by: UUID | None = None
    decided_at: datetime | None = None

    def state_at(self, now: datetime) -> State:
        """The state, with time taken into account."""
        if now < self.expires_at:
            return self.state
        return TRANSITIONS[self.state].get(Step.TIME, self.state)

    def opens(self, subject: UUID, purpose: str, case: str | None, now: datetime) -> frozenset[str]:
        """The fields of a person that this order opens for a call; none unless it is approved for exactly such a call."""
        fits = purpose == self.purpose and case == self.case and subject in self.subjects
        return self.fields if fits and self.state_at(now) is State.APPROVED else frozenset()
