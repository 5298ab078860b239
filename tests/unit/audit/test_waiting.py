"""What waits for its leaves: whose ids, hashes and words a row says, and in which order they come out of many rows."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.audit.event import Action, Event, FieldTrace, NoticeRef, Outcome, canonical, facets
from app.audit.tree import leaf_hash
from app.audit.waiting import AT_ONCE, Written, in_order, stretches, waiting_rows

CALLER = UUID(int=5)


def written(number: int, **members: object) -> Written:
    event = Event(
        UUID(int=number),
        datetime(2026, 11, 22, tzinfo=UTC),
        "shop",
        Action.RECORD_DISCLOSE,
        Outcome.PARTIAL,
        **members,  # type: ignore[arg-type]  # members of an event
    )
    return Written(event, facets(event), canonical(event))


@pytest.mark.parametrize("count", [1, AT_ONCE, AT_ONCE + 1, 100])
def test_every_event_comes_out_once_in_the_order_of_the_ids(count: int) -> None:
    events = [written(n * 7919 % 104_729 + 1) for n in range(count)]
    rows = [*waiting_rows(events[::2]), *waiting_rows(events[1::2])]
    ids, hashes = in_order(rows)
    expected = sorted(events, key=lambda one: one.event.id)
    assert ids == [one.event.id.bytes for one in expected]
    assert hashes == [leaf_hash(one.body) for one in expected]


def test_a_row_has_few_events_that_are_near_each_other() -> None:
    rows = waiting_rows([written(n) for n in reversed(range(1, 41))])
    assert [(row.first.int, row.last.int) for row in rows] == [(1, 16), (17, 32), (33, 40)]


def test_a_row_says_every_word_of_its_events_once() -> None:
    known = {"purpose": "delivery", "collection": "buyer", "case": "C-1", "recipient": CALLER}
    traces = {"phone": FieldTrace("masked", "granted", "care")}
    rows = waiting_rows(
        [
            written(1, roles=("support",), fields=traces, **known),
            written(2, roles=("support", "legal"), notice=NoticeRef("shop", 3, "sha256:0")),
            written(3),
        ]
    )
    (row,) = rows
    assert row.words == (
        "|action:record.disclose|case:C-1|clause:care|collection:buyer|field:phone|form:masked|notice:3|outcome:partial"
        f"|phone=masked|purpose:delivery|recipient:{CALLER}|role:legal|role:support|"
    )


def test_no_event_is_no_row() -> None:
    assert waiting_rows([]) == []
    assert in_order([]) == ([], [])


def at(seconds: float, low: int = 0) -> bytes:
    return (int(seconds * 1000) << 80 | low).to_bytes(16)


def test_neighbours_are_one_stretch_and_late_ones_apart() -> None:
    near = [at(5000 + n / 100, n) for n in range(90)]
    assert stretches(reversed(near)) == [(near[0], near[-1])]
    early = [at(10), at(10.5), at(400)]
    assert stretches([*near, *early]) == [(at(10), at(10.5)), (at(400), at(400)), (near[0], near[-1])]


def test_stretches_are_few_and_hold_every_id() -> None:
    ids = [at(100 * n * n, n) for n in range(200)]
    found = stretches(ids)
    assert len(found) == 64
    assert all(any(first <= one <= last for first, last in found) for one in ids)
    assert found == sorted(found)


def test_no_ids_are_no_stretch() -> None:
    assert stretches([]) == []
    assert stretches([at(3)]) == [(at(3), at(3))]
