"""A purpose open on a record: this record is held for this purpose, since when, on what basis, under which reference.

The transitions are the table below; nothing else moves a binding. A purpose nobody closes still ends: `closes_after`, when
the notice gives it, ends it without a row being changed.
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
    TIME = "time"


TRANSITIONS: Final[Mapping[State, Mapping[Cause, State]]] = {
    State.OPEN: dict.fromkeys(Cause, State.CLOSED),
    State.CLOSED: {},
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
