"""Whom an assignment serves, for which case, and until when."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.subjects.assignment import Assignment

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
STAFF, OTHER = UUID(int=1), UUID(int=2)


def assignment(case: str | None = "ticket-77", ended: datetime | None = None) -> Assignment:
    until = NOW + timedelta(days=1)
    return Assignment(UUID(int=3), UUID(int=4), STAFF, case, NOW, OTHER, until, ended)


@pytest.mark.parametrize(
    ("made", "caller", "case", "moment", "serves"),
    [
        (assignment(), STAFF, "ticket-77", NOW, True),
        (assignment(), STAFF, "ticket-78", NOW, False),
        (assignment(), STAFF, None, NOW, False),
        (assignment(), OTHER, "ticket-77", NOW, False),
        (assignment(None), STAFF, "ticket-78", NOW, True),
        (assignment(None), STAFF, None, NOW, True),
        (assignment(), STAFF, "ticket-77", NOW + timedelta(days=1), False),
        (assignment(), STAFF, "ticket-77", NOW + timedelta(hours=23, minutes=59), True),
        (assignment(ended=NOW), STAFF, "ticket-77", NOW, False),
        # Made by a process whose clock is a little ahead of the one that reads.
        (assignment(), STAFF, "ticket-77", NOW - timedelta(seconds=1), True),
    ],
)
def test_whom_it_serves(made, caller, case, moment, serves):
    assert made.serves(caller, case, moment) is serves
