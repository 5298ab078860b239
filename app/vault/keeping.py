"""What keeps a field, and until when: the bindings of its record whose purpose covers it, read under one notice.

An open purpose keeps without an end. One that has ended, by a call or by its `closes-after`, keeps for the purpose's `keep`
longer, on the calendar; one that an erasure on request has ended, no longer. What is done with a field that nothing keeps is
left to `retention` (the clock) and `rights` (a request).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from app.notice.model import Basis, Notice, Purpose
from app.subjects.binding import Binding, Cause


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
    ends = [binding.closed_at] if binding.closed_at else []
    if purpose.closes_after:
        ends.append(purpose.closes_after.after(binding.opened_at))
    if not ends:
        return None
    return purpose.keep.after(min(ends)) if purpose.keep else min(ends)
