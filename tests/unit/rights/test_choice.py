"""What a request takes and what a legal duty keeps from it, against a reading of the same words that shares nothing with it."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

from app.notice.parse import parse
from app.rights.choice import HeldPerson, Kept, on_hold, on_request
from app.subjects.binding import Binding, Cause, State
from app.subjects.subject import Subject
from app.vault.record import HeldRecord
from tests.support.erasing import with_a_legal_duty

NOTICE = parse(with_a_legal_duty())
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
PERSON, RECORD = UUID(int=1), UUID(int=2)
TEN_YEARS_AGO = datetime(2016, 11, 22, 8, tzinfo=UTC)
FIELDS = ["address", "email", "full_name", "phone"]
INVOICED = {"full_name", "address"}


def binding(purpose: str, closed: datetime | None = None) -> Binding:
    state = State.CLOSED if closed else State.OPEN
    opened = datetime(2010, 1, 1, tzinfo=UTC)
    because = Cause.CALL if closed else None
    return Binding(
        UUID(int=3),
        PERSON,
        RECORD,
        purpose,
        "",
        opened,
        state=state,
        closed_at=closed,
        closed_because=because,
    )


def held(*bindings: Binding) -> HeldPerson:
    subject = Subject(PERSON, "shop", 1, b"", b"", restricted=False)
    return HeldPerson(subject, [HeldRecord(RECORD, "buyer", NOW, FIELDS, bindings)])


def gone(*bindings: Binding) -> set[str]:
    choice = on_request(NOTICE, NOW)(held(*bindings))
    assert set(choice.gone[RECORD]).isdisjoint(choice.kept[RECORD])
    assert set(choice.gone[RECORD]) | set(choice.kept[RECORD]) == set(FIELDS)
    return set(choice.gone[RECORD])


def test_an_open_duty_keeps_what_it_covers_and_nothing_else_keeps_anything() -> None:
    others = [name for name in NOTICE.purposes if name != "invoice" and not NOTICE.purposes[name].standing]
    assert gone(*map(binding, others)) == set(FIELDS)
    assert gone(binding("invoice"), *map(binding, others)) == set(FIELDS) - INVOICED
    assert gone() == set(FIELDS)


def test_a_closed_duty_keeps_to_the_moment_its_time_has_passed() -> None:
    microsecond = timedelta(microseconds=1)
    assert gone(binding("invoice", TEN_YEARS_AGO)) == set(FIELDS)
    assert gone(binding("invoice", TEN_YEARS_AGO + microsecond)) == set(FIELDS) - INVOICED


def test_of_several_bindings_one_that_keeps_is_enough() -> None:
    moments = [None, TEN_YEARS_AGO - timedelta(days=1), NOW - timedelta(days=1)]
    for one, two in product(moments, moments):
        expected = not any(m is None or m > TEN_YEARS_AGO for m in (one, two))
        assert (gone(binding("invoice", one), binding("invoice", two)) == set(FIELDS)) is expected


def test_what_stays_is_named_with_purpose_clause_and_date() -> None:
    closed = datetime(2020, 2, 29, tzinfo=UTC)
    choice = on_request(NOTICE, NOW)(held(binding("invoice", closed)))
    until = datetime(2030, 2, 28, tzinfo=UTC)
    assert choice.kept[RECORD]["full_name"] == [Kept("legal-obligation", "trade", "invoice", until)]
    assert {why.clause for why in choice.gone[RECORD].values()} == {"keeping"}


def test_a_purpose_the_notice_no_longer_knows_keeps_nothing() -> None:
    assert gone(binding("forgotten")) == set(FIELDS)


def test_a_hold_keeps_all() -> None:
    choice = on_hold(NOTICE)(held(binding("order")))
    assert choice.gone == {}
    assert choice.kept == {RECORD: {name: [Kept("hold", "keeping")] for name in FIELDS}}
