"""What keeps a field, under the reference notice and under one whose purposes end by themselves."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from app.notice.model import Basis
from app.notice.parse import parse
from app.notice.reference import reference_notice
from app.subjects.binding import Binding, Cause, State
from app.vault.keeping import is_open, keepers, owed
from tests.support.erasing import with_a_legal_duty
from tests.support.notices import changed

NOTICE = reference_notice()
OPENED = datetime(2024, 1, 31, 9, tzinfo=UTC)
CLOSED = datetime(2024, 2, 29, 9, tzinfo=UTC)
ENDS = parse(
    changed(
        (
            'basis  = "contract"\nkeep   = "P24M"',
            'basis  = "contract"\nkeep   = "P24M"\ncloses-after = "P1M"',
        )
    ).encode()
)


def binding(purpose: str, closed_at: datetime | None = None, opened_at: datetime = OPENED) -> Binding:
    return Binding(
        id=UUID(int=1),
        subject=UUID(int=2),
        record=UUID(int=3),
        purpose=purpose,
        basis="contract",
        opened_at=opened_at,
        state=State.CLOSED if closed_at else State.OPEN,
        closed_at=closed_at,
        closed_because=Cause.CALL if closed_at else None,
    )


def test_an_open_purpose_keeps_without_an_end():
    (keeper,) = keepers(NOTICE, "buyer", "email", [binding("order")])
    assert keeper.purpose == "order"
    assert keeper.clause == "trade"
    assert keeper.basis is Basis.CONTRACT
    assert keeper.until is None


def test_a_closed_purpose_keeps_for_its_time_on_the_calendar():
    (keeper,) = keepers(NOTICE, "buyer", "email", [binding("payment", CLOSED)])
    assert keeper.until == datetime(2034, 2, 28, 9, tzinfo=UTC)


def test_a_consent_that_is_withdrawn_keeps_no_longer():
    (keeper,) = keepers(NOTICE, "buyer", "gender", [binding("market-research", CLOSED)])
    assert keeper.until == CLOSED


def test_what_an_erasure_has_ended_keeps_no_longer():
    ended = replace(binding("payment", CLOSED), closed_because=Cause.ERASURE)
    assert [k.until for k in keepers(NOTICE, "buyer", "email", [ended])] == [CLOSED]


def test_only_purposes_that_cover_the_field_keep_it():
    given = [binding("delivery"), binding("account"), binding("payment", CLOSED)]
    assert [k.purpose for k in keepers(NOTICE, "buyer", "email", given)] == ["account", "payment"]
    assert [k.purpose for k in keepers(NOTICE, "delivery", "phone", given)] == ["delivery"]
    assert keepers(NOTICE, "buyer", "national_id", given) == []


def test_a_purpose_that_the_notice_does_not_know_any_more_keeps_nothing():
    assert keepers(NOTICE, "buyer", "email", [binding("loyalty")]) == []


def test_each_binding_counts_for_itself():
    given = [binding("order", CLOSED), binding("order")]
    assert [k.until for k in keepers(NOTICE, "buyer", "email", given)] == [
        datetime(2026, 2, 28, 9, tzinfo=UTC),
        None,
    ]


def test_a_purpose_that_ends_by_itself_keeps_from_its_end_on():
    (keeper,) = keepers(ENDS, "buyer", "email", [binding("order")])
    assert keeper.until == datetime(2026, 2, 28, 9, tzinfo=UTC)  # 29 February 2024, and 24 months


def test_closing_a_purpose_after_it_has_ended_by_itself_prolongs_nothing():
    late, early = datetime(2025, 6, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC)
    assert [k.until for k in keepers(ENDS, "buyer", "email", [binding("order", late)])] == [
        datetime(2026, 2, 28, 9, tzinfo=UTC)
    ]
    assert [k.until for k in keepers(ENDS, "buyer", "email", [binding("order", early)])] == [
        datetime(2026, 2, 1, tzinfo=UTC)
    ]


def test_a_purpose_is_open_until_somebody_closes_it_or_it_ends_by_itself():
    for notice, now, opened in (
        (NOTICE, datetime(2034, 1, 1, tzinfo=UTC), True),
        (ENDS, datetime(2024, 2, 29, 8, tzinfo=UTC), True),
        (ENDS, datetime(2024, 2, 29, 9, tzinfo=UTC), False),
    ):
        assert is_open(notice.purposes["order"], binding("order"), now) is opened
    assert is_open(NOTICE.purposes["order"], binding("order", CLOSED), OPENED) is False


def test_a_legal_duty_is_owed_until_its_time_has_passed_and_nothing_else_is():
    notice = parse(with_a_legal_duty("P30D").encode())
    last, over = datetime(2024, 3, 30, 8, tzinfo=UTC), datetime(2024, 3, 30, 9, tzinfo=UTC)
    bindings = [binding("order"), binding("invoice", CLOSED)]
    assert [one.purpose for one in owed(notice, "buyer", "full_name", bindings, last)] == ["invoice"]
    assert owed(notice, "buyer", "full_name", bindings, over) == []
    assert owed(notice, "buyer", "phone", bindings, last) == []
