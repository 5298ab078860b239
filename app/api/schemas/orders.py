"""What approved orders look like on the wire."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas.receipt import RECEIPT_EXAMPLE, ReceiptOut, receipt_json
from app.api.schemas.spelling import Body, DurationText, FieldName, Name, Reference, SubjectId
from app.approvals.approval import Order
from app.audit.log import Receipt
from app.kernel.clock import rfc3339
from app.kernel.duration import Duration
from app.kernel.ids import parse_id, text_of
from app.vault.request_order import OrderWanted

_SUBJECT: Final = "sub_01k9v3c8vyb8saf0m1g2h3j4k5"


class OrderIn(Body):
    """What is to be disclosed, why and of whom; 7 days when no time is given."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "purpose": "authority-request",
                    "case": "police/2026-0042",
                    "subjects": [_SUBJECT],
                    "fields": ["buyer.full_name", "buyer.address"],
                    "expires_in": "P7D",
                }
            ]
        },
    )

    purpose: Name
    case: Reference
    subjects: Annotated[list[SubjectId], Field(min_length=1, max_length=100)]
    fields: Annotated[list[FieldName], Field(min_length=1, max_length=100)]
    expires_in: DurationText = "P7D"

    def wanted(self) -> OrderWanted:
        """The body in the words of the vault."""
        subjects = [parse_id("sub", subject) for subject in self.subjects]
        return OrderWanted(self.purpose, self.case, subjects, self.fields, Duration.parse(self.expires_in))


class OrderOut(BaseModel):
    """An order as it stands."""

    id: str
    state: str
    purpose: str
    case: str
    subjects: list[str]
    fields: list[str]
    requested_by: str
    requested_at: str
    expires_at: str
    decided_by: str | None
    decided_at: str | None
    receipt: ReceiptOut | None = None


class OrdersOut(BaseModel):
    """Orders, newest first."""

    items: list[OrderOut]
    next: str | None


def order_json(order: Order, now: datetime, receipt: Receipt | None = None) -> dict[str, Any]:
    """An order, under the receipt of its change if there was one."""
    shown: dict[str, Any] = {
        "id": text_of("ord", order.id),
        "state": order.state_at(now).value,
        "purpose": order.purpose,
        "case": order.case,
        "subjects": [text_of("sub", subject) for subject in sorted(order.subjects)],
        "fields": sorted(order.fields),
        "requested_by": text_of("clr", order.requested_by),
        "requested_at": rfc3339(order.requested_at),
        "expires_at": rfc3339(order.expires_at),
        "decided_by": order.decided_by and text_of("clr", order.decided_by),
        "decided_at": order.decided_at and rfc3339(order.decided_at),
    }
    return shown if receipt is None else shown | {"receipt": receipt_json(receipt)}


_PENDING: Final[dict[str, Any]] = {
    "id": "ord_01k9v3c8w6b8sg9x3t1m80a3d5",
    "state": "pending",
    "purpose": "authority-request",
    "case": "police/2026-0042",
    "subjects": [_SUBJECT],
    "fields": ["buyer.address", "buyer.full_name"],
    "requested_by": "clr_01k9v3a1b3b8sd4e5f6g7h8j9k",
    "requested_at": "2026-11-22T08:00:00.000Z",
    "expires_at": "2026-11-29T08:00:00.000Z",
    "decided_by": None,
    "decided_at": None,
}
_RECEIPT: Final[dict[str, Any]] = RECEIPT_EXAMPLE | {"purpose": "authority-request", "clauses": {}}
_DECIDED: Final = {"decided_by": "clr_01k9v3a1b4b8se5f6g7h8j9k0m", "decided_at": "2026-11-22T09:00:00.000Z"}
ORDER_EXAMPLE: Final[dict[str, Any]] = _PENDING | {"receipt": _RECEIPT}
APPROVED_EXAMPLE: Final[dict[str, Any]] = ORDER_EXAMPLE | _DECIDED | {"state": "approved"}
REJECTED_EXAMPLE: Final[dict[str, Any]] = ORDER_EXAMPLE | _DECIDED | {"state": "rejected"}
ORDERS_EXAMPLE: Final[dict[str, Any]] = {"items": [_PENDING], "next": None}
