"""Which fields of a person go and which stay, and why. Pure.

On request everything goes that no legal duty needs: a field stays while a binding on its record whose purpose rests on
`legal-obligation` covers it and is open, or its `keep` has not passed (GDPR art. 17(3)(b)). What a contract or a consent covers
goes, open or not. While a legal hold stands, everything stays. What the clock takes is chosen in `retention`, in the same words.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.notice.model import Notice
from app.subjects.subject import Subject
from app.vault.keeping import Keeper, owed
from app.vault.record import HeldRecord

HOLD: Final = "hold"


@dataclass(frozen=True, slots=True)
class HeldPerson:
    """A locked person and all their records, as nobody else changes them meanwhile."""

    person: Subject
    records: Sequence[HeldRecord]


@dataclass(frozen=True, slots=True)
class Gone:
    """Why a field goes: the clause that says so, and the purpose that kept it last, if one did."""

    clause: str | None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """Why a field stays: `hold` or the basis of the purpose that keeps it, and until when; None while that is open."""

    reason: str
    clause: str | None
    purpose: str | None = None
    until: datetime | None = None

    @classmethod
    def by(cls, keeper: Keeper) -> "Kept":
        """Kept for a purpose."""
        return cls(keeper.basis.value if keeper.basis else "", keeper.clause, keeper.purpose, keeper.until)


@dataclass(frozen=True, slots=True)
class Choice:
    """Record → field → why it goes, and why it stays; a field in neither stays without a word in the certificate."""

    gone: Mapping[UUID, Mapping[str, Gone]]
    kept: Mapping[UUID, Mapping[str, Sequence[Kept]]]


Choose = Callable[[HeldPerson], Choice]
"""Decides under the person's lock; never asked about a person on hold."""


def on_request(notice: Notice, now: datetime) -> Choose:
    """What a person's request takes, and what a legal duty keeps from it."""

    def choose(held: HeldPerson) -> Choice:
        kept = {record.id: _kept_by_duty(notice, record, now) for record in held.records}
        gone = {
            record.id: {n: Gone(notice.retention.clause) for n in record.fields if n not in kept[record.id]}
            for record in held.records
        }
        return Choice(gone, kept)

    return choose


def on_hold(notice: Notice) -> Choose:
    """Everything stays."""

    def choose(held: HeldPerson) -> Choice:
        because = [Kept(HOLD, notice.retention.clause)]
        return Choice({}, {record.id: dict.fromkeys(record.fields, because) for record in held.records})

    return choose


def _kept_by_duty(notice: Notice, record: HeldRecord, now: datetime) -> dict[str, list[Kept]]:
    kept = {
        name: [Kept.by(keeper) for keeper in owed(notice, record.collection, name, record.bindings, now)]
        for name in record.fields
    }
    return {name: keeping for name, keeping in kept.items() if keeping}
