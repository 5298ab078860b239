"""The table of a request's states: each step leads to one state, an extension is given once, and what has ended stays so."""

import pytest

from app.rights.request import TO_DO, TRANSITIONS, State, Step, moves


@pytest.mark.parametrize("step", Step)
def test_a_step_leads_to_one_state_from_wherever_it_may_be_taken(step: Step) -> None:
    before, after = moves(step)
    assert {TRANSITIONS[state][step] for state in before} == {after}
    assert set(before) <= TO_DO


def test_a_request_is_extended_once() -> None:
    assert Step.EXTEND not in TRANSITIONS[State.EXTENDED]
    reached = {State.EXTENDED}
    for _ in State:
        reached |= {after for state in reached for after in TRANSITIONS[state].values()}
    assert reached == {State.EXTENDED, State.COMPLETED, State.REFUSED}


def test_what_has_ended_is_not_to_do() -> None:
    assert set(State) - TO_DO == {State.COMPLETED, State.REFUSED}
