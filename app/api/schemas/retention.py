"""What the clock is about to erase, on the wire."""

from typing import Any, Final

from pydantic import BaseModel

from app.api.schemas.receipt import RECEIPT_EXAMPLE, ReceiptOut, receipt_json
from app.kernel.clock import rfc3339
from app.kernel.ids import text_of
from app.retention.find_due import DueRecord
from app.retention.preview import DuePage


class DueFieldOut(BaseModel):
    """One field: `purpose` kept it last, under `clause`; null where none did. `erase_at` is null while a hold stands."""

    due_at: str
    erase_at: str | None
    purpose: str | None
    clause: str | None


class DueRecordOut(BaseModel):
    """A record with those of its fields that fall due."""

    subject: str
    record: str
    collection: str
    held: bool
    fields: dict[str, DueFieldOut]


class DueOut(BaseModel):
    """A page of them."""

    items: list[DueRecordOut]
    next: str | None
    receipt: ReceiptOut


def due_record_json(due: DueRecord) -> dict[str, Any]:
    """A record of which something falls due."""
    return {
        "subject": text_of("sub", due.subject),
        "record": text_of("rec", due.id),
        "collection": due.collection,
        "held": due.held,
        "fields": {
            name: {
                "due_at": rfc3339(one.due_at),
                "erase_at": None if due.held else rfc3339(one.erase_at),
                "purpose": one.purpose,
                "clause": one.clause,
            }
            for name, one in due.fields.items()
        },
    }


def due_json(page: DuePage) -> dict[str, Any]:
    """The answer to a look ahead."""
    return {
        "items": [due_record_json(due) for due in page.items],
        "next": page.next and text_of("rec", page.next),
        "receipt": receipt_json(page.receipt),
    }


DUE_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "subject": "sub_01k9v3c8vyb8saf0m1g2h3j4k5",
            "record": "rec_01k9v3c8w0b8sb2m4n6p8q0r2s",
            "collection": "delivery",
            "held": False,
            "fields": {
                "phone": {
                    "due_at": "2028-11-22T08:00:00.000Z",
                    "erase_at": "2028-11-29T08:00:00.000Z",
                    "purpose": "order",
                    "clause": "trade",
                }
            },
        }
    ],
    "next": None,
    "receipt": RECEIPT_EXAMPLE | {"purpose": None, "clauses": {}},
}
