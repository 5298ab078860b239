"""Tree, tiles and proofs against a plain reading of RFC 6962, for every tree up to 256 leaves."""

from collections.abc import Iterable
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.audit.proof import (
    ProofInvalid,
    check_consistency,
    check_inclusion,
    consistency_ranges,
    inclusion_ranges,
)
from app.audit.tile import (
    TileId,
    TileMissing,
    TilePath,
    Tiles,
    edge,
    grown,
    leaf_tiles,
    parse_path,
    path_of,
    tiles_of,
    width_of,
)
from app.audit.tree import EMPTY_ROOT, Range, RootHasher, leaf_hash

LARGEST = 256
LEAVES = [leaf_hash(str(n).encode()) for n in range(70_000)]


@cache
def mth(start: int, end: int) -> bytes:
    """RFC 6962 section 2.1, word by word."""
    n = end - start
    if n == 0:
        return sha256(b"").digest()
    if n == 1:
        return LEAVES[start]
    k = 1
    while k * 2 < n:
        k *= 2
    return sha256(b"\x01" + mth(start, start + k) + mth(start + k, end)).digest()


def path(m: int, start: int, end: int) -> list[bytes]:
    """RFC 6962 section 2.1.1, word by word."""
    n = end - start
    if n == 1:
        return []
    k = 1
    while k * 2 < n:
        k *= 2
    if m < k:
        return [*path(m, start, start + k), mth(start + k, end)]
    return [*path(m - k, start + k, end), mth(start, start + k)]


def subproof(m: int, start: int, end: int, whole: bool) -> list[bytes]:
    """RFC 6962 section 2.1.2, word by word."""
    n = end - start
    if m == n:
        return [] if whole else [mth(start, end)]
    k = 1
    while k * 2 < n:
        k *= 2
    if m <= k:
        return [*subproof(m, start, start + k, whole), mth(start + k, end)]
    return [*subproof(m - k, start + k, end, whole=False), mth(start, start + k)]


def tree(*sizes: int) -> dict[TileId, bytes]:
    """The tiles of a tree grown in steps."""
    kept: dict[TileId, bytes] = {}
    size = 0
    for step in sizes:
        kept |= grown(size, {tile: kept[tile] for tile in edge(size)}, LEAVES[size : size + step])
        size += step
    return kept


def hashes(tiles: Tiles, ranges: Iterable[Range]) -> list[bytes]:
    return [tiles.hash(one) for one in ranges]


def test_every_inclusion_proof_up_to_256() -> None:
    tiles = Tiles(tree(LARGEST))
    for size in range(1, LARGEST + 1):
        root = tiles.hash(Range(0, size))
        assert root == mth(0, size)
        for index in range(size):
            proof = hashes(tiles, inclusion_ranges(index, size))
            assert proof == path(index, 0, size)
            check_inclusion(LEAVES[index], index, size, root, proof)


def test_every_consistency_proof_up_to_256() -> None:
    tiles = Tiles(tree(LARGEST))
    for new in range(1, LARGEST + 1):
        for old in range(1, new + 1):
            proof = hashes(tiles, consistency_ranges(old, new))
            assert proof == subproof(old, 0, new, whole=True)
            check_consistency(old, new, mth(0, old), mth(0, new), proof)


@given(st.data())
@settings(deadline=None)
def test_a_proof_proves_nothing_else(data: st.DataObject) -> None:
    tiles = Tiles(tree(LARGEST))
    size = data.draw(st.integers(2, LARGEST))
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index))
    proof = hashes(tiles, inclusion_ranges(index, size))
    with pytest.raises(ProofInvalid):
        check_inclusion(LEAVES[other], index, size, mth(0, size), proof)
    with pytest.raises(ProofInvalid):
        check_inclusion(LEAVES[index], other, size, mth(0, size), proof)
    changed = data.draw(st.integers(0, len(proof) - 1))
    proof[changed] = bytes([proof[changed][0] ^ 1]) + proof[changed][1:]
    with pytest.raises(ProofInvalid):
        check_inclusion(LEAVES[index], index, size, mth(0, size), proof)


@given(st.lists(st.integers(1, 700), min_size=1, max_size=12))
@settings(deadline=None, max_examples=40)
def test_tiles_do_not_depend_on_the_steps_in_which_they_grew(steps: list[int]) -> None:
    assert tree(*steps) == tree(sum(steps))


