"""Approved disclosures: one person asks for an order, another decides; who reads under it names it (`order=`)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from kin_client.answer import Model, Receipt, parsed
from kin_client.operation import Operation, Page, Pages, get, post
from kin_client.spelling import check_id, iso_8601


class Order(Model):
    """An order as it stands: `pending`, `approved`, `rejected` or `expired`. It has a receipt when a call changed it."""

    id: str
    state: str
    purpose: str
    case: str
    subjects: tuple[str, ...]
    fields: tuple[str, ...]
    requested_by: str
    requested_at: datetime
    expires_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    receipt: Receipt | None = None


class _OrderPage(Model):
    items: tuple[Order, ...]
    next: str | None = None


def request_order(
    *,
    purpose: str,
    case: str,
    subjects: Sequence[str],
    fields: Sequence[str],
    expires_in: timedelta | None = None,
) -> Operation[Order]:
    """Ask for a disclosure that somebody else must approve. Fields are named with their collection: `buyer.full_name`."""
    document: dict[str, Any] = {
        "purpose": purpose,
        "case": case,
        "subjects": [check_id("sub", subject) for subject in subjects],
        "fields": list(fields),
    }
    if expires_in is not None:
        document["expires_in"] = iso_8601(expires_in)
    return parsed(Order, (yield post("/v1/orders", document)))


def approve_order(order: str) -> Operation[Order]:
    """Approve somebody else's order. Raises `Conflict` for one's own, and when it was decided before."""
    return parsed(Order, (yield post(f"/v1/orders/{check_id('ord', order)}/approve")))


def reject_order(order: str) -> Operation[Order]:
    """Reject somebody else's order."""
    return parsed(Order, (yield post(f"/v1/orders/{check_id('ord', order)}/reject")))


def list_orders(state: str | None = None, *, page_size: int = 50) -> Pages[Order]:
    """All orders, or those in one state, newest first, fetched as they are needed."""

    def fetch(cursor: str | None) -> Operation[Page[Order]]:
        params = {"state": state, "limit": str(page_size), "cursor": cursor}
        page = parsed(_OrderPage, (yield get("/v1/orders", params)))
        return Page(page.items, page.next)

    return Pages(fetch)
