"""A database put back to an older state: its log is not signed under its old name, begins anew, and proves what it has kept."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.audit.begin_log import LogBeginner
from app.audit.checkpoint import Checkpoint, checkpoints_in, parse_checkpoint
from app.audit.event import Action
from app.audit.export import LogExporter
from app.audit.export_format import Ndjson
from app.audit.facet_store import FacetStore
from app.audit.log import AuditLog
from app.audit.note import VerifierKey, parse_note
from app.audit.publish import NotPublished, Publishing
from app.audit.query import AuditQuery, Filter
from app.audit.tile import TileId
from app.audit.tree_store import LeaseLost, LogDamaged
from app.audit.verify import Trust, verify_export, verify_proof
from app.kernel.clock import SystemClock
from tests.support.logs import Clockwork, Log, cut, invented, running_log
from tests.support.vaults import TENANT, Store


@pytest.fixture
async def log(store: Store, tmp_path: Path) -> AsyncIterator[Log]:
    async with running_log(store, tmp_path) as running:
        yield running


def beginner(log: Log, clock: Clockwork | None = None) -> LogBeginner:
    audit = AuditLog(log.store, lambda _: None)
    places = Publishing([log.published], None)
    return LogBeginner(
        log.database, log.tree, audit, clock or SystemClock(), log.signing.signer, places.newest
    )


async def put_back(log: Log, before: Checkpoint, leaves: bytes) -> None:
    """The database as it was at an earlier checkpoint; what was published stays published."""
    await cut(log, before.size)
    await log.sql("DELETE FROM audit_checkpoints WHERE size > :size", size=before.size)
    await log.sql("UPDATE audit_trees SET size = :size", size=before.size)
    await log.sql("DELETE FROM audit_tiles WHERE level > 0")
    await log.sql("UPDATE audit_tiles SET hashes = :hashes", hashes=leaves)


async def restored(log: Log) -> tuple[Checkpoint, Checkpoint]:
    """A log whose older state is back: the checkpoint of then, and the newest that was published."""
    await log.append(invented(20))
    await log.sequence()
    before = await log.checkpoint()
    first = TileId(0, 0)
    leaves = (await log.tree.tiles(TENANT, [first]))[first]
    await log.append(invented(20))
    await log.sequence()
    last = await log.checkpoint()
    await put_back(log, before, leaves)
    return before, last


async def test_nothing_is_signed_under_the_old_name(log: Log) -> None:
    before, _ = await restored(log)
    sequencer = log.sequencer(batch=512)
    for count in (1, 50):  # shorter than what was published, and longer
        await log.append(invented(count))
        with pytest.raises(LogDamaged):
            await sequencer.step(TENANT)
    newest = await log.tree.latest(TENANT)
    assert newest is not None
    assert newest.size == before.size


async def test_it_begins_anew_and_proves_what_it_has_kept(log: Log) -> None:
    before, last = await restored(log)
    begun = await beginner(log).begin(TENANT)
    assert begun is not None
    assert (begun.kept, begun.last) == (before.size, last)
    key = VerifierKey.parse(begun.key)
    assert key.name.startswith(f"{log.key.name}/2")
    await log.append(invented(5))
    worker = log.sequencer(batch=512)
    while (step := await worker.step(TENANT)).events or step.signed:
        pass
    stored = await log.tree.latest(TENANT)
    assert stored is not None
    said = parse_checkpoint(parse_note(stored.note).text)
    assert (said.origin, said.size) == (key.name, before.size + 6)
    assert await log.prover.root(TENANT, before.size) == before.root

    lines = b"".join([piece async for piece in LogExporter(log.tree).export(TENANT, Filter(), Ndjson())])
    report = verify_export(lines.splitlines(keepends=True), Trust(key, published=[said]))
    assert (report.findings, report.events) == ([], said.size)
    (kept,) = await log.tree.leaves(TENANT, 3, 4)
    proof = await log.prover.proof_file(TENANT, kept.id)
    assert verify_proof(str(proof), Trust(key)).fine
    assert not verify_proof(str(proof), Trust(log.key)).fine


async def test_the_event_names_the_log_it_continues(log: Log) -> None:
    _, last = await restored(log)
    await beginner(log).begin(TENANT)
    query = AuditQuery(log.store, FacetStore(log.database))
    (event,) = (await query.page(TENANT, Filter(action=Action.LOG_BEGIN), limit=10)).items
    assert event["inputs"] == {
        "continues": log.key.name,
        "size": str(last.size),
        "root": last.root.hex(),
    }


async def test_what_is_published_of_the_new_log_stands_below_the_old(log: Log) -> None:
    await restored(log)
    path = log.directory / "checkpoints"
    old = path.read_bytes()
    begun = await beginner(log).begin(TENANT)
    assert begun is not None
    key = VerifierKey.parse(begun.key)
    worker = log.sequencer()
    await worker.step(TENANT)
    await log.published.publish(TENANT, key)
    text = path.read_bytes()
    assert text.startswith(old)
    assert [one.size for one in checkpoints_in(text.decode(), key)] == [begun.kept + 1]


async def test_restored_twice_no_name_comes_back(log: Log) -> None:
    """The second backup is older than the first new beginning, and knows nothing of it."""
    clock = Clockwork()
    await restored(log)
    first = await beginner(log, clock).begin(TENANT)
    await log.sql("UPDATE audit_trees SET era = '', began = 0")
    clock.go(60)
    second = await beginner(log, clock).begin(TENANT)
    assert first is not None
    assert second is not None
    assert first.key != second.key


async def test_whoever_sequenced_before_has_lost_the_lease(log: Log) -> None:
    clock = Clockwork()
    fence = await log.tree.take(TENANT, clock.now(), clock.now())
    assert fence is not None
    await beginner(log, clock).begin(TENANT)
    with pytest.raises(LeaseLost):
        async with log.database.bookkeeping(TENANT) as work:
            await log.tree.hold(work, fence, clock.now())


async def test_no_signature_before_a_place_could_be_asked(log: Log) -> None:
    """The checkpoint file is a directory: nobody knows what was published."""
    (log.directory / "checkpoints").mkdir()
    await log.append(invented(3))
    with pytest.raises(NotPublished):
        await log.sequencer().step(TENANT)
    assert await log.tree.latest(TENANT) is None
    state = await log.tree.state(TENANT)
    assert state is not None
    assert state.size > 0
