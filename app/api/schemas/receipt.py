"""The receipt under every answer: which event, which notice, which clauses."""

from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel

from app.audit.event import Outcome
from app.audit.log import Receipt
from app.kernel.ids import text_of


class NoticeOut(BaseModel):
    """Which notice decided."""

    id: str
    version: int
    digest: str


class ReceiptOut(BaseModel):
    """Proof that an event is on record."""

    event: str
    outcome: str
    purpose: str | None = None
    notice: NoticeOut
    clauses: dict[str, str]


class BatchReceiptOut(BaseModel):
    """Proof that each item's event is on record; `events` in the order of the items that have one."""

    events: list[str]
    outcome: str
    purpose: str | None


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """The receipt as the API writes it."""
    event, notice = receipt.event, receipt.event.notice
    return {
        "event": text_of("evt", event.id),
        "outcome": event.outcome.value,
        "purpose": event.purpose,
        "notice": notice and {"id": notice.id, "version": notice.version, "digest": notice.digest},
        "clauses": dict(receipt.clauses),
    }


def batch_receipt_json(purpose: str | None, receipts: Sequence[Receipt]) -> dict[str, Any]:
    """The receipt of a batch: each item's event in order, and how they went together."""
    outcomes = {receipt.event.outcome for receipt in receipts}
    return {
        "events": [text_of("evt", receipt.event.id) for receipt in receipts],
        "outcome": outcomes.pop().value if len(outcomes) == 1 else Outcome.PARTIAL.value,
        "purpose": purpose,
    }


RECEIPT_EXAMPLE: Final[dict[str, Any]] = {
    "event": "evt_01k9v3c8w0b8sa3q7m5e2t4x6z",
    "outcome": "allowed",
    "purpose": "order",
    "notice": {"id": "shop", "version": 1, "digest": "sha256:9f2c…"},
    "clauses": {"recipient": "trade", "phone": "trade", "address": "trade"},
}
