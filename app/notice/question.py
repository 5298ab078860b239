"""The words of a decision: what is asked, under which circumstances, and what is answered.

Values only. `table` prepares the answers, `decide` picks them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.notice.model import BindingState, Channel, Condition, Form


class Reason(StrEnum):
    """Why a field came out as it did: the codes of answers and events, in the order of consideration."""

    UNKNOWN_PURPOSE = "unknown-purpose"
    FORBIDDEN_PURPOSE = "forbidden-purpose"
    NOT_GRANTED = "not-granted"
    RESTRICTED = "restricted"
    PURPOSE_NOT_OPEN = "purpose-not-open"
    NEEDS_ASSIGNED = "needs-assigned"
    NEEDS_CASE = "needs-case"
    NEEDS_APPROVED = "needs-approved"
    NEEDS_OWN = "needs-own"
    GRANTED = "granted"


class Outcome(StrEnum):
    """The answer as a whole: every asked field in some form, some of them, none."""

    ALLOWED = "allowed"
    PARTIAL = "partial"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Standing:
    """How the record stands: the purpose's binding on it, and what the customer or the law has laid on it."""

    binding: BindingState
    restricted: bool = False
    held: bool = False
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Which of the conditions hold for this call."""

    assigned: bool = False
    case: bool = False
    approved: bool = False
    own: bool = False

    @property
    def bits(self) -> int:
        """The conditions that hold, as a number from 0 to 15 (`condition_bits` of the same conditions)."""
        return self.assigned | self.case << 1 | self.approved << 2 | self.own << 3

    @classmethod
    def of(cls, conditions: frozenset[Condition]) -> "Circumstances":
        """The circumstances in which exactly these conditions hold."""
        return cls(**{condition.value: True for condition in conditions})


@dataclass(frozen=True, slots=True)
class Question:
    """One request to read, as the policy sees it; `asked` lowers the forms that are granted."""

    roles: frozenset[str]
    purpose: str
    collection: str
    fields: tuple[str, ...]
    channel: Channel
    standing: Standing
    circumstances: Circumstances
    asked: Form | None = None


@dataclass(frozen=True, slots=True)
class FieldDecision:
    """The form of one field, the clause that says so (the grant's; the purpose's when withheld), and why."""

    form: Form
    clause: str | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a question: asked field → its decision, and the whole."""

    outcome: Outcome
    fields: Mapping[str, FieldDecision]
