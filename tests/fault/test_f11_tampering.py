"""F-11: the log is tampered with in the database itself and exported from there: every class is found offline, by both verifiers.

Classes that a signature alone cannot show (the log cut short, told in another version, an older checkpoint) are found with the
checkpoint that was published; without it the verifiers say that they cannot know.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.audit.checkpoint import Checkpoint, sign_checkpoint
from app.audit.event import canonical
from app.audit.export import Format, LogExporter, form_of
from app.audit.note import Signer
from app.audit.query import Filter
from app.audit.tile import WIDTH, TileId, TilePath, Tiles, grown, path_of, tiles_of, width_of
from app.audit.tree import Range, leaf_hash
from app.audit.verify import Code, Report, Trust, verify_export, verify_log
from kin_client.verify import Checkpoint as KeptCheckpoint
from kin_client.verify import LogVerifier, Verdict
from tests.support.logs import Log, cut, invented, order, put_in_order, running_log
from tests.support.vaults import TENANT, Store

BODY = "UPDATE audit_events SET body = :body WHERE tenant = 'shop' AND id = :id"


@dataclass(slots=True)
class Case:
    """A log of `size` events under its newest checkpoint, of which `old` were signed and published before."""

    log: Log
    dice: random.Random
    old: Checkpoint
    new: Checkpoint

    def leaf(self, below: int | None = None) -> int:
        return self.dice.randrange(below or self.new.size)

    async def body(self, leaf: int) -> bytes:
        return (await self.log.tree.leaves(TENANT, leaf, leaf + 1))[0].body


async def changed(case: Case) -> None:
    leaf = case.leaf()
    body = bytearray(await case.body(leaf))
    body[case.dice.randrange(len(body))] ^= 1 << case.dice.randrange(8)
    await overwrite(case.log, leaf, bytes(body))


async def deleted(case: Case) -> None:
    leaf, events = case.leaf(), await order(case.log)
    await case.log.sql("DELETE FROM audit_events WHERE tenant = 'shop' AND id = :id", id=events[leaf])
    if case.dice.random() < 0.5:  # and the gap closed
        await put_in_order(case.log, events[:leaf] + events[leaf + 1 :])


async def inserted(case: Case) -> None:
    """An event that was never recorded takes a place; those after it move up."""
    leaf, events = case.leaf(), await order(case.log)
    (new,) = await case.log.append(invented(1, seed=case.dice.randrange(10**9)))
    await put_in_order(case.log, [*events[:leaf], new, *events[leaf:]])
    await case.log.sql("DELETE FROM audit_waiting")


async def reordered(case: Case) -> None:
    first, second = case.dice.sample(range(case.new.size), 2)
    events = await order(case.log)
    events[first], events[second] = events[second], events[first]
    await put_in_order(case.log, events)


async def truncated(case: Case) -> None:
    """All that is newer than an older checkpoint is gone, tiles and all: what is left is a whole log."""
    size = case.old.size
    await cut(case.log, size)
    await case.log.sql("DELETE FROM audit_checkpoints WHERE size > :size", size=size)
    await rebuild(case.log, size)


async def forked(case: Case) -> None:
    """Somebody with the database and the signing key tells another version: an event changed, tree and signatures remade."""
    leaf = case.leaf(case.old.size)
    await overwrite(case.log, leaf, canonical(invented(1, seed=case.dice.randrange(10**9))[0]))
    await rebuild(case.log, case.new.size)
    await resign(case, case.log.signing.signer(TENANT))


async def older_checkpoint(case: Case) -> None:
    """The newest checkpoints are withheld; everything else is left as it is."""
    await case.log.sql("DELETE FROM audit_checkpoints WHERE size > :size", size=case.old.size)


async def other_key(case: Case) -> None:
    await resign(case, Signer(case.new.origin, Ed25519PrivateKey.generate()))


async def remade_tree(case: Case) -> None:
    """An event changed and the tiles remade for it, without the signing key."""
    await changed(case)
    await rebuild(case.log, case.new.size)


async def overwrite(log: Log, leaf: int, body: bytes) -> None:
    """Other bytes in the place of an event's."""
    await log.sql(BODY, body=body, id=(await order(log))[leaf])


