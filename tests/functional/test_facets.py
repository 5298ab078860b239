"""Questions by facet find the same events whether these are sequenced, not yet sequenced, or half of each; page by page."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from app.audit.event import Event, as_json
from app.audit.facet_store import FacetStore
from app.audit.query import AuditQuery, Filter
from app.audit.tables import audit_facets
from app.audit.waiting import AT_ONCE
from app.kernel.ids import text_of
from tests.support.logs import Log, invented, running_log
from tests.support.vaults import TENANT, Store


@pytest.fixture
async def log(store: Store, tmp_path: Path) -> AsyncIterator[Log]:
    async with running_log(store, tmp_path) as running:
        yield running


QUESTIONS = [
    Filter(role="support"),
    Filter(purpose="delivery", outcome="denied"),
    Filter(field="phone"),
    Filter(form="withheld"),
    Filter(field="email", form="plain"),
    Filter(field="email", form="plain", role="marketing", purpose="order", outcome="allowed"),
    Filter(clause="third-parties", action="record.disclose", collection="delivery", notice_version=1),
    Filter(caller=UUID(int=3), field="note"),
    Filter(role="nobody"),
    Filter(case="CASE-1"),
    Filter(recipient=UUID(int=9)),
]


def answers(wanted: Filter, shown: dict[str, object]) -> bool:
    """Whether an event, as JSON, is what a filter asks for: the plain reading of it."""
    fields = dict(shown.get("fields", {}))  # type: ignore[call-overload]  # an object
    notice = dict(shown.get("notice", {}))  # type: ignore[call-overload]  # an object
    asked = [
        (wanted.role, shown.get("roles", [])),
        (wanted.purpose, [shown.get("purpose")]),
        (wanted.action, [shown["action"]]),
        (wanted.outcome, [shown["outcome"]]),
        (wanted.collection, [shown.get("collection")]),
        (wanted.case, [shown.get("case")]),
        (wanted.notice_version, [notice.get("version")]),
        (wanted.clause, [trace.get("clause") for trace in fields.values()]),
        (wanted.field, list(fields)),
        (wanted.caller and text_of("clr", wanted.caller), [shown.get("caller")]),
        (wanted.recipient and text_of("clr", wanted.recipient), [shown.get("recipient")]),
    ]
    given = [trace["given"] for name, trace in fields.items() if wanted.field is None or name == wanted.field]
    asked.append((wanted.form, given))
    return all(value is None or value in among for value, among in asked)  # type: ignore[operator]  # lists


async def pages(log: Log, wanted: Filter, size: int) -> list[str]:
    found, after = [], None
    while True:
        page = await AuditQuery(log.store, FacetStore(log.database)).page(
            TENANT, wanted, limit=size, after=after
        )
        assert len(page.items) <= size
        found += [item["id"] for item in page.items]
        if page.next is None:
            return found
        after = page.next


@pytest.mark.parametrize("sequenced", [0, 100, 400])
async def test_every_question_page_by_page(log: Log, sequenced: int) -> None:
    events = invented(400)
    random.Random(1).shuffle(events)
    await log.append(events[:sequenced])
    await log.sequence()
    await log.append(events[sequenced:])
    for wanted in QUESTIONS:
        expected = sorted(
            (text_of("evt", event.id) for event in events if answers(wanted, as_json(event))), reverse=True
        )
        ours = {text_of("evt", event.id) for event in events}
        for size in (7, 1000):
            assert [id_ for id_ in await pages(log, wanted, size) if id_ in ours] == expected, wanted


RARE = [
    Filter(role="legal"),
    Filter(role="legal", outcome="denied"),
    Filter(role="legal", field="phone", form="plain"),
    Filter(role="legal", purpose="delivery", clause="third-parties"),
    Filter(case="CASE-1"),
    Filter(case="CASE-1", role="legal"),
]


async def test_rare_words_in_busy_blocks_page_by_page(log: Log) -> None:
    """A word is found at events, in blocks, and in both of the same block, as it was rare or not in each batch."""
    dice, began = random.Random(3), datetime.now(UTC) - timedelta(minutes=5)
    events = [
        spread(event, dice, began + timedelta(seconds=n / 20)) for n, event in enumerate(invented(1200))
    ]
    dice.shuffle(events)
    for start, end in ((0, 700), (700, 720), (720, 1200)):
        await log.append(events[start:end])
        await log.sequence()
    for wanted in RARE:
        expected = sorted(
            (text_of("evt", event.id) for event in events if answers(wanted, as_json(event))), reverse=True
        )
        assert expected or wanted.case
        for size in (1, 7, 1000):
            assert await pages(log, wanted, size) == expected, wanted


async def test_a_rare_word_is_kept_beside_few_events_and_a_common_one_by_block(log: Log) -> None:
    dice, now = random.Random(3), datetime.now(UTC)
    events = [spread(event, dice, now, rarely=0.005) for event in invented(800)]
    await log.append(events)
    await log.sequence()
    legal = [event.id for event in events if "legal" in event.roles]
    stored = await log.database.read(
        TENANT, select(audit_facets).where(audit_facets.c.facet.startswith("role:"))
    )
    places = [(row.first, row.last) for row in stored if row.facet == "role:legal"]
    assert legal
    assert not any(row.whole for row in stored if row.facet == "role:legal")
    for first, last in places:
        assert any(first <= event <= last for event in legal)
        assert sum(first <= event.id <= last for event in events) <= AT_ONCE
    assert all(any(first <= event <= last for first, last in places) for event in legal)
    assert {row.facet for row in stored if row.whole} >= {"role:support", "role:shipping"}


def spread(event: Event, dice: random.Random, at: datetime, rarely: float = 0.01) -> Event:
    """The event at that time, now and then of a rare role or with a rare case."""
    below = event.id.int & (1 << 80) - 1
    return event._replace(
        id=UUID(int=int(at.timestamp() * 1000) << 80 | below),
        at=at,
        roles=("legal",) if dice.random() < rarely else event.roles,
        case="CASE-1" if dice.random() < rarely / 3 else None,
    )


async def test_a_question_with_a_time(log: Log) -> None:
    began = datetime.now(UTC)
    await log.append(invented(50))
    await log.sequence()
    query = AuditQuery(log.store, FacetStore(log.database))
    hour = timedelta(hours=1)
    for since, until, some in (
        (began - hour, None, True),
        (None, began + hour, True),
        (began + hour, None, False),
    ):
        page = await query.page(TENANT, Filter(clause="third-parties", since=since, until=until), limit=10)
        assert bool(page.items) is some
