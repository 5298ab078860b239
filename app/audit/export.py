"""Giving the log away: all of it or what a filter finds, in leaf order, a bundle at a time, with what a verifier needs.

An export goes up to the newest checkpoint; what is sequenced after it is in the next one. Memory does not grow with the log.
"""

from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from typing import Final

from app.audit.checkpoint import parse_checkpoint
from app.audit.export_format import Csv, ExportedEvent, Form, Head, Ndjson, Ocsf
from app.audit.note import parse_note
from app.audit.proof import inclusion_ranges
from app.audit.query import Filter
from app.audit.tile import TileId, TileMissing, Tiles, leaf_tiles, tiles_of
from app.audit.tree import Range
from app.audit.tree_store import Leaf, TreeStore

_AT_ONCE: Final = 256


class Format(StrEnum):
    """How an export is written."""

    NDJSON = "ndjson"
    CSV = "csv"
    OCSF = "ocsf"


def form_of(name: Format) -> Form:
    """A writer for one export."""
    forms: dict[Format, type[Ndjson | Csv | Ocsf]] = {
        Format.NDJSON: Ndjson,
        Format.CSV: Csv,
        Format.OCSF: Ocsf,
    }
    return forms[name]()


class LogExporter:
    """Streams exports of a tenant's log."""

    def __init__(self, store: TreeStore) -> None:
        self._store = store

    async def export(self, tenant: str, wanted: Filter, form: Form) -> AsyncIterator[bytes]:
        """The export in pieces; with no condition in `wanted` it is complete, and needs no proof for each event."""
        conditions = wanted.conditions()
        head = await self._head(tenant, complete=not conditions)
        yield form.head(head)
        events, next_leaf = 0, 0
        while leaves := await self._store.leaves(
            tenant, next_leaf, head.size, conditions=conditions, enough=_AT_ONCE
        ):
            given = await (
                self._all(tenant, leaves) if head.complete else self._some(tenant, leaves, head.size)
            )
            yield b"".join(form.event(event) for event in given)
            events, next_leaf = events + len(leaves), leaves[-1].index + 1
        yield form.tail(events)

    async def _head(self, tenant: str, *, complete: bool) -> Head:
        newest = await self._store.latest(tenant)
        if newest is not None:
            origin = parse_checkpoint(parse_note(newest.note).text).origin
            return Head(origin, newest.size, complete, str(newest))
        state = await self._store.state(tenant)
        return Head("", state.size if state else 0, complete, "")

    async def _all(self, tenant: str, leaves: Sequence[Leaf]) -> list[ExportedEvent]:
        span = Range(leaves[0].index, leaves[-1].index + 1)
        tiles = Tiles(await self._store.tiles(tenant, leaf_tiles(span)))
        return [ExportedEvent(leaf.index, _held(tiles, leaf.index), None, leaf.body) for leaf in leaves]

    async def _some(self, tenant: str, leaves: Sequence[Leaf], size: int) -> list[ExportedEvent]:
        ranges = {leaf.index: inclusion_ranges(leaf.index, size) for leaf in leaves}
        needed = {tile for one in ranges.values() for tile in tiles_of(one)}
        tiles = Tiles(await self._store.tiles(tenant, needed | _own_tiles(leaves)))
        return [
            ExportedEvent(leaf.index, _held(tiles, leaf.index), _proof(tiles, ranges[leaf.index]), leaf.body)
            for leaf in leaves
        ]


def _own_tiles(leaves: Sequence[Leaf]) -> set[TileId]:
    return {tile for leaf in leaves for tile in leaf_tiles(Range(leaf.index, leaf.index + 1))}


def _held(tiles: Tiles, leaf: int) -> bytes:
    """What the tree holds; a damaged log is exported as it is, for the verifier to find."""
    try:
        return tiles.leaf(leaf)
    except TileMissing:
        return b""


def _proof(tiles: Tiles, ranges: Sequence[Range]) -> list[bytes]:
    try:
        return [tiles.hash(one) for one in ranges]
    except TileMissing:
        return []
