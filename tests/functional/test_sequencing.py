"""Sequencing: every committed event gets one leaf, whatever its id; several sequencers never contradict each other."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from app.audit.checkpoint import Checkpoint, checkpoints_in, open_checkpoint
from app.audit.event import Event, canonical
from app.audit.keep import LogKeeper, LogsBehind
from app.audit.leaf_store import LeafStore
from app.audit.note import VerifierKey
from app.audit.proof import check_consistency, check_inclusion
from app.audit.publish import Publishing
from app.audit.sequence import Step
from app.audit.tree import Range, RootHasher, leaf_hash
from app.audit.tree_store import LeaseLost, LogDamaged
from app.storage.engine import UnitOfWork
from tests.support.logs import Clockwork, Log, cut, invented, order, running_log
from tests.support.vaults import TENANT, Store


@pytest.fixture
async def log(store: Store, tmp_path: Path) -> AsyncIterator[Log]:
    async with running_log(store, tmp_path) as running:
        yield running


async def whole(log: Log) -> list[bytes]:
    """The bytes of all leaves; that they are numbered without a gap and nothing waits is asserted."""
    leaves = await log.tree.leaves(TENANT, 0, 10**9)
    assert [leaf.index for leaf in leaves] == list(range(len(leaves)))
    state = await log.tree.state(TENANT)
    assert state is not None
    assert not state.waiting
    return [leaf.body for leaf in leaves]


async def signed(log: Log) -> list[Checkpoint]:
    """All checkpoints ever stored, each consistent with the leaves and so with the others."""
    bodies = await whole(log)
    found = [
        open_checkpoint(str(one), log.key)[0] for one in await log.tree.checkpoints_after(TENANT, -1, 10**6)
    ]
    hasher = RootHasher()
    for checkpoint in found:
        for body in bodies[hasher.size : checkpoint.size]:
            hasher.add(leaf_hash(body))
        assert checkpoint == Checkpoint(log.key.name, hasher.size, hasher.root())
    assert found[-1].size == len(bodies)
    return found


async def test_every_event_gets_one_leaf_and_a_proof(log: Log) -> None:
    ids = await log.append(invented(700))
    await log.sequence()
    newest = (await signed(log))[-1]
    for event in ids[::97]:
        leaf = await log.tree.leaf_of(TENANT, event)
        assert leaf is not None
        proof = await log.prover.inclusion(TENANT, leaf.index, newest.size)
        check_inclusion(leaf_hash(leaf.body), leaf.index, newest.size, newest.root, proof)


async def test_checkpoints_grow_out_of_each_other(log: Log) -> None:
    for count in (1, 255, 3, 256, 40):
        await log.append(invented(count, seed=count))
        await log.sequence()
    found = await signed(log)
    assert len(found) >= 5
    for old in found:
        for new in found:
            if old.size <= new.size:
                proof = await log.prover.consistency(TENANT, old.size, new.size)
                check_consistency(old.size, new.size, old.root, new.root, proof)


async def test_an_event_that_commits_late_is_not_passed_over(log: Log) -> None:
    early, late = invented(2)
    assert early.id.int >> 80 <= late.id.int >> 80
    early, late = sorted((early, late), key=lambda event: event.id)
    await log.append([late])
    await log.sequence()
    await log.append([early])
    await log.sequence()
    first, second = await log.tree.leaf_of(TENANT, late.id), await log.tree.leaf_of(TENANT, early.id)
    assert first is not None
    assert second is not None
    assert second.index == first.index + 1
    await signed(log)


async def test_events_that_commit_hours_late_are_found_by_their_leaves(log: Log) -> None:
    """Their ids are far from those of their neighbours, in a row that spans the hours between."""
    now = datetime.now(UTC)
    for hours in (5, 4, 3):
        await log.append([_at(event, now - timedelta(hours=hours)) for event in invented(300)])
        await log.sequence()
    late = [_at(event, now - timedelta(hours=5, seconds=-n)) for n, event in enumerate(invented(30))]
    await log.append([*late, *invented(300)])
    await log.sequence()
    places = {event: index for index, event in enumerate(await order(log))}
    assert await LeafStore(log.database).indexes(TENANT, list(places)) == places
    newest = (await signed(log))[-1]
    for event in late[::7]:
        leaf = await log.tree.leaf_of(TENANT, event.id)
        assert leaf is not None
        assert leaf.index == places[event.id]
        assert leaf.body == canonical(event)
        proof = await log.prover.inclusion(TENANT, leaf.index, newest.size)
        check_inclusion(leaf_hash(leaf.body), leaf.index, newest.size, newest.root, proof)


def _at(event: Event, moment: datetime) -> Event:
    """The event as it would be, had it happened then."""
    below = event.id.int & (1 << 80) - 1
    return event._replace(id=UUID(int=int(moment.timestamp() * 1000) << 80 | below), at=moment)


async def test_an_event_without_a_leaf_has_none(log: Log) -> None:
    await log.append(invented(300))
    await log.sequence()
    (waiting,) = await log.append(invented(1))
    assert await log.tree.leaf_of(TENANT, waiting) is None
    assert (
        await LeafStore(log.database).indexes(TENANT, [waiting, UUID(int=0), UUID(int=(1 << 128) - 1)]) == {}
    )


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM audit_leaves WHERE tenant = 'shop' AND position = 0",
        "UPDATE audit_leaves SET position = 7 WHERE tenant = 'shop' AND position = 1",
        "INSERT INTO audit_leaves SELECT tenant, 7, ids, oldest, newest FROM audit_leaves WHERE position = 0",
        "UPDATE audit_leaves SET ids = substr(ids, 2) WHERE tenant = 'shop' AND position = 1",
        "UPDATE audit_leaves SET ids = substr(ids, 17) WHERE tenant = 'shop' AND position = 1",
        "UPDATE audit_waiting SET entries = substr(entries, 2)",
        "UPDATE audit_waiting SET entries = substr(entries, 49)",
        "UPDATE audit_waiting SET entries = substr(entries, 1, 10)",
        "UPDATE audit_waiting SET entries = substr(entries, 1, 100)",
        "UPDATE audit_waiting SET entries = substr(entries, 1, 0)",
        "DELETE FROM audit_events WHERE tenant = 'shop' AND id = (SELECT id FROM audit_waiting)",
    ],
)
async def test_damaged_places_are_noticed_before_anything_is_signed(log: Log, damage: str) -> None:
    await log.append(invented(300))
    await log.sequence()
    newest = await log.checkpoint()
    await log.append(invented(3))
    if "position = 0" in damage and damage.startswith("DELETE"):
        await log.sql("DELETE FROM audit_checkpoints")  # so that the first leaves are read again
    await log.sql(damage)
    with pytest.raises(LogDamaged):
        await log.sequencer().step(TENANT)
    latest = await log.tree.latest(TENANT)
    assert latest is None or open_checkpoint(str(latest), log.key)[0] == newest


async def test_an_event_gets_no_second_leaf(log: Log) -> None:
    """Its waiting row is there again, as from an older copy of that table."""
    await log.append(invented(300))
    await log.script(["CREATE TABLE kept AS SELECT * FROM audit_waiting WHERE tenant = 'shop'"])
    await log.sequence()
    newest = await log.checkpoint()
    await log.append(invented(5))
    await log.sql("INSERT INTO audit_waiting SELECT * FROM kept")
    with pytest.raises(LogDamaged, match="waits for its leaf has one"):
        await log.sequencer().step(TENANT)
    assert await log.checkpoint() == newest
    assert len(await order(log)) == newest.size


async def test_nothing_to_do_does_nothing(log: Log) -> None:
    await log.sequence()
    state = await log.tree.state(TENANT)
    assert await log.sequencer().step(TENANT) == Step(0, signed=False)
    assert await log.tree.state(TENANT) == state


async def test_only_the_holder_of_the_lease_works(log: Log) -> None:
    clock = Clockwork()
    first, second = log.sequencer(clock, batch=4), log.sequencer(clock)
    await log.append(invented(100))
    assert 0 < (await first.step(TENANT)).events < 100
    assert (await second.step(TENANT)).events == 0
    clock.go(11)
    assert (await second.step(TENANT)).events > 0
    await log.append(invented(5))
    assert (await first.step(TENANT)).events == 0
    await signed_after(log, second)


async def signed_after(log: Log, sequencer: object) -> None:
    """The rest is sequenced by this one, and all is well."""
    await log.sequence(sequencer)  # type: ignore[arg-type]  # a sequencer
    await signed(log)


async def test_a_lease_given_back_is_free(log: Log) -> None:
    clock = Clockwork()
    first, second = log.sequencer(clock), log.sequencer(clock)
    await log.append(invented(10))
    await first.step(TENANT)
    await first.let_go()
    await log.append(invented(10))
    assert (await second.step(TENANT)).events == 10


@pytest.mark.parametrize("at", ["hold", "assign", "put_tiles", "latest", "add_checkpoint"])
async def test_one_that_stops_anywhere_and_comes_back_changes_nothing(
    log: Log, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first sequencer loses its lease at a given call, to a second that works to the end; then the first goes on."""
    if log.database.is_sqlite and at in {"assign", "put_tiles"}:
        at = "state"  # SQLite has one writer: nobody comes between the steps of its transaction
    clock = Clockwork()
    paused, going_on = asyncio.Event(), asyncio.Event()
    await log.append(invented(150))
    first, second = log.sequencer(clock, batch=4), log.sequencer(clock)
    await first.step(TENANT)
    real = getattr(log.tree, at)

    async def stop(*args: object, **named: object) -> object:
        if not paused.is_set():
            paused.set()
            await going_on.wait()
        return await real(*args, **named)

    monkeypatch.setattr(log.tree, at, stop)
    step = asyncio.create_task(first.step(TENANT))
    await paused.wait()
    clock.go(11)
    rival = asyncio.create_task(log.sequence(second))
    await asyncio.wait([rival], timeout=0.3)  # a transaction of the first may hold it up
    going_on.set()
    await asyncio.gather(step, rival)
    await log.sequence(log.sequencer(clock))
    await signed(log)


