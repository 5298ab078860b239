"""A purpose open on a record: this record is held for this purpose, since when, on what basis, under which reference.

The transitions are the table below; nothing else moves a binding. A purpose nobody closes still ends: `closes_after`, when
the notice gives it, ends it without a row being changed. An erasure that leaves something reaches closed ones too: what it has
ended keeps nothing any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID


class State(StrEnum):
    """Whether the record may be read for the purpose."""

    OPEN = "open"
    CLOSED = "closed"


class Cause(StrEnum):
    """What closes a binding."""

    CALL = "call"
    WITHDRAWAL = "withdrawal"
    OBJECTION = "objection"
    ERASURE = "erasure"
    TIME = "time"


TRANSITIONS: Final[Mapping[State, Mapping[Cause, State]]] = {
    State.OPEN: dict.fromkeys(Cause, State.CLOSED),
    State.CLOSED: {Cause.ERASURE: State.CLOSED},
}


@dataclass(frozen=True, slots=True)
class Binding:
    """One purpose on one record. The reference (an order number) is kept as a digest and sealed."""

    id: UUID
    subject: UUID
    record: UUID
    purpose: str
    basis: str
    opened_at: datetime
    reference_digest: bytes | None = None
    reference_sealed: bytes | None = None
    consent: UUID | None = None
    state: State = State.OPEN
    closed_at: datetime | None = None
    closed_because: Cause | None = None
    closed_words: bytes | None = None


def closes(cause: Cause) -> tuple[list[State], State]:
    """The states from which a cause moves a binding, and the state it moves it to; ValueError when it moves none."""
    moves = {state: steps[cause] for state, steps in TRANSITIONS.items() if cause in steps}
    if not moves:
        raise ValueError("this cause moves no binding")
    return list(moves), next(iter(moves.values()))
