"""Bindings: for which purposes a record is open. What no open purpose covers any more begins to fall due for erasure."""

from kin_client.answer import Model, Receipt, parsed
from kin_client.operation import Operation, post
from kin_client.spelling import check_id


class BindingState(Model):
    """A purpose on a record, and whether it is open."""

    id: str
    record: str
    purpose: str
    state: str


class OpenedBinding(BindingState):
    """A purpose opened on a record."""

    receipt: Receipt


class ClosedBindings(Model):
    """The bindings that a call has closed; those that were closed before are not among them."""

    closed: tuple[BindingState, ...]
    receipt: Receipt


def open_binding(record: str, *, purpose: str, ref: str | None = None) -> Operation[OpenedBinding]:
    """Open a purpose on a record, under the shop's own reference such as an order number."""
    document = {"purpose": purpose} if ref is None else {"purpose": purpose, "ref": ref}
    return parsed(OpenedBinding, (yield post(f"/v1/records/{check_id('rec', record)}/bindings", document)))


def close_binding(binding: str, *, reason: str) -> Operation[ClosedBindings]:
    """Close one purpose on one record."""
    document = {"id": check_id("bnd", binding), "reason": reason}
    return parsed(ClosedBindings, (yield post("/v1/bindings/close", document)))


def close_bindings(*, purpose: str, ref: str, reason: str) -> Operation[ClosedBindings]:
    """Close a purpose on all records that have it open under this reference: the order is done."""
    document = {"purpose": purpose, "ref": ref, "reason": reason}
    return parsed(ClosedBindings, (yield post("/v1/bindings/close", document)))
