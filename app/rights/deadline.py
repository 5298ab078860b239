"""By when a person's request must be answered and carried out, and how near that is.

Terms are configuration; the defaults are those of Decree 356/2025/NĐ-CP, art. 5, the other profile is GDPR art. 12(3). A
term runs from the receipt, its days as 24 hours and its months on Vietnam's calendar: never later than the end of the day
that the law counts to. Acknowledging is counted in working days. When something was received, and what is done in the end,
others decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from app.kernel.duration import Duration
from app.rights.working_days import HO_CHI_MINH, Calendar


class RequestKind(StrEnum):
    """What a person can ask for (Law 91/2025/QH15, art. 4; GDPR art. 7, 15 to 18, 21)."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    WITHDRAWAL = "withdrawal"


class DueWarning(StrEnum):
    """How much of the time is used up."""

    NONE = "none"
    HALF = "half"
    FOUR_FIFTHS = "four-fifths"
    OVERDUE = "overdue"


SHARES: Final[Mapping[DueWarning, tuple[int, int]]] = {
    DueWarning.NONE: (0, 1),
    DueWarning.HALF: (1, 2),
    DueWarning.FOUR_FIFTHS: (4, 5),
    DueWarning.OVERDUE: (1, 1),
}
"""From which share of the time on each warning is given, as numerator and denominator, in order."""


@dataclass(frozen=True, slots=True)
class Term:
    """How long a request may take: by the shop alone, with recipients of the data involved, and by how much once longer."""

    within: Duration
    with_recipients: Duration
    extension: Duration


@dataclass(frozen=True, slots=True)
class Dates:
    """The deadlines of one request. `holidays_known` is false where the calendar had to leave out lunar holidays."""

    acknowledge_by: datetime
    due_at: datetime
    holidays_known: bool


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The terms in force; `acknowledge` is in working days."""

    acknowledge: int
    terms: Mapping[RequestKind, Term]
    calendar: Calendar = field(default_factory=Calendar)

    def dates(self, kind: RequestKind, received_at: datetime, *, recipients_involved: bool) -> Dates:
        """The deadlines of a request received then."""
        term, acknowledge_by = self.terms[kind], self.calendar.end_of(received_at, self.acknowledge)
        return Dates(
            acknowledge_by.astimezone(UTC),
            _after(term.with_recipients if recipients_involved else term.within, received_at),
            self.calendar.covers(received_at, acknowledge_by),
        )

    def extended(self, kind: RequestKind, due_at: datetime) -> datetime:
        """The deadline after the one extension."""
        return _after(self.terms[kind].extension, due_at)


def warning(received_at: datetime, due_at: datetime, now: datetime) -> DueWarning:
    """How much of the time from the receipt to the deadline is used up now."""
    elapsed, whole = now - received_at, due_at - received_at
    reached = [word for word, (part, of) in SHARES.items() if elapsed * of >= whole * part]
    return reached[-1] if reached else DueWarning.NONE


def falls(word: DueWarning, received_at: datetime, due_at: datetime) -> datetime:
    """The moment from which on a warning is given."""
    part, of = SHARES[word]
    return received_at + (due_at - received_at) * part / of


def _after(duration: Duration, moment: datetime) -> datetime:
    return duration.after(moment.astimezone(HO_CHI_MINH)).astimezone(UTC)


def _days(within: int, with_recipients: int) -> Term:
    return Term(Duration(days=within), Duration(days=with_recipients), Duration(days=within))


_CEASE: Final = _days(15, 20)
_SHOW: Final = _days(10, 15)
_MONTH: Final = Term(Duration(months=1), Duration(months=1), Duration(months=2))
PROFILES: Final[Mapping[str, Deadlines]] = {
    "vietnam": Deadlines(
        2,
        {
            RequestKind.ACCESS: _SHOW,
            RequestKind.RECTIFICATION: _SHOW,
            RequestKind.ERASURE: _days(20, 30),
            RequestKind.RESTRICTION: _CEASE,
            RequestKind.OBJECTION: _CEASE,
            RequestKind.WITHDRAWAL: _CEASE,
        },
    ),
    "gdpr": Deadlines(2, dict.fromkeys(RequestKind, _MONTH)),
}
"""The terms by name. GDPR asks for no acknowledgement of its own; two working days are kept as a habit."""
