"""What an order opens: exactly what was approved, by time and by state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.approvals.approval import TRANSITIONS, Order, State, Step

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
PERSON, STRANGER = UUID(int=1), UUID(int=2)
FIELDS = frozenset({"buyer.full_name", "buyer.address"})
APPROVED = Order(
    id=UUID(int=3),
    purpose="authority-request",
    case="police/42",
    subjects=frozenset({PERSON}),
    fields=FIELDS,
    requested_by=UUID(int=4),
    requested_at=NOW,
    expires_at=NOW + timedelta(days=7),
    state=State.APPROVED,
)


def test_an_approved_order_opens_its_fields_until_it_expires():
    assert APPROVED.opens(PERSON, "authority-request", "police/42", NOW) == FIELDS
    assert APPROVED.opens(PERSON, "authority-request", "police/42", APPROVED.expires_at) == frozenset()


@pytest.mark.parametrize(
    ("subject", "purpose", "case"),
    [
        (STRANGER, "authority-request", "police/42"),
        (PERSON, "legal-claim", "police/42"),
        (PERSON, "authority-request", "police/43"),
        (PERSON, "authority-request", None),
    ],
)
def test_it_opens_nothing_for_another_call(subject, purpose, case):
    assert APPROVED.opens(subject, purpose, case, NOW) == frozenset()


@pytest.mark.parametrize("state", [State.PENDING, State.REJECTED, State.EXPIRED])
def test_only_an_approved_one_opens_anything(state):
    order = replace(APPROVED, state=state)
    assert order.opens(PERSON, "authority-request", "police/42", NOW) == frozenset()


def test_time_ends_what_is_pending_or_approved_and_leaves_a_rejection():
    after = APPROVED.expires_at
    states = {state: replace(APPROVED, state=state).state_at(after) for state in State}
    assert states == {
        State.PENDING: State.EXPIRED,
        State.APPROVED: State.EXPIRED,
        State.REJECTED: State.REJECTED,
        State.EXPIRED: State.EXPIRED,
    }


def test_a_decision_is_made_once():
    deciding = {Step.APPROVE, Step.REJECT}
    assert [state for state, steps in TRANSITIONS.items() if deciding & set(steps)] == [State.PENDING]
