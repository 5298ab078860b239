"""What legal holds and assignments look like on the wire."""

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from app.api.schemas.receipt import RECEIPT_EXAMPLE, ReceiptOut, receipt_json
from app.api.schemas.spelling import Body, CallerId, Moment, Reference, SubjectId, Words
from app.audit.log import Receipt
from app.kernel.clock import rfc3339
from app.kernel.ids import text_of
from app.subjects.assignment import Assignment
from app.subjects.place_hold import HoldChange

_SUBJECT: Final = "sub_01k9v3c8vyb8saf0m1g2h3j4k5"
_CALLER: Final = "clr_01k9v3a1b2b8sc3d4e5f6g7h8j"


class HoldIn(Body):
    """A hold to place."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"subject": _SUBJECT, "case": "court/2026-118", "reason": "tranh chấp đơn hàng"}]
        },
    )

    subject: SubjectId
    case: Reference
    reason: Words


class HoldOut(BaseModel):
    """A hold."""

    id: str
    subject: str
    case: str
    state: str
    receipt: ReceiptOut


class EndAssignmentIn(Body):
    """Which assignments to end: of a caller to a person, for one case or for all. `until` may stand there and says nothing."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"caller": _CALLER, "subject": _SUBJECT, "case": "ticket-77"}]},
    )

    caller: CallerId
    subject: SubjectId
    case: Reference | None = None
    until: Moment | None = None


class AssignmentIn(EndAssignmentIn):
    """Who is to look after whom, until when; for one case, or for all when none is named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "caller": _CALLER,
                    "subject": _SUBJECT,
                    "case": "ticket-77",
                    "until": "2026-11-29T08:00:00Z",
                }
            ]
        },
    )

    until: Moment


class AssignmentOut(BaseModel):
    """An assignment."""

    id: str
    caller: str
    subject: str
    case: str | None
    until: str
    receipt: ReceiptOut


class EndedOut(BaseModel):
    """How many there were to end."""

    ended: int
    receipt: ReceiptOut


def hold_json(change: HoldChange, state: str) -> dict[str, Any]:
    """The answer to a change of a hold."""
    return {
        "id": text_of("hld", change.hold),
        "subject": text_of("sub", change.subject),
        "case": change.case,
        "state": state,
        "receipt": receipt_json(change.receipt),
    }


def assignment_json(made: Assignment, receipt: Receipt) -> dict[str, Any]:
    """The answer to an assignment."""
    return {
        "id": text_of("asg", made.id),
        "caller": text_of("clr", made.caller),
        "subject": text_of("sub", made.subject),
        "case": made.case,
        "until": rfc3339(made.until),
        "receipt": receipt_json(receipt),
    }


_RECEIPT: Final[dict[str, Any]] = RECEIPT_EXAMPLE | {"purpose": None, "clauses": {}}
HOLD_EXAMPLE: Final[dict[str, Any]] = {
    "id": "hld_01k9v3c8w4b8se7v1r9j6y81b3",
    "subject": _SUBJECT,
    "case": "court/2026-118",
    "state": "placed",
    "receipt": _RECEIPT,
}
RELEASED_EXAMPLE: Final[dict[str, Any]] = HOLD_EXAMPLE | {"state": "released"}
ASSIGNMENT_EXAMPLE: Final[dict[str, Any]] = {
    "id": "asg_01k9v3c8w5b8sf8w2s0k7z92c4",
    "caller": _CALLER,
    "subject": _SUBJECT,
    "case": "ticket-77",
    "until": "2026-11-29T08:00:00.000Z",
    "receipt": _RECEIPT,
}
ENDED_EXAMPLE: Final[dict[str, Any]] = {"ended": 1, "receipt": _RECEIPT}