async def test_two_at_once_over_many_rounds(log: Log) -> None:
    """Both believe every lease has run out: they take the log from each other all the time."""

    class Hurried(Clockwork):
        def now(self) -> object:  # type: ignore[override]  # each look at the clock is an hour later
            self.go(3600)
            return self.moment

    async def work(seed: int) -> None:
        sequencer = log.sequencer(Hurried(), batch=7)
        for round_ in range(15):
            await log.append(invented(5, seed=seed * 100 + round_))
            await sequencer.step(TENANT)

    await asyncio.gather(work(1), work(2))
    await log.sequence(log.sequencer(Clockwork(datetime(2040, 1, 1, tzinfo=UTC))))
    await signed(log)


async def test_an_old_fence_holds_nothing(log: Log) -> None:
    clock = Clockwork()
    old = await log.tree.take(TENANT, clock.now(), clock.now())
    new = await log.tree.take(TENANT, clock.now(), clock.now())
    assert old is not None
    assert new == old + 1

    async def hold(work: UnitOfWork, fence: int) -> None:
        await log.tree.hold(work, fence, clock.now())

    async with log.database.bookkeeping(TENANT) as work:
        await hold(work, new)
    with pytest.raises(LeaseLost):
        async with log.database.bookkeeping(TENANT) as work:
            await hold(work, old)


