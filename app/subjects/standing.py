"""What of a person's standing the decision needs: for each purpose whether it is open on the record, restriction, hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.subjects.binding import State


@dataclass(frozen=True, slots=True)
class RecordStanding:
    """The bindings of one record, newest state wins as soon as one is open: purpose → (state, opened at)."""

    bindings: Mapping[str, tuple[State, datetime]]
    restricted: bool
    held: bool = False


def standing_of(
    bindings: Iterable[tuple[str, State, datetime]], *, restricted: bool, held: bool = False
) -> RecordStanding:
    """Folds all bindings of a record: a purpose is open when any of its bindings is; the latest opening counts."""
    folded: dict[str, tuple[State, datetime]] = {}
    for purpose, state, opened_at in bindings:
        known = folded.get(purpose)
        if known is None or (state is State.OPEN, opened_at) > (known[0] is State.OPEN, known[1]):
            folded[purpose] = (state, opened_at)
    return RecordStanding(folded, restricted, held)