def test_a_tree_of_70000_is_the_one_of_the_specification() -> None:
    """The example of C2SP tlog-tiles, section Partial Tiles."""
    kept = tree(300, 69_700)
    widths = {
        level: [len(h) // 32 for t, h in sorted(kept.items()) if t.level == level] for level in range(4)
    }
    assert widths == {0: [256] * 273 + [112], 1: [256, 17], 2: [1], 3: []}
    hasher = RootHasher()
    for leaf in LEAVES:
        hasher.add(leaf)
    assert Tiles(kept).hash(Range(0, 70_000)) == hasher.root() == mth(0, 70_000)


def test_a_proof_in_a_large_tree_reads_a_few_tiles() -> None:
    size = 1_000_003
    assert len(tiles_of(inclusion_ranges(123_456, size))) <= 8
    assert len(tiles_of(consistency_ranges(777_777, size))) <= 8


def test_proofs_from_tiles_across_levels() -> None:
    kept = tree(70_000)
    for index, size in ((0, 70_000), (65_535, 65_536), (65_536, 69_999), (69_999, 70_000), (300, 513)):
        ranges = inclusion_ranges(index, size)
        read = Tiles({tile: kept[tile] for tile in tiles_of(ranges)})
        check_inclusion(LEAVES[index], index, size, mth(0, size), hashes(read, ranges))
    ranges = consistency_ranges(511, 69_999)
    read = Tiles({tile: kept[tile] for tile in tiles_of(ranges)})
    check_consistency(511, 69_999, mth(0, 511), mth(0, 69_999), hashes(read, ranges))


def test_the_empty_tree_and_numbers_outside_a_tree() -> None:
    assert Tiles({}).hash(Range(0, 0)) == RootHasher().root() == EMPTY_ROOT
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError, match="not in a tree"):
            inclusion_ranges(index, size)
    for old, new in ((0, 5), (6, 5), (-1, 5)):
        with pytest.raises(ValueError, match="0 < old <= new"):
            consistency_ranges(old, new)


def test_a_tree_with_a_damaged_edge_does_not_grow() -> None:
    kept = tree(300)
    whole = {tile: kept[tile] for tile in edge(300)}
    for tile, kept_hashes in whole.items():
        for damaged in (kept_hashes[:-32], kept_hashes + bytes(32), b""):
            with pytest.raises(TileMissing):
                grown(300, {**whole, tile: damaged}, LEAVES[300:301])


def test_a_missing_tile_is_noticed_when_hashing() -> None:
    kept = tree(300)
    for tile in tiles_of([Range(0, 300)]):
        with pytest.raises(TileMissing):
            Tiles({other: h for other, h in kept.items() if other != tile}).hash(Range(0, 300))
    with pytest.raises(TileMissing):
        Tiles(kept).leaves(Range(299, 301))


def test_which_tiles_hold_which_leaves() -> None:
    assert leaf_tiles(Range(255, 257)) == {TileId(0, 0), TileId(0, 1)}
    assert leaf_tiles(Range(0, 256)) == {TileId(0, 0)}
    assert leaf_tiles(Range(7, 7)) <= {TileId(0, 0)}
    assert [width_of(TileId(0, 1), size) for size in (256, 257, 512, 9999)] == [0, 1, 256, 256]


@given(st.integers(0, 10**15), st.integers(0, 63), st.integers(1, 256), st.booleans())
def test_paths_are_read_as_they_are_written(index: int, level: int, width: int, entries: bool) -> None:
    asked = TilePath(TileId(0 if entries else level, index), width, entries)
    assert parse_path(path_of(asked)) == asked


def test_the_path_of_the_specification() -> None:
    assert path_of(TilePath(TileId(3, 1234067), 256, entries=False)) == "3/x001/x234/067"
    assert path_of(TilePath(TileId(0, 5), 12, entries=True)) == "entries/005.p/12"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0/0",
        "0/0000",
        "00/000",
        "64/000",
        "0/001/234",
        "0/x000/001",
        "0/x001",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/000.p/",
        "entries/000/",
        "0/000\n",
        "../000",
        "0/" + "x999/" * 20 + "999",
        "٠/000",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not the path of a tile"):
        parse_path(path)
