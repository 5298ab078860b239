"""What of the ledger still stands: a withdrawal names its entry, and no clock is asked."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.subjects.binding import TRANSITIONS, Cause, State, closes
from app.subjects.consent import Act, Consent, live

LATER = datetime(2026, 12, 1, tzinfo=UTC)
EARLIER = datetime(2026, 11, 1, tzinfo=UTC)


def entry(number: int, act: Act = Act.GIVE, withdraws: int | None = None, **more) -> Consent:
    values = {"purpose": "marketing-sms", "recorded_at": EARLIER, **more}
    return Consent(
        id=UUID(int=number),
        subject=UUID(int=99),
        act=act,
        notice_version=1,
        wording=None,
        method=None,
        given_at=None,
        recorded_by=UUID(int=98),
        withdraws=None if withdraws is None else UUID(int=withdraws),
        **values,
    )


def numbers(consents) -> list[int]:
    return [consent.id.int for consent in consents]


def test_an_objection_to_what_was_never_agreed_to_withdraws_no_consent():
    assert numbers(live([entry(1, Act.WITHDRAW), entry(2)], {"marketing-sms"})) == [2]


def test_what_is_not_withdrawn_stands():
    ledger = [entry(1), entry(2), entry(3, Act.WITHDRAW, 1), entry(4, purpose="market-research")]
    assert numbers(live(ledger, {"marketing-sms"})) == [2]
    assert numbers(live(ledger, {"marketing-sms", "market-research"})) == [2, 4]
    assert live(ledger, set()) == []


def test_a_withdrawal_counts_whatever_the_clock_said_when_it_was_recorded():
    assert live([entry(1, recorded_at=LATER), entry(2, Act.WITHDRAW, 1)], {"marketing-sms"}) == []


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=20))
def test_a_consent_given_again_after_a_withdrawal_stands(acts):
    ledger: list[Consent] = []
    standing: set[int] = set()
    for number, (which, gives) in enumerate(acts, 100):
        if gives:
            ledger.append(entry(number))
            standing.add(number)
        elif standing:
            gone = sorted(standing)[which % len(standing)]
            ledger.append(entry(number, Act.WITHDRAW, gone))
            standing.discard(gone)
    assert set(numbers(live(ledger, {"marketing-sms"}))) == standing


def test_every_cause_closes_what_is_open_and_nothing_opens_again():
    for cause in Cause:
        movable, moved_to = closes(cause)
        assert State.OPEN in movable
        assert moved_to is State.CLOSED
    assert set(TRANSITIONS[State.CLOSED].values()) == {State.CLOSED}