async def rebuild(log: Log, size: int) -> None:
    """The tiles of the events as they are now."""
    leaves = await log.tree.leaves(TENANT, 0, size)
    await log.sql("DELETE FROM audit_tiles")
    async with log.database.bookkeeping(TENANT) as work:
        await log.tree.put_tiles(work, grown(0, {}, [leaf_hash(leaf.body) for leaf in leaves]))
    await log.sql("UPDATE audit_trees SET size = :size", size=size)


async def resign(case: Case, signer: Signer) -> None:
    """Every stored checkpoint signed anew, over the tiles as they are."""
    for stored in await case.log.tree.checkpoints_after(TENANT, 0, 10**6):
        before = Range(0, stored.size)
        root = Tiles(await case.log.tree.tiles(TENANT, tiles_of([before]))).hash(before)
        note = str(sign_checkpoint(signer, Checkpoint(case.new.origin, stored.size, root)))
        await case.log.sql(
            "UPDATE audit_checkpoints SET note = :note WHERE size = :size", note=note, size=stored.size
        )


Tampering = Callable[[Case], Awaitable[None]]
# What each class is found as by the signed checkpoint alone (nothing: it cannot be known), and with the published one.
CLASSES: dict[str, tuple[Tampering, set[Code], set[Code]]] = {
    "changed": (changed, {Code.CHANGED}, {Code.CHANGED}),
    "deleted": (deleted, {Code.MISSING}, {Code.MISSING}),
    "inserted": (inserted, {Code.CHANGED}, {Code.CHANGED}),
    "reordered": (reordered, {Code.CHANGED}, {Code.CHANGED}),
    "remade-tree": (remade_tree, {Code.TREE}, {Code.TREE}),
    "other-key": (other_key, {Code.NOT_SIGNED}, {Code.NOT_SIGNED}),
    "truncated": (truncated, set(), {Code.TRUNCATED}),
    "forked": (forked, set(), {Code.FORKED}),
    "older-checkpoint": (older_checkpoint, set(), {Code.TRUNCATED}),
}


async def exported(log: Log, form: Format = Format.NDJSON) -> list[bytes]:
    pieces = LogExporter(log.tree).export(TENANT, Filter(), form_of(form))
    return b"".join([piece async for piece in pieces]).splitlines(keepends=True)


