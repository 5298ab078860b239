"""What keeps a field, and until when: the bindings of its record whose purpose covers it, read under one notice.

An open purpose keeps without an end. One that has ended, by a call or by its `closes-after`, keeps for the purpose's `keep`
longer, on the calendar; one that an erasure on request has ended, no longer. What is done with a field that nothing keeps is
left to `retention` (the clock) and `rights` (a request).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.notice.model import Basis, Notice, Purpose
from app.subjects.binding import Binding, Cause, State


@dataclass(frozen=True, slots=True)
class Keeper:
    """One purpose that keeps a field, the clause that it carries out, on which basis; `until` is None while it is open."""

    purpose: str
    clause: str
    basis: Basis | None
    until: datetime | None


def keepers(notice: Notice, collection: str, field: str, bindings: Iterable[Binding]) -> list[Keeper]:
    """Who keeps `collection.field` of the record with these bindings, in their order; also those whose time has passed."""
    place = f"{collection}.{field}"
    return [
        Keeper(purpose.name, purpose.clause, purpose.basis, until(purpose, binding))
        for binding in bindings
        if (purpose := notice.purposes.get(binding.purpose)) and place in purpose.covers
    ]


def until(purpose: Purpose, binding: Binding) -> datetime | None:
    """The moment up to which a binding keeps what its purpose covers; None while nothing has ended it."""
    if binding.closed_because is Cause.ERASURE:
        return binding.closed_at
    end = _end(purpose, binding)
    return purpose.keep.after(end) if purpose.keep and end else end


def is_open(purpose: Purpose, binding: Binding, now: datetime) -> bool:
    """Whether a record may be used for a purpose by this binding: nobody has closed it, and it has not ended by itself."""
    end = _end(purpose, binding)
    return binding.state is State.OPEN and (end is None or now < end)


def owed(
    notice: Notice, collection: str, field: str, bindings: Iterable[Binding], now: datetime
) -> list[Keeper]:
    """Which legal duties keep `collection.field` now, whoever would remove it (GDPR art. 17(3)(b))."""
    return [
        keeper
        for keeper in keepers(notice, collection, field, bindings)
        if keeper.basis is Basis.LEGAL_OBLIGATION and (keeper.until is None or now < keeper.until)
    ]


def _end(purpose: Purpose, binding: Binding) -> datetime | None:
    ends = [binding.closed_at] if binding.closed_at else []
    if purpose.closes_after:
        ends.append(purpose.closes_after.after(binding.opened_at))
    return min(ends, default=None)
