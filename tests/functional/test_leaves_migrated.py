"""The rows in which the places of the log stand are remade, back and forth, and it stays the same log, leaf for leaf."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

import migrations
from app.audit.facet_store import FacetStore
from app.audit.query import AuditQuery, Filter
from tests.support.logs import Log, invented, order, running_log
from tests.support.vaults import TENANT, Store


@pytest.fixture
async def log(store: Store, tmp_path: Path) -> AsyncIterator[Log]:
    async with running_log(store, tmp_path) as running:
        yield running


async def move(log: Log, revision: str) -> None:
    """Another version of the tables."""

    def run(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        to = command.upgrade if revision == "head" else command.downgrade
        to(config, revision)

    await log.database.migrate(run)


async def found(log: Log, tenant: str = TENANT) -> dict[str, list[str]]:
    """The answers to some questions, by rare words and by common ones."""
    query = AuditQuery(log.store, FacetStore(log.database))
    asked = {
        "legal": Filter(role="legal"),
        "support": Filter(role="support"),
        "denied": Filter(outcome="denied", purpose="order"),
    }
    pages = {name: await query.page(tenant, wanted, limit=1000) for name, wanted in asked.items()}
    return {name: [item["id"] for item in page.items] for name, page in pages.items()}


async def test_a_log_goes_back_and_forth_and_stays_itself(log: Log) -> None:
    first = invented(600)
    await log.append(
        [event._replace(roles=("legal",)) if n == 300 else event for n, event in enumerate(first)]
    )
    await log.store.insert_alone("other", [event._replace(tenant="other") for event in invented(40)])
    await log.sequence()
    other = log.sequencer()
    while (await other.step("other")).events:
        pass
    signed = await log.checkpoint()
    waiting = await log.append(invented(20, seed=2))
    before, answers = await order(log), await found(log)
    assert len(answers["legal"]) == 1
    await move(log, "0011")
    for table, count in (("audit_leaves", len(before)), ("audit_waiting", len(waiting))):
        assert (await log.sql(f"SELECT count(*) FROM {table} WHERE tenant = 'shop'"))[0][0] == count
    await move(log, "head")
    assert await order(log) == before
    assert await found(log) == answers
    await log.sequence()
    grown = await order(log)
    assert grown[: len(before)] == before
    assert grown[len(before) :] == sorted(waiting)
    assert await found(log) == answers
    newest = await log.checkpoint()
    assert newest.size == signed.size + len(waiting)
    assert len(await log.tree.leaves("other", 0, 1000)) == 40
