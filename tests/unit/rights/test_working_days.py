"""Vietnam's working days: the lunar table against the moon, holidays against what was announced, and what is not known."""

import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from app.rights.working_days import (
    FIRST_YEAR,
    HO_CHI_MINH,
    LAST_YEAR,
    Calendar,
    lunar_days,
    public_holidays,
)

YEARS = range(FIRST_YEAR, LAST_YEAR + 1)


def new_moon(lunation: int) -> date:
    """The day in Vietnam of a new moon, counted from 6 January 2000 (Meeus, Astronomical Algorithms, ch. 49; ΔT of 70 s)."""
    century = lunation / 1236.85
    sun = math.radians(2.5534 + 29.10535670 * lunation)
    moon = math.radians(201.5643 + 385.81693528 * lunation + 0.0107582 * century**2)
    latitude = math.radians(160.7108 + 390.67050284 * lunation)
    node = math.radians(124.7746 - 1.56375588 * lunation)
    e = 1 - 0.002516 * century
    days = 2451550.09766 + 29.530588861 * lunation + 0.00015437 * century**2
    terms = (
        (-0.40720, moon),
        (0.17241 * e, sun),
        (0.01608, 2 * moon),
        (0.01039, 2 * latitude),
        (0.00739 * e, moon - sun),
        (-0.00514 * e, moon + sun),
        (0.00208 * e**2, 2 * sun),
        (-0.00111, moon - 2 * latitude),
        (-0.00057, moon + 2 * latitude),
        (0.00056 * e, 2 * moon + sun),
        (-0.00042, 3 * moon),
        (0.00042 * e, sun + 2 * latitude),
        (0.00038 * e, sun - 2 * latitude),
        (-0.00024 * e, 2 * moon - sun),
        (-0.00017, node),
    )
    days += sum(size * math.sin(angle) for size, angle in terms)
    noon = datetime(2000, 1, 1, 12, tzinfo=UTC)
    return (noon + timedelta(days=days - 2451545, seconds=-70)).astimezone(HO_CHI_MINH).date()


MOONS = [new_moon(lunation) for lunation in range(300, 460)]


@pytest.mark.parametrize("year", YEARS)
def test_tet_is_a_new_moon_and_the_hung_kings_day_the_tenth_after_the_second_next(year: int) -> None:
    tet, hung_kings = lunar_days(year)
    assert date(year, 1, 20) <= tet <= date(year, 2, 20)
    place = MOONS.index(tet)
    assert hung_kings == MOONS[place + 2] + timedelta(days=9)


def test_lunar_years_follow_each_other_without_a_gap() -> None:
    starts = [MOONS.index(lunar_days(year)[0]) for year in YEARS]
    months = [after - before for before, after in pairwise(starts)]
    assert set(months) == {12, 13}
    # A leap month every two or three years: 2025, 2028, 2031, 2033.
    assert [year for year, count in zip(YEARS, months, strict=False) if count == 13] == [
        2025,
        2028,
        2031,
        2033,
    ]


def test_the_holidays_of_2025_and_2026_are_those_announced() -> None:
    announced = {
        2025: "01-01 01-27 01-28 01-29 01-30 01-31 04-07 04-30 05-01 09-01 09-02",
        # 26 April is a Sunday, made up for on Monday.
        2026: "01-01 02-16 02-17 02-18 02-19 02-20 04-26 04-27 04-30 05-01 09-01 09-02",
    }
    for year, days in announced.items():
        assert public_holidays(year) == {date.fromisoformat(f"{year}-{day}") for day in days.split()}


def test_holidays_on_a_weekend_are_made_up_for_one_after_the_other() -> None:
    # 2033: 30 April is a Saturday, 1 May a Sunday.
    assert {date(2033, 5, 2), date(2033, 5, 3)} <= public_holidays(2033)
    assert date(2033, 5, 4) not in public_holidays(2033)


def test_a_year_without_a_table_has_its_solar_holidays_and_says_so() -> None:
    year = LAST_YEAR + 1
    assert {(day.month, day.day) for day in public_holidays(year)} == {(1, 1), (4, 30), (5, 1), (9, 2)}
    calendar, moment = Calendar(), datetime(LAST_YEAR, 12, 30, tzinfo=UTC)
    assert calendar.covers(moment, moment)
    assert not calendar.covers(moment, calendar.end_of(moment, 2))


@pytest.mark.parametrize(
    ("received", "ends"),
    [
        ("2026-11-16T09:00+07:00", "2026-11-18"),  # a Monday
        ("2026-11-19T23:59+07:00", "2026-11-23"),  # a Thursday: Friday, Monday
        ("2026-11-20T09:00+07:00", "2026-11-24"),
        ("2026-11-21T09:00+07:00", "2026-11-24"),  # a Saturday is not counted, nor is Sunday
        ("2026-02-13T09:00+07:00", "2026-02-24"),  # the Friday before Tết
        ("2025-12-31T16:59+00:00", "2026-01-05"),  # still Wednesday in Vietnam: Friday, Monday
        ("2025-12-31T17:00+00:00", "2026-01-05"),  # New Year's Day there
    ],
)
def test_two_working_days_end_with_the_second_after_the_receipt(received: str, ends: str) -> None:
    found = Calendar().end_of(datetime.fromisoformat(received), 2)
    midnight = datetime.combine(date.fromisoformat(ends), datetime.min.time(), HO_CHI_MINH)
    assert found == midnight + timedelta(days=1)


def test_what_the_operator_says_goes_before_the_rules() -> None:
    swapped = Calendar(frozenset({date(2026, 8, 31)}), frozenset({date(2026, 8, 22), date(2026, 9, 1)}))
    assert [swapped.works(date(2026, 8, day)) for day in (21, 22, 23, 28, 31)] == [
        True,
        True,
        False,
        True,
        False,
    ]
    assert swapped.works(date(2026, 9, 1))
    assert not swapped.works(date(2026, 9, 2))
