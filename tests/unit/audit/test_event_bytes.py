"""What goes into the log is what an event says it is, however it is written."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.audit.event import Action, Ciphertext, Event, FieldTrace, NoticeRef, Outcome, canonical, facets
from app.audit.writing import EventWriter
from app.kernel.ids import new_uuid

words = st.text(max_size=8)
maybe = st.none() | words
ids = st.uuids()
traces = st.dictionaries(words, st.builds(FieldTrace, words, words, maybe, maybe), max_size=4)
inputs = st.dictionaries(words, st.booleans() | words, max_size=4)
events = st.builds(
    Event,
    id=ids,
    at=st.datetimes(timezones=st.just(UTC)),
    tenant=words,
    action=st.sampled_from(Action),
    outcome=st.sampled_from(Outcome),
    request=maybe,
    caller=st.none() | ids,
    roles=st.lists(words, max_size=3).map(tuple),
    purpose=maybe,
    case=maybe,
    subject=maybe,
    record=maybe,
    collection=maybe,
    recipient=st.none() | ids,
    notice=st.none() | st.builds(NoticeRef, words, st.integers(0, 9), words),
    fields=traces,
    written=st.dictionaries(words, st.builds(Ciphertext, st.integers(1, 9), words), max_size=3),
    inputs=inputs,
    about=maybe,
    reason=maybe,
)


@given(events)
def test_written_as_the_event_says(event: Event) -> None:
    assert EventWriter().write(event) == (facets(event), canonical(event))


_BATCH = Event(
    id=new_uuid(0),
    at=datetime(2026, 1, 1, tzinfo=UTC),
    tenant="shop",
    action=Action.RECORD_DISCLOSE,
    outcome=Outcome.ALLOWED,
    roles=("support",),
    fields={"phone": FieldTrace("plain", "granted", "care")},
    inputs={"case": True},
    notice=NoticeRef("shop", 1, "sha256:0"),
)
_OTHERS = st.fixed_dictionaries(
    {},
    optional={
        "id": ids,
        "at": st.datetimes(timezones=st.just(UTC)),
        "tenant": words,
        "action": st.sampled_from(Action),
        "outcome": st.sampled_from(Outcome),
        "request": maybe,
        "caller": ids,
        "roles": st.lists(words, max_size=2).map(tuple),
        "purpose": maybe,
        "case": maybe,
        "subject": maybe,
        "record": maybe,
        "collection": maybe,
        "recipient": ids,
        "notice": st.just(NoticeRef("shop", 2, "sha256:1")),
        "fields": traces,
        "written": st.just({"phone": Ciphertext(1, "0")}),
        "inputs": inputs,
        "about": maybe,
        "reason": maybe,
    },
)


@given(st.lists(_OTHERS, max_size=5))
def test_what_events_share_is_never_taken_for_what_they_do_not(changes: list[dict[str, Any]]) -> None:
    batch = [_BATCH, *(_BATCH._replace(**change) for change in changes), _BATCH]
    writer = EventWriter()
    assert [writer.write(event) for event in batch] == [(facets(e), canonical(e)) for e in batch]
