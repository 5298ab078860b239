"""When fields fall due: single cases, and ten years of them against a reading of the notice day by day."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.duration import Duration
from app.notice.parse import parse
from app.notice.reference import reference_notice
from app.retention.due import Due, Rule, due, ended_before
from app.subjects.binding import Binding, Cause, State
from tests.support.naive_notice import GRACE, TOML, covers, kept_until
from tests.support.notices import changed

STORED = datetime(2020, 2, 1, tzinfo=UTC)
RULE = Rule(reference_notice(), STORED)
DAY = timedelta(days=1)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def binding(purpose: str, opened: datetime = STORED, closed: datetime | None = None) -> Binding:
    return Binding(
        id=UUID(int=1),
        subject=UUID(int=2),
        record=UUID(int=3),
        purpose=purpose,
        basis="",
        opened_at=opened,
        state=State.CLOSED if closed else State.OPEN,
        closed_at=closed,
        closed_because=Cause.CALL if closed else None,
    )


def field_due(field: str, *bindings: Binding, rule: Rule = RULE) -> Due | None:
    collection, _, name = field.partition(".")
    return due(rule, collection, name, bindings, STORED)


def test_a_field_with_an_open_purpose_is_not_due():
    closed = binding("delivery", closed=day("2020-03-01"))
    assert field_due("delivery.phone", closed, binding("order")) is None


def test_the_purpose_that_keeps_longest_decides_and_is_named():
    order, payment = binding("order", closed=day("2020-03-01")), binding("payment", closed=day("2020-03-02"))
    assert field_due("buyer.email", order, payment) == Due(
        day("2030-03-02"), day("2030-03-09"), "payment", "third-parties"
    )
    assert field_due("buyer.email", order) == Due(day("2022-03-01"), day("2022-03-08"), "order", "trade")


def test_each_field_falls_due_for_itself():
    order = binding("order", closed=day("2020-03-01"))
    research = binding("market-research", closed=day("2020-03-01"))
    gender, email = field_due("buyer.gender", order, research), field_due("buyer.email", order, research)
    assert gender == Due(day("2020-03-01"), day("2020-03-08"), "market-research", "research")
    assert email
    assert email.due_at == day("2022-03-01")


def test_a_field_that_no_purpose_covers_is_due_under_the_clause_of_retention():
    assert field_due("buyer.national_id", binding("order")) == Due(STORED, day("2020-02-08"), None, "keeping")


def test_a_new_notice_that_keeps_shorter_erases_a_grace_after_its_activation():
    shorter = parse(changed(('basis  = "contract"\nkeep   = "P24M"', 'basis  = "contract"\nkeep   = "P30D"')))
    rule = Rule(shorter, day("2021-01-01"))
    assert field_due("buyer.email", binding("order", closed=day("2020-03-01")), rule=rule) == Due(
        day("2020-03-31"), day("2021-01-08"), "order", "trade"
    )


def test_a_new_notice_that_covers_a_field_no_more_makes_it_due_from_its_activation():
    without = parse(
        changed(('covers = ["account.*", "buyer.email", "buyer.phone"]', 'covers = ["account.*"]'))
    )
    rule = Rule(without, day("2021-01-01"))
    assert field_due("buyer.email", binding("account"), rule=rule) == Due(
        day("2021-01-01"), day("2021-01-08"), None, "keeping"
    )


def test_a_purpose_that_ends_by_itself_falls_due_though_its_binding_is_open():
    ends = changed(('covers = ["account.*",', 'closes-after = "P1Y"\ncovers = ["account.*",'))
    found = field_due("account.username", binding("account"), rule=Rule(parse(ends), STORED))
    assert found == Due(day("2021-03-03"), day("2021-03-10"), "account", "account")


# ------------------------------------------------------------------------------------------------- against a naive reading


def naive_erasure(field: str, bindings: list[Binding], activated: date) -> date | None:
    """The first day since the activation on which nothing has kept the field for the grace; None while a purpose is open."""
    mine = [b for b in bindings if covers(b.purpose, field)]
    if any(b.closed_at is None for b in mine):
        return None
    kept = [kept_until(b.purpose, b.closed_at.date()) for b in mine if b.closed_at]
    today, free = max(activated, STORED.date()), 0
    while True:
        free = 0 if any(today < end for end in kept) else free + 1
        if free > GRACE:
            return today
        today += DAY


PURPOSES = [name for name, purpose in TOML["purposes"].items() if "covers" in purpose]
FIELDS = [f"{name}.{field}" for name, held in TOML["collections"].items() for field in held["fields"]]
_days = st.integers(0, 3650).map(lambda n: STORED + n * DAY)


@st.composite
def _bindings(draw):
    opened, length = draw(_days), draw(st.none() | st.integers(0, 3650))
    return binding(draw(st.sampled_from(PURPOSES)), opened, None if length is None else opened + length * DAY)


@given(st.sampled_from(FIELDS), st.lists(_bindings(), max_size=6), _days)
def test_ten_years_agree_with_a_reading_day_by_day(field, bindings, activated):
    found = field_due(field, *bindings, rule=Rule(reference_notice(), activated))
    expected = naive_erasure(field, bindings, activated.date())
    assert (found and found.erase_at.date()) == expected
    if found and found.purpose:
        assert covers(found.purpose, field)
        assert found.clause == TOML["purposes"][found.purpose]["clause"]


@given(st.sampled_from(FIELDS), _bindings(), _days, st.integers(0, 400))
def test_the_first_look_passes_over_nothing_that_is_due(field, one, later, days):
    moment = later + days * DAY
    found = field_due(field, one)
    closed_after, opened_after = ended_before(RULE, RULE.notice.purposes[one.purpose], moment)
    keeps = covers(one.purpose, field) and (one.closed_at is None or one.closed_at > closed_after)
    assert opened_after is None
    if found and found.erase_at <= moment:
        assert not keeps


ENDS = Rule(
    parse(changed(('covers = ["account.*",', 'closes-after = "P14M"\ncovers = ["account.*",'))), STORED
)


@given(_days, st.none() | st.integers(0, 900), st.integers(0, 3650))
def test_the_first_look_knows_what_ends_by_itself(opened, length, later):
    one = binding("account", opened, None if length is None else opened + length * DAY)
    moment = opened + later * DAY
    found = field_due("account.username", one, rule=ENDS)
    closed_after, opened_after = ended_before(ENDS, ENDS.notice.purposes["account"], moment)
    assert opened_after
    keeps = (one.closed_at is None or one.closed_at > closed_after) and one.opened_at > opened_after
    assert found
    if found.erase_at <= moment:
        assert not keeps


@given(st.integers(0, 30), st.integers(0, 40), st.integers(0, 90), _days)
def test_no_moment_is_nearer_than_the_shortest(years, months, days, moment):
    length = Duration(years=years, months=months, days=days)
    assert length.after(moment) - moment >= length.shortest


@pytest.mark.parametrize(
    ("text", "expected"), [("P24M", 730), ("P10Y", 3650), ("P1M", 28), ("P90D", 90), ("P14M", 421)]
)
def test_the_shortest_of_calendar_durations(text, expected):
    assert Duration.parse(text).shortest == expected * DAY
