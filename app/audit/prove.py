"""Proofs out of the stored tiles: what a proof needs is read in one query, at any size of the log."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from app.audit.proof import consistency_ranges, inclusion_ranges
from app.audit.proof_file import ProofFile
from app.audit.tile import TileMissing, TilePath, Tiles, tiles_of, width_of
from app.audit.tree import HASH_BYTES, Range
from app.audit.tree_store import Leaf, StoredCheckpoint, TreeStore
from app.kernel.errors import Kind, VaultError

_DAMAGED: Final = "the log does not hold what this proof needs; tell the operator"


class LogProver:
    """Answers with proofs, checkpoints, tiles and entries of a tenant's log."""

    def __init__(self, store: TreeStore) -> None:
        self._store = store

    async def checkpoint(self, tenant: str) -> StoredCheckpoint | None:
        """The newest checkpoint; None when nothing is signed yet."""
        return await self._store.latest(tenant)

    async def consistency(self, tenant: str, old: int, new: int) -> list[bytes]:
        """The proof that the log's first `old` leaves begin its first `new`; ValueError unless 0 < old <= new."""
        return await self._hashes(tenant, consistency_ranges(old, new))

    async def root(self, tenant: str, size: int) -> bytes:
        """The root of the log's first `size` leaves; `unavailable` when the log is shorter."""
        return (await self._hashes(tenant, [Range(0, size)]))[0]

    async def inclusion(self, tenant: str, index: int, size: int) -> list[bytes]:
        """The proof that a leaf is in the tree of that size; ValueError when it is not below it."""
        return await self._hashes(tenant, inclusion_ranges(index, size))

    async def proof_file(self, tenant: str, event: UUID) -> ProofFile | None:
        """The event's proof under the newest checkpoint; None while it is not signed over, or when there is no such event."""
        leaf, newest = await self._store.leaf_of(tenant, event), await self._store.latest(tenant)
        if leaf is None or newest is None or leaf.index >= newest.size:
            return None
        proof = await self.inclusion(tenant, leaf.index, newest.size)
        return ProofFile(leaf.body, leaf.index, proof, str(newest))

    async def tile(self, tenant: str, asked: TilePath) -> bytes | None:
        """The tile or entry bundle of a path, if a signed tree has it; None otherwise."""
        newest = await self._store.latest(tenant)
        if newest is None or asked.width > width_of(asked.tile, newest.size):
            return None
        if asked.entries:
            return await self._entries(tenant, asked)
        found = await self._store.tiles(tenant, [asked.tile])
        hashes = found.get(asked.tile, b"")[: asked.width * HASH_BYTES]
        return hashes if len(hashes) == asked.width * HASH_BYTES else None

    async def _entries(self, tenant: str, asked: TilePath) -> bytes | None:
        start = asked.tile.position * 256
        leaves = await self._store.leaves(tenant, start, start + asked.width)
        return bundle(leaves) if len(leaves) == asked.width else None

    async def _hashes(self, tenant: str, ranges: Sequence[Range]) -> list[bytes]:
        tiles = Tiles(await self._store.tiles(tenant, tiles_of(ranges)))
        try:
            return [tiles.hash(leaves) for leaves in ranges]
        except TileMissing:
            raise VaultError(Kind.UNAVAILABLE, _DAMAGED) from None


def bundle(leaves: Sequence[Leaf]) -> bytes:
    """An entry bundle: each entry with its length in two bytes before it (C2SP tlog-tiles)."""
    return b"".join(len(leaf.body).to_bytes(2, "big") + leaf.body for leaf in leaves)
