"""When a field falls due and when it is erased: pure, from the notice and the bindings of its record.

A field is due when the last purpose that kept it has ended and its `keep` has passed; one that no purpose covers, since it was
stored, or since the notice that covers it no more was activated. It is erased a grace later, and never sooner than a grace after
the activation of the notice that decides: a change of notice erases nothing at once. While a hold stands on its person, a field
that is due stays: whoever erases asks for that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from app.notice.model import Notice, Purpose
from app.subjects.binding import Binding
from app.vault.keeping import Keeper, keepers
from app.vault.record import HeldRecord

_FIRST: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Rule:
    """The notice that decides, and since when it does."""

    notice: Notice
    activated_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """Since or from when a field is due, and from when on it is erased.

    `purpose` kept it last, under `clause`; where none did, the clause is that of `[retention]`.
    """

    due_at: datetime
    erase_at: datetime
    purpose: str | None
    clause: str | None


def due(
    rule: Rule, collection: str, field: str, bindings: Iterable[Binding], created_at: datetime
) -> Due | None:
    """When a field of a record stored at `created_at`, with these bindings, falls due; None while a purpose is open."""
    notice = rule.notice
    last: Keeper | None = None
    since = max(created_at, rule.activated_at)
    for keeper in keepers(notice, collection, field, bindings):
        if keeper.until is None:
            return None
        if last is None or keeper.until > since:
            last, since = keeper, keeper.until
    erase_at = notice.retention.grace.after(max(since, rule.activated_at))
    if last is None:
        return Due(since, erase_at, None, notice.retention.clause)
    return Due(since, erase_at, last.purpose, last.clause)


def fallen(rule: Rule, record: HeldRecord, before: datetime) -> dict[str, Due]:
    """Those of a record's fields that are to be erased by a moment, unless a hold stands on its person."""
    dues = {
        name: due(rule, record.collection, name, record.bindings, record.created_at) for name in record.fields
    }
    return {name: one for name, one in dues.items() if one and one.erase_at <= before}


def ended_before(rule: Rule, purpose: Purpose, moment: datetime) -> tuple[datetime, datetime | None]:
    """Bounds for a first look at many bindings: what closed after the first, and opened after the second (None: any time), keeps
    what the purpose covers from being erased at `moment`. The bounds may be too early by some days, never too late.
    """
    kept = (purpose.keep.shortest if purpose.keep else timedelta()) + rule.notice.retention.grace.shortest
    ended = _back(moment, kept)
    return ended, _back(ended, purpose.closes_after.shortest) if purpose.closes_after else None


def _back(moment: datetime, by: timedelta) -> datetime:
    """So long before a moment, or the first moment there is."""
    return moment - min(by, moment - _FIRST)