async def test_what_was_changed_before_it_is_signed_is_not_signed(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.append(invented(10))

    async def nothing(*_: object) -> bool:
        return False

    with monkeypatch.context() as patch:
        sequencer = log.sequencer()
        patch.setattr(sequencer, "_sign", nothing)
        await sequencer.step(TENANT)
        await sequencer.let_go()
    third = (await order(log))[3]
    await log.sql(
        "UPDATE audit_events SET body = :body WHERE tenant = 'shop' AND id = :id", body=b"{}", id=third
    )
    with pytest.raises(LogDamaged, match="is not what was hashed"):
        await log.sequencer().step(TENANT)
    assert await log.tree.latest(TENANT) is None


async def test_a_tree_that_contradicts_its_checkpoint_is_not_signed(log: Log) -> None:
    await log.append(invented(10))
    await log.sequence()
    await log.sql("UPDATE audit_tiles SET hashes = :hashes WHERE tenant = 'shop'", hashes=bytes(32 * 4))
    await log.append(invented(1))
    with pytest.raises(LogDamaged):
        await log.sequencer().step(TENANT)


async def test_a_damaged_log_does_not_keep_the_others_waiting(log: Log) -> None:
    async def tenants() -> list[str]:
        return [TENANT, "other"]

    await log.append(invented(10))
    await log.sequence()
    await log.sql("UPDATE audit_tiles SET hashes = :hashes WHERE tenant = 'shop'", hashes=bytes(32 * 4))
    await log.append(invented(1))
    await log.store.insert_alone("other", [event._replace(tenant="other") for event in invented(5)])
    keeper = LogKeeper(log.sequencer(), Publishing([log.published], None), tenants)
    with pytest.raises(LogsBehind, match="the log of shop is not signed"):
        await keeper.catch_up()
    found = await log.tree.state("other")
    assert found is not None
    assert (found.size, found.signed, found.waiting) == (5, 5, False)
    assert found.lease_until <= datetime.now(UTC), "the lease is given back"


async def test_what_cannot_be_published_is_said_when_all_is_sequenced(log: Log) -> None:
    async def tenants() -> list[str]:
        return [TENANT]

    async def key(_: str) -> VerifierKey:
        return log.key

    await log.append(invented(5))
    log.published._path.mkdir()  # no file can be written there
    keeper = LogKeeper(log.sequencer(), Publishing([log.published], key), tenants)
    with pytest.raises(LogsBehind, match="the log of shop is not"):
        await keeper.catch_up()


async def test_a_log_cut_back_behind_what_was_published_is_not_signed(log: Log) -> None:
    """A database restored from an old backup: the file knows more."""
    await log.append(invented(10))
    await log.sequence()
    before = await log.checkpoint()
    await log.append(invented(10))
    await log.sequence()
    await log.sql("DELETE FROM audit_checkpoints WHERE size > :size", size=before.size)
    await cut(log, before.size)
    leaves = await log.tree.leaves(TENANT, 0, before.size)
    hashes = b"".join(leaf_hash(leaf.body) for leaf in leaves)
    await log.sql("UPDATE audit_tiles SET hashes = :hashes", hashes=hashes)
    await log.sql("UPDATE audit_trees SET size = :size", size=before.size)
    await log.append(invented(1))
    sequencer = log.sequencer()
    with pytest.raises(LogDamaged, match="shorter than a checkpoint"):
        await sequencer.step(TENANT)
    await log.append(invented(50))
    with pytest.raises(LogDamaged, match="contradicts a checkpoint"):
        await sequencer.step(TENANT)


async def test_the_checkpoint_file_gets_what_it_missed_and_is_only_appended_to(log: Log) -> None:
    await log.append(invented(10))
    await log.sequence()
    path = log.directory / "checkpoints"
    before = path.read_bytes()
    with path.open("ab") as file:
        file.write(b"\nvault.test/audit/shop\n12\nAAAA")  # a crash in the middle of writing
    for _ in range(3):
        await log.append(invented(10))
        worker = log.sequencer()
        await worker.step(TENANT)
        await worker.let_go()
    await log.published.publish(TENANT, log.key)
    await log.published.publish(TENANT, log.key)
    after = path.read_bytes()
    assert after.startswith(before)
    found = [one.size for one in checkpoints_in(after.decode(), log.key)]
    assert found == [one.size for one in await signed(log)]


async def test_tiles_hold_every_smaller_tree(log: Log) -> None:
    await log.append(invented(600))
    await log.sequence()
    bodies = await whole(log)
    hasher = RootHasher()
    for size, body in enumerate(bodies, 1):
        hasher.add(leaf_hash(body))
        if size % 61 == 0 or size in {255, 256, 257, 512}:
            assert await log.prover.root(TENANT, size) == hasher.root()
    assert Range(0, len(bodies)).end > 600


async def test_of_a_log_without_events_nothing_is_signed(log: Log) -> None:
    sequencer = log.sequencer()
    step = await sequencer.step("nobody")
    await sequencer.let_go()
    assert (step.events, step.signed) == (0, False)
    assert await log.tree.latest("nobody") is None
