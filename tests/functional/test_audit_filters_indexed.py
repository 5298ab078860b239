"""Every filter of the audit API is answered from an index: PostgreSQL's own account of what it reads, statement by statement."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event as hooks

from app.api.audit_question import FILTERS
from app.audit.event import FieldTrace
from app.audit.facet_store import FacetStore
from app.audit.query import AuditQuery, Filter
from tests.support.logs import Log, invented, running_log
from tests.support.vaults import TENANT, PostgresStore

EVENTS = 6_000
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
RARE = UUID(int=10**9)

# For each filter a value that a handful of events have, among thousands that do not.
QUESTIONS: dict[str, Filter] = {
    "subject": Filter(subject="5" * 32),
    "record": Filter(record="6" * 32),
    "caller": Filter(caller=RARE),
    "role": Filter(role="legal"),
    "purpose": Filter(purpose="legal-claim"),
    "action": Filter(action="hold.place"),
    "outcome": Filter(outcome="failed"),
    "collection": Filter(collection="account"),
    "field": Filter(field="national_id"),
    "form": Filter(form="verified"),
    "recipient": Filter(recipient=RARE),
    "clause": Filter(clause="legal-claims"),
    "case": Filter(case="CASE-7"),
    "notice_version": Filter(notice_version=9),
    "since": Filter(since=BEGAN + timedelta(seconds=EVENTS - 20)),
    "until": Filter(until=BEGAN + timedelta(seconds=20)),
}


@pytest.fixture
async def log(postgres_store: PostgresStore, tmp_path: Path) -> AsyncIterator[Log]:
    """A log of hours, an event a second, of which every 500th is a rare one; sequenced, and known to the planner."""
    async with running_log(postgres_store, tmp_path) as running:
        at = [BEGAN + timedelta(seconds=n) for n in range(EVENTS)]
        made = [_placed(event, at[n], rare=n % 500 == 250) for n, event in enumerate(invented(EVENTS))]
        for start in range(0, EVENTS, 1000):
            await running.append(made[start : start + 1000])
        await running.sequence()
        await running.sql("ANALYZE")
        yield running


def _placed(event: Any, at: datetime, *, rare: bool) -> Any:
    low = event.id.int & (1 << 80) - 1
    event = event._replace(id=UUID(int=int(at.timestamp() * 1000) << 80 | low), at=at)
    if not rare:
        return event
    return event._replace(
        action=type(event.action)("hold.place"),
        outcome=type(event.outcome)("failed"),
        subject="5" * 32,
        record="6" * 32,
        caller=RARE,
        recipient=RARE,
        roles=("legal",),
        purpose="legal-claim",
        case="CASE-7",
        collection="account",
        notice=replace(event.notice, version=9),
        fields={"national_id": FieldTrace("verified", "granted", "legal-claims")},
    )


@contextmanager
def statements(log: Log) -> Iterator[list[tuple[str, Any]]]:
    """What is sent to the database while the block runs."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    engine = log.database._engine.sync_engine
    hooks.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        hooks.remove(engine, "before_cursor_execute", note)


async def read_rows(log: Log, statement: str, parameters: Any) -> int:
    """How many rows of `audit_events` the statement looks at, given out or thrown away."""
    async with log.database._engine.connect() as connection:
        await connection.exec_driver_sql("SELECT set_config('kin.tenant', 'shop', true)")
        text = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
        (plan,) = (await connection.exec_driver_sql(text, parameters)).scalar_one()
    return sum(
        int((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for node in nodes(plan["Plan"])
        if node.get("Relation Name") == "audit_events"
    )


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def test_there_is_a_question_for_every_filter_of_the_api() -> None:
    assert set(QUESTIONS) == set(FILTERS)
    assert set(FILTERS) <= {one.name for one in fields(Filter)}


async def test_no_filter_reads_through_the_log(log: Log) -> None:
    for name, wanted in QUESTIONS.items():
        with statements(log) as sent:
            page = await AuditQuery(log.store, FacetStore(log.database)).page(TENANT, wanted, limit=100)
        assert page.items, name
        looked = [await read_rows(log, *one) for one in sent if re.match("SELECT audit_events", one[0])]
        assert looked, (name, sent)
        assert sum(looked) < EVENTS / 10, (name, json.dumps(looked))
