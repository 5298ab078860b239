"""Legal holds, which keep a person's data from erasure, and assignments, which tie staff to customers for a time."""

from datetime import datetime
from typing import Any

from kin_client.answer import Model, Receipt, parsed
from kin_client.operation import Operation, post, with_body
from kin_client.spelling import check_id, rfc3339


class Hold(Model):
    """A hold, `placed` or `released`."""

    id: str
    subject: str
    case: str
    state: str
    receipt: Receipt


class Assignment(Model):
    """Who looks after whom, until when; for one case, or for all."""

    id: str
    caller: str
    subject: str
    case: str | None = None
    until: datetime
    receipt: Receipt


class EndedAssignments(Model):
    """How many there were to end."""

    ended: int
    receipt: Receipt


def place_hold(subject: str, *, case: str, reason: str) -> Operation[Hold]:
    """Place a legal hold: nothing of the person is erased while it stands."""
    document = {"subject": check_id("sub", subject), "case": case, "reason": reason}
    return parsed(Hold, (yield post("/v1/holds", document)))


def release_hold(hold: str) -> Operation[Hold]:
    """Release a legal hold. Raises `Conflict` when it was released before."""
    return parsed(Hold, (yield post(f"/v1/holds/{check_id('hld', hold)}/release")))


def assign(caller: str, subject: str, *, until: datetime, case: str | None = None) -> Operation[Assignment]:
    """Assign a caller to a person until a time, for one case or for all."""
    document = _assignment(caller, subject, case) | {"until": rfc3339(until)}
    return parsed(Assignment, (yield post("/v1/assignments", document)))


def end_assignments(caller: str, subject: str, *, case: str | None = None) -> Operation[EndedAssignments]:
    """End a caller's assignments to a person, of one case or of all."""
    document = _assignment(caller, subject, case)
    return parsed(EndedAssignments, (yield with_body("DELETE", "/v1/assignments", document)))


def _assignment(caller: str, subject: str, case: str | None) -> dict[str, Any]:
    named = {"caller": check_id("clr", caller), "subject": check_id("sub", subject)}
    return named if case is None else {**named, "case": case}
