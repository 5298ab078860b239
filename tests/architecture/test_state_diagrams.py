"""The pictures in the documents are those of the tables in the code."""

from app.approvals.approval import TRANSITIONS, State
from tests.support.diagrams import PAGE, mermaid, page


def test_the_page_of_states_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run `python -m tests.support.diagrams`"


def test_every_state_and_step_is_in_the_picture() -> None:
    picture = mermaid(State.PENDING, TRANSITIONS)
    assert picture.splitlines() == [
        "stateDiagram-v2",
        "    [*] --> pending",
        "    pending --> approved: approve",
        "    pending --> rejected: reject",
        "    pending --> expired: time",
        "    approved --> expired: time",
        "    rejected --> [*]",
        "    expired --> [*]",
    ]
