from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.duration import Duration

_MOMENT = datetime(2024, 1, 31, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P24M", Duration(months=24)),
        ("P10Y", Duration(years=10)),
        ("P90D", Duration(days=90)),
        ("P0D", Duration()),
        ("P2W", Duration(days=14)),
        ("PT15M", Duration(seconds=900)),
        ("P1DT12H", Duration(days=1, seconds=43200)),
        ("P1Y2M3DT4H5M6S", Duration(1, 2, 3, 4 * 3600 + 5 * 60 + 6)),
    ],
)
def test_reads_iso_8601(text, expected):
    assert Duration.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1",
        "1D",
        "p1d",
        "P-1D",
        "-P1D",
        "P1.5D",
        "P1D ",
        "P1DT",
        "P1M1Y",
        "P1S",
        "PT1D",
        "P١D",
        "P1000Y",
        "P1D\n",
    ],
)
def test_refuses_everything_else_without_repeating_it(text):
    with pytest.raises(ValueError, match="not an ISO 8601 duration") as refused:
        Duration.parse(text)
    assert not text.strip() or text not in str(refused.value).split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P1M", datetime(2024, 2, 29, 10, 30, tzinfo=UTC)),
        ("P13M", datetime(2025, 2, 28, 10, 30, tzinfo=UTC)),
        ("P11M", datetime(2024, 12, 31, 10, 30, tzinfo=UTC)),
        ("P1Y", datetime(2025, 1, 31, 10, 30, tzinfo=UTC)),
        ("P1MT24H", datetime(2024, 3, 1, 10, 30, tzinfo=UTC)),
        ("P90D", datetime(2024, 4, 30, 10, 30, tzinfo=UTC)),
        ("P0D", _MOMENT),
    ],
)
def test_counts_months_on_the_calendar(text, expected):
    assert Duration.parse(text).after(_MOMENT) == expected


def test_a_leap_day_a_year_later_is_the_last_of_february():
    assert Duration(years=1).after(datetime(2024, 2, 29, tzinfo=UTC)) == datetime(2025, 2, 28, tzinfo=UTC)


_durations = st.builds(
    Duration,
    years=st.integers(0, 999),
    months=st.integers(0, 9999),
    days=st.integers(0, 99999),
    seconds=st.integers(0, 99999 * 3600),
)


@given(_durations)
def test_is_read_back_as_it_is_written(duration):
    assert Duration.parse(str(duration)) == duration


@pytest.mark.parametrize("text", ["P1W99999D", "PT99999H1S"])
def test_refuses_what_is_too_long_to_be_written_again(text):
    with pytest.raises(ValueError, match="too long"):
        Duration.parse(text)


@given(_durations, st.datetimes(max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  hypothesis adds the zone
def test_never_goes_back_and_never_overflows(duration, moment):
    assert duration.after(moment) >= moment
