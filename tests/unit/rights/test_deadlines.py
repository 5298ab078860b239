"""By when a request is due, and when a warning falls: the decree's terms, the regulation's, and an operator's own."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rights.deadline import PROFILES, DueWarning, RequestKind, falls, warning
from app.settings.deadlines import DeadlineSettings
from app.wiring.requests import deadlines_of

RECEIVED = datetime(2026, 11, 22, 8, tzinfo=UTC)
DECREE = {
    "access": (10, 15, 10),
    "rectification": (10, 15, 10),
    "erasure": (20, 30, 20),
    "restriction": (15, 20, 15),
    "objection": (15, 20, 15),
    "withdrawal": (15, 20, 15),
}
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds the zone


@pytest.mark.parametrize("kind", RequestKind)
def test_the_terms_of_the_decree(kind: RequestKind) -> None:
    terms = PROFILES["vietnam"]
    alone, together, more = DECREE[kind]
    dates = terms.dates(kind, RECEIVED, recipients_involved=False)
    assert dates.due_at == RECEIVED + timedelta(days=alone)
    assert dates.acknowledge_by == datetime(2026, 11, 24, 17, tzinfo=UTC)  # the end of Tuesday in Vietnam
    assert dates.holidays_known
    assert terms.dates(kind, RECEIVED, recipients_involved=True).due_at == RECEIVED + timedelta(days=together)
    assert terms.extended(kind, dates.due_at) == dates.due_at + timedelta(days=more)


def test_a_month_of_the_regulation_is_counted_on_vietnams_calendar() -> None:
    terms = PROFILES["gdpr"]
    # 30 January 20:00 UTC is the 31st in Vietnam; February ends it.
    received = datetime(2027, 1, 30, 20, tzinfo=UTC)
    due_at = terms.dates(RequestKind.ERASURE, received, recipients_involved=True).due_at
    assert due_at == datetime(2027, 2, 27, 20, tzinfo=UTC)
    assert terms.extended(RequestKind.ERASURE, due_at) == datetime(2027, 4, 27, 20, tzinfo=UTC)


def test_an_operators_terms_go_over_the_profile() -> None:
    written = {
        "profile": "gdpr",
        "acknowledge_working_days": 1,
        "terms": {"access": {"within": "P7D"}},
        "days_off": ["2026-11-23"],
    }
    terms = deadlines_of(DeadlineSettings.model_validate(written))
    dates = terms.dates(RequestKind.ACCESS, RECEIVED, recipients_involved=False)
    assert dates.due_at == RECEIVED + timedelta(days=7)
    assert dates.acknowledge_by == datetime(2026, 11, 24, 17, tzinfo=UTC)
    others = terms.dates(RequestKind.ACCESS, RECEIVED, recipients_involved=True)
    assert others.due_at == datetime(2026, 12, 22, 8, tzinfo=UTC)


def test_a_warning_falls_at_half_at_four_fifths_and_at_the_end() -> None:
    due_at = RECEIVED + timedelta(days=10)
    moment = timedelta(microseconds=1)
    expected = {0: DueWarning.NONE, 5: DueWarning.HALF, 8: DueWarning.FOUR_FIFTHS, 10: DueWarning.OVERDUE}
    for (_, before), (days, word) in pairwise(expected.items()):
        falls_at = RECEIVED + timedelta(days=days)
        assert falls(word, RECEIVED, due_at) == falls_at
        assert warning(RECEIVED, due_at, falls_at - moment) is before
        assert warning(RECEIVED, due_at, falls_at) is word
    assert warning(RECEIVED, due_at, RECEIVED - moment) is DueWarning.NONE


@given(MOMENTS, st.sampled_from(RequestKind), st.booleans())
def test_deadlines_lie_after_the_receipt_and_warnings_between(
    received: datetime, kind: RequestKind, recipients_involved: bool
) -> None:
    for terms in PROFILES.values():
        dates = terms.dates(kind, received, recipients_involved=recipients_involved)
        assert received + timedelta(days=1) < dates.acknowledge_by <= received + timedelta(days=14)
        assert dates.holidays_known is (
            (received + timedelta(hours=7)).year >= 2025
            and (dates.acknowledge_by + timedelta(hours=7)).year <= 2035
        )
        order = [falls(word, received, dates.due_at) for word in DueWarning]
        assert order == sorted(order)
        assert order[0] == received
        assert order[-1] == dates.due_at
        assert terms.extended(kind, dates.due_at) > dates.due_at