async def mirrored(log: Log) -> dict[str, bytes]:
    """The files of a mirror of the log, as its tiles and entries are served."""
    newest = await log.tree.latest(TENANT)
    assert newest is not None
    files = {"checkpoint": str(newest).encode()}
    for level in range(3):
        for position in range(-(-newest.size // WIDTH ** (level + 1))):
            for entries in {False, level == 0}:
                tile = TileId(level, position)
                asked = TilePath(tile, width_of(tile, newest.size), entries)
                data = await log.prover.tile(TENANT, asked) if asked.width else None
                if data is not None:
                    files["tile/" + path_of(asked)] = data
    return files


def client(log: Log, kept: tuple[Checkpoint, ...] = ()) -> LogVerifier:
    return LogVerifier(str(log.key), [KeptCheckpoint(one.origin, one.size, one.root) for one in kept])


def by_client(log: Log, lines: list[bytes], kept: tuple[Checkpoint, ...] = ()) -> Verdict:
    return client(log, kept).export(lines)


def codes(report: Report) -> set[Code]:
    return {finding.code for finding in report.findings}


def as_expected(expected: set[Code], found: set[Code]) -> bool:
    """A changed byte may be the end of a line or of the JSON: then the export cannot be read on from there, and that is found."""
    return expected <= found or (Code.UNREADABLE in found and bool(expected & {Code.CHANGED, Code.TREE}))


async def filled(log: Log, events: int, seed: int) -> Case:
    """Half of the events under an older checkpoint, all of them under the newest; both are published."""
    dice = random.Random(seed)
    await log.append(invented(events // 2, seed=seed))
    await log.sequence(log.sequencer(batch=events))
    old = await log.checkpoint()
    await log.append(invented(events - events // 2, seed=seed + 1))
    await log.sequence(log.sequencer(batch=events))
    return Case(log, dice, old, await log.checkpoint())


async def tampered_and_found(case: Case, name: str) -> None:
    tamper, alone, published = CLASSES[name]
    await tamper(case)
    lines = await exported(case.log)
    report = verify_export(lines, Trust(case.log.key))
    assert as_expected(alone, codes(report)), (name, report)
    if not alone:
        assert report.fine, (name, report)
        assert any("cut short or told in another version" in unknown for unknown in report.unknown)
    report = verify_export(lines, Trust(case.log.key, (), [case.old, case.new]))
    assert as_expected(published, codes(report)), (name, report)
    second = by_client(case.log, lines, (case.old, case.new))
    assert as_expected(published, {Code(problem.code) for problem in second.problems}), name
    assert by_client(case.log, lines).good is not bool(alone)


@pytest.mark.parametrize("name", CLASSES)
async def test_each_class_is_found_on_both_databases(store: Store, tmp_path: Path, name: str) -> None:
    async with running_log(store, tmp_path) as log:
        case = await filled(log, 600, seed=7)
        untouched = await exported(log)
        assert verify_export(untouched, Trust(log.key, (), [case.old, case.new])).fine
        assert by_client(log, untouched, (case.old, case.new)).good
        await tampered_and_found(case, name)
        files = await mirrored(log)
        report = verify_log(files.get, Trust(log.key, (), [case.old, case.new]))
        assert not report.fine, report
        second = client(log, (case.old, case.new)).mirror(files.get)
        assert {problem.code for problem in second.problems} == {code.value for code in codes(report)}


@pytest.mark.parametrize("form", [Format.CSV, Format.OCSF])
async def test_both_verifiers_agree_on_the_other_forms(
    sqlite_store: Store, tmp_path: Path, form: Format
) -> None:
    async with running_log(sqlite_store, tmp_path) as log:
        case = await filled(log, 300, seed=5)
        for damage in (None, *[changed] * 40, deleted):
            if damage:
                await damage(case)
            lines = await exported(log, form)
            report = verify_export(lines, Trust(log.key, (), [case.old, case.new]))
            second = client(log, (case.old, case.new)).export(lines)
            assert (report.fine, second.good) == (damage is None, damage is None), (damage, report, second)


async def test_both_verifiers_find_a_mirror_good_and_each_lost_file(
    sqlite_store: Store, tmp_path: Path
) -> None:
    async with running_log(sqlite_store, tmp_path) as log:
        case = await filled(log, 600, seed=9)
        files = await mirrored(log)
        trust, ours = Trust(log.key, (), [case.old, case.new]), client(log, (case.old, case.new))
        assert verify_log(files.get, trust).fine
        assert ours.mirror(files.get).problems == []
        for name in files:
            without = {kept: data for kept, data in files.items() if kept != name}
            assert not verify_log(without.get, trust).fine, name
            assert not ours.mirror(without.get).good, name


@pytest.mark.parametrize("name", CLASSES)
async def test_a_hundred_of_each_class(sqlite_store: Store, tmp_path: Path, name: str) -> None:
    """One log, damaged again and again and put back as it was."""
    async with running_log(sqlite_store, tmp_path) as log:
        case = await filled(log, 60, seed=11)
        await rounds(case, name, 100)


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize("count", [100, 1_000])
@pytest.mark.parametrize("name", CLASSES)
async def test_each_class_in_a_log_of_ten_thousand(
    sqlite_store: Store, tmp_path: Path, name: str, count: int
) -> None:
    async with running_log(sqlite_store, tmp_path) as log:
        case = await filled(log, 10_000, seed=13)
        await rounds(case, name, count)


async def rounds(case: Case, name: str, count: int) -> None:
    tables = (
        "audit_events",
        "audit_leaves",
        "audit_waiting",
        "audit_tiles",
        "audit_checkpoints",
        "audit_trees",
    )
    for table in tables:
        await case.log.sql(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")
    for round_ in range(count):
        case.dice.seed(round_)
        await tampered_and_found(case, name)
        await case.log.script(
            [f"DELETE FROM {table}" for table in tables]
            + [f"INSERT INTO {table} SELECT * FROM kept_{table}" for table in tables]
        )


async def test_what_is_found_is_found_at_its_place(sqlite_store: Store, tmp_path: Path) -> None:
    async with running_log(sqlite_store, tmp_path) as log:
        case = await filled(log, 600, seed=3)
        await overwrite(log, 417, b"{}")
        report = verify_export(await exported(log), Trust(log.key, (), [case.new]))
        assert [(finding.code, finding.leaf) for finding in report.findings] == [(Code.CHANGED, 417)]
        report = verify_log((await mirrored(log)).get, Trust(log.key, (), [case.new]))
        assert [(finding.code, finding.leaf) for finding in report.findings] == [(Code.CHANGED, 417)]
