"""A person's request: what was asked, by when it is due, and what became of it.

The transitions are the table below; nothing else moves a request. Time moves none: that one is late is seen from its deadline. It
outlives the person, because it shows that the deadlines were kept; what was said in words is sealed under the person's key
and goes with it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.rights.deadline import DueWarning, RequestKind, warning


class State(StrEnum):
    """How a request stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    EXTENDED = "extended"
    COMPLETED = "completed"
    REFUSED = "refused"


class Step(StrEnum):
    """What moves a request."""

    ACKNOWLEDGE = "acknowledge"
    EXTEND = "extend"
    COMPLETE = "complete"
    REFUSE = "refuse"


_ENDS: Final = {Step.COMPLETE: State.COMPLETED, Step.REFUSE: State.REFUSED}
TRANSITIONS: Final[Mapping[State, Mapping[Step, State]]] = {
    State.OPEN: {Step.ACKNOWLEDGE: State.ACKNOWLEDGED, Step.EXTEND: State.EXTENDED, **_ENDS},
    State.ACKNOWLEDGED: {Step.EXTEND: State.EXTENDED, **_ENDS},
    State.EXTENDED: _ENDS,
    State.COMPLETED: {},
    State.REFUSED: {},
}
TO_DO: Final = frozenset(state for state, steps in TRANSITIONS.items() if steps)
"""The states in which something is still to be done."""


THEMSELVES: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class PersonRequest:
    """One request. Whatever answers the person first, also an extension or the end, acknowledges it.

    `opened_by` is `THEMSELVES` for the person's own: a session's id would lead to all that was done in that session.
    """

    id: UUID
    subject: UUID
    kind: RequestKind
    recipients_involved: bool
    received_at: datetime
    acknowledge_by: datetime
    due_at: datetime
    holidays_known: bool
    opened_at: datetime
    opened_by: UUID
    state: State = State.OPEN
    acknowledged_at: datetime | None = None
    extended_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: UUID | None = None
    certificate: UUID | None = None
    opened_words: bytes | None = None
    extended_words: bytes | None = None
    refused_words: bytes | None = None

    def warning(self, now: datetime) -> DueWarning:
        """How near the deadline is; none once the request has ended."""
        return warning(self.received_at, self.due_at, now) if self.state in TO_DO else DueWarning.NONE


def moves(step: Step) -> tuple[list[State], State]:
    """The states from which a step moves a request, and the state it moves it to."""
    found = {state: steps[step] for state, steps in TRANSITIONS.items() if step in steps}
    return list(found), next(iter(found.values()))
