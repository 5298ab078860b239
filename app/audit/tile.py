"""Tiles: how the tree's hashes are kept and served (C2SP tlog-tiles).

A tile is 256 consecutive hashes of every eighth height, fewer at the right edge. Tiles only grow, so the tiles of a log hold
every smaller tree of it too, and a proof needs a few of them at any size. Decides layout and names; rows are `tree_store`'s.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from app.audit.tree import HASH_BYTES, Node, Range, joined, perfect, subtrees

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
_PATH: Final = re.compile(
    r"(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)
_HIGHEST_LEVEL: Final = 63
_MOST_DIGITS: Final = 18


class TileId(NamedTuple):
    """Which tile: its level (heights 8·level up to 8·level + 7) and its place in the level."""

    level: int
    position: int


class TileMissing(LookupError):
    """A tile that the tree of this size must have is not there, or is too short: the log is damaged."""


class TilePath(NamedTuple):
    """What a path asks for: a tile, or the entries under it when `entries`, and how many of the 256."""

    tile: TileId
    width: int
    entries: bool


class Tiles:
    """Hashes read out of tiles that have been loaded."""

    def __init__(self, loaded: Mapping[TileId, bytes]) -> None:
        self._loaded = loaded

    def hash(self, leaves: Range) -> bytes:
        """The hash of a range of a proof or of a whole tree; `TileMissing` when a tile for it is not there."""
        return joined([self._node(node) for node in subtrees(leaves)])

    def leaf(self, index: int) -> bytes:
        """One leaf hash; `TileMissing` when it is not there."""
        return self._node(Node(0, index))

    def leaves(self, leaves: Range) -> bytes:
        """The leaf hashes of a range, one behind another; `TileMissing` when one is not there."""
        first = leaves.start // WIDTH * WIDTH
        kept = b""
        for tile in sorted(leaf_tiles(leaves)):
            kept += self._loaded.get(tile, b"")[: WIDTH * HASH_BYTES]
            if len(kept) < (min(leaves.end, (tile.position + 1) * WIDTH) - first) * HASH_BYTES:
                raise TileMissing("a tile of the tree is missing or too short")
        return kept[(leaves.start - first) * HASH_BYTES : (leaves.end - first) * HASH_BYTES]

    def _node(self, node: Node) -> bytes:
        tile = tile_of(node)
        below = 1 << node.height % HEIGHT
        first = node.position * below % WIDTH * HASH_BYTES
        kept = self._loaded.get(tile, b"")[first : first + below * HASH_BYTES]
        if len(kept) != below * HASH_BYTES:
            raise TileMissing("a tile of the tree is missing or too short")
        return perfect(hashes_of(kept))


def tile_of(node: Node) -> TileId:
    """The tile that has the hash of a node, or those it is made of."""
    level, rest = divmod(node.height, HEIGHT)
    return TileId(level, node.position >> HEIGHT - rest)


def tiles_of(ranges: Iterable[Range]) -> set[TileId]:
    """The tiles that hashing these ranges reads."""
    return {tile_of(node) for leaves in ranges for node in subtrees(leaves)}


def leaf_tiles(leaves: Range) -> set[TileId]:
    """The tiles of level 0 that hold these leaves."""
    return {TileId(0, index) for index in range(leaves.start // WIDTH, -(-leaves.end // WIDTH))}


def width_of(tile: TileId, size: int) -> int:
    """How many hashes a tile has in a tree of `size` leaves: 0 to 256."""
    return max(0, min(WIDTH, (size >> HEIGHT * tile.level) - tile.position * WIDTH))


def edge(size: int) -> list[TileId]:
    """The tiles at the right edge of a tree that are begun and not full: where it grows on."""
    found = []
    for level in range(size.bit_length() // HEIGHT + 1):
        tile = TileId(level, size >> HEIGHT * (level + 1))
        if width_of(tile, size):
            found.append(tile)
    return found


def grown(size: int, at_edge: Mapping[TileId, bytes], leaves: Sequence[bytes]) -> dict[TileId, bytes]:
    """The tiles that change when leaf hashes are added to a tree of `size`; `TileMissing` when the edge is not whole."""
    for tile in edge(size):
        if len(at_edge.get(tile, b"")) != width_of(tile, size) * HASH_BYTES:
            raise TileMissing("a tile at the edge of the tree is missing or has another width")
    changed: dict[TileId, bytes] = {}
    level, first, hashes = 0, size, list(leaves)
    while hashes:
        above: list[bytes] = []
        for tile, part in _by_tile(level, first, hashes):
            changed[tile] = at_edge.get(tile, b"") + b"".join(part)
            if len(changed[tile]) == WIDTH * HASH_BYTES:
                above.append(perfect(hashes_of(changed[tile])))
        level, first, hashes = level + 1, first // WIDTH, above
    return changed


def _by_tile(level: int, first: int, hashes: Sequence[bytes]) -> Iterable[tuple[TileId, Sequence[bytes]]]:
    done = 0
    while done < len(hashes):
        index, offset = divmod(first + done, WIDTH)
        part = hashes[done : done + WIDTH - offset]
        yield TileId(level, index), part
        done += len(part)


def hashes_of(tile: bytes) -> list[bytes]:
    """The hashes of a tile, in order."""
    return [tile[i : i + HASH_BYTES] for i in range(0, len(tile), HASH_BYTES)]


def path_of(asked: TilePath) -> str:
    """The path below `tile/`: `0/x001/x234/067.p/12`, `entries/000`."""
    digits = str(asked.tile.position)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    index = "/".join([*("x" + group for group in groups[:-1]), groups[-1]])
    level = "entries" if asked.entries else str(asked.tile.level)
    return f"{level}/{index}" + (f".p/{asked.width}" if asked.width < WIDTH else "")


def parse_path(path: str) -> TilePath:
    """The inverse of `path_of`; ValueError for anything it does not write."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise ValueError("not the path of a tile")
    digits = found["index"].replace("x", "").replace("/", "")
    entries = found["level"] == "entries"
    level = 0 if entries else int(found["level"])
    if len(digits) > _MOST_DIGITS or level > _HIGHEST_LEVEL:
        raise ValueError("not the path of a tile")
    asked = TilePath(TileId(level, int(digits)), int(found["width"] or WIDTH), entries)
    if path_of(asked) != path:
        raise ValueError("not the path of a tile")
    return asked
