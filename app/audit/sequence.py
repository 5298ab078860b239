"""The sequencer: gives committed events their place in the tree, and signs what the tree has become.

Two steps, each a transaction that holds the log's lease by its fence:

1. `assign`: the events without a leaf, whatever their ids, get the next leaves; their hashes go into the tiles.
2. `sign`: what was committed is read and hashed again, compared with the tiles and with the checkpoints before it, then
   signed and stored. Only a stored checkpoint is published.

A sequencer may stop anywhere, and several may run: the order of leaves is durable before anything is signed over it, and is never
changed, so no two checkpoints contradict each other (docs/adr/0010-sequencing-the-audit-log.md).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.audit.checkpoint import Checkpoint, parse_checkpoint, sign_checkpoint
from app.audit.facet import is_block
from app.audit.facet_places import Place, places
from app.audit.facet_store import FacetStore
from app.audit.note import NoteInvalid, Signer, parse_note
from app.audit.tile import TileId, TileMissing, Tiles, edge, grown, leaf_tiles, tiles_of
from app.audit.tree import HASH_BYTES, Range
from app.audit.tree_store import Assigned, LeaseLost, LogDamaged, TreeState, TreeStore
from app.kernel.clock import Clock
from app.storage.engine import Database

_LEASE: Final = timedelta(seconds=10)
_REREAD: Final = 4096
_MOST_KNOWN: Final = 10_000

SignerOf = Callable[[str, str], Signer]
"""The signer of a tenant's log in its era."""

Published = Callable[[str, Signer], Awaitable[Sequence[Checkpoint]]]
"""The newest checkpoints of a tenant's log outside the database (`publish.Publishing.known`)."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did: how many events got a leaf, and whether a checkpoint was signed.

    `full` says that more events may wait; `elsewhere` that another sequencer holds the log.
    """

    events: int
    signed: bool
    full: bool = False
    elsewhere: bool = False


_NONE: Final = Assigned([], [])
_NOTHING: Final = Step(0, signed=False)
_ELSEWHERE: Final = Step(0, signed=False, elsewhere=True)


class Sequencer:
    """Sequences the logs of any number of tenants; may run in any number of processes.

    Without `signer_of` the tree grows and nothing is signed. `published` gives the newest checkpoints outside the database:
    against them, a database restored from an old backup is noticed before a contradiction is signed.
    """

    def __init__(
        self,
        database: Database,
        store: TreeStore,
        clock: Clock,
        signer_of: SignerOf | None,
        published: Published,
        *,
        largest_batch: int = 1024,
    ) -> None:
        self._database = database
        self._store = store
        self._facets = FacetStore(database)
        self._clock = clock
        self._signer_of = signer_of
        self._published = published
        self._largest_batch = largest_batch
        self._fences: dict[str, int] = {}
        self._known: dict[str, frozenset[Place]] = {}

    async def step(self, tenant: str) -> Step:
        """Sequences one batch and signs; nothing, for one look, when nothing is to do or another sequencer holds the log.

        `LogDamaged` when the log contradicts itself; `NotPublished` when no place outside can be asked before the first
        signature; `DatabaseUnavailable` when the database cannot answer.
        """
        state = await self._store.state(tenant)
        if state and self._is_elsewhere(tenant, state):
            return _ELSEWHERE
        if state and not state.waiting and not self._is_unsigned(state):
            return _NOTHING
        fence = await self._fence(tenant, state)
        if fence is None:
            return _ELSEWHERE
        try:
            rows, hashes = await self._assign(tenant, fence) if state is None or state.waiting else _NONE
            signed = await self._sign(tenant, fence, state.era if state else "")
            return Step(len(hashes), signed, full=len(rows) == self._largest_batch)
        except LeaseLost:
            self._fences.pop(tenant, None)
            return _ELSEWHERE
        except TileMissing as missing:
            raise LogDamaged(str(missing)) from None

    async def let_go(self) -> None:
        """Gives the leases back, so that another sequencer need not wait for them to run out."""
        for tenant, fence in self._fences.items():
            await self._store.let_go(tenant, fence, self._clock.now())
        self._fences.clear()

    def _is_elsewhere(self, tenant: str, state: TreeState) -> bool:
        return self._fences.get(tenant) != state.fence and state.lease_until > self._clock.now()

    def _is_unsigned(self, state: TreeState) -> bool:
        return self._signer_of is not None and state.size > state.signed

    async def _fence(self, tenant: str, state: TreeState | None) -> int | None:
        """The fence this sequencer holds the log by; a new one when it has none or another has raised it since."""
        if state is None or self._fences.get(tenant) != state.fence:
            self._fences.pop(tenant, None)
            self._known.pop(tenant, None)
            now = self._clock.now()
            fence = await self._store.take(tenant, now, now + _LEASE)
            if fence is not None:
                self._fences[tenant] = fence
        return self._fences.get(tenant)

    async def _assign(self, tenant: str, fence: int) -> Assigned:
        async with self._database.bookkeeping(tenant) as work:
            size = await self._store.hold(work, fence, self._clock.now() + _LEASE)
            rows, hashes = await self._store.assign(work, size, self._largest_batch)
            if not rows:
                return _NONE
            at_edge = await self._store.tiles(tenant, edge(size), work)
            await self._store.put_tiles(work, grown(size, at_edge, hashes))
            known = self._known.get(tenant, frozenset())
            found = places(rows, known)
            await self._facets.put(work, found)
        blocks = {place for place in found if is_block(place.first, place.last)}
        self._known[tenant] = known | blocks if len(known) < _MOST_KNOWN else frozenset(blocks)
        return Assigned(rows, hashes)

    async def _sign(self, tenant: str, fence: int, era: str) -> bool:
        """What is read here is committed, and nobody changes it: the transaction is needed for the fence alone."""
        if self._signer_of is None:
            return False
        signer = self._signer_of(tenant, era)
        # The size is read last: a sequencer that has taken over may sign meanwhile, and that is no contradiction.
        published, signed = await self._published(tenant, signer), await self._signed(tenant)
        state = await self._store.state(tenant)
        if state is None or state.era != era or state.size == (signed.size if signed else 0):
            return False
        earlier = [*([signed] if signed else []), *published]
        root = await self._checked(tenant, state.size, signed.size if signed else 0, earlier)
        note = sign_checkpoint(signer, Checkpoint(signer.key.name, state.size, root))
        now = self._clock.now()
        async with self._database.bookkeeping(tenant) as work:
            await self._store.hold(work, fence, now + _LEASE)
            await self._store.add_checkpoint(work, state.size, str(note), now)
        return True

    async def _signed(self, tenant: str) -> Checkpoint | None:
        stored = await self._store.latest(tenant)
        try:
            return parse_checkpoint(parse_note(str(stored)).text) if stored else None
        except NoteInvalid:
            raise LogDamaged("the newest checkpoint in the database cannot be read") from None

    async def _checked(self, tenant: str, size: int, since: int, earlier: Sequence[Checkpoint]) -> bytes:
        """The root of the tree, which continues every earlier checkpoint and holds the events stored from `since` on."""
        if any(checkpoint.size > size for checkpoint in earlier):
            raise LogDamaged("the log is shorter than a checkpoint that was signed")
        ends = [*range(since + _REREAD, size, _REREAD), size]
        parts = [Range(start, end) for start, end in zip([since, *ends], ends, strict=False)]
        whole, before = Range(0, size), [Range(0, checkpoint.size) for checkpoint in earlier]
        # Most often there is one part: its tiles come with those of the tree.
        tiles = await self._tiles(tenant, tiles_of([whole, *before]) | leaf_tiles(parts[0]))
        if any(tiles.hash(part) != one.root for part, one in zip(before, earlier, strict=True)):
            raise LogDamaged("the tree contradicts a checkpoint that was signed")
        root = tiles.hash(whole)
        await self._reread(tenant, parts[0], tiles)
        for part in parts[1:]:
            await self._reread(tenant, part, await self._tiles(tenant, leaf_tiles(part)))
        return root

    async def _tiles(self, tenant: str, wanted: set[TileId]) -> Tiles:
        return Tiles(await self._store.tiles(tenant, wanted))

    async def _reread(self, tenant: str, leaves: Range, tiles: Tiles) -> None:
        hashes = await self._store.hashes(tenant, leaves.start, leaves.end)
        if len(hashes) < (leaves.end - leaves.start) * HASH_BYTES:
            raise LogDamaged("a sequenced event is gone")
        if hashes != tiles.leaves(leaves):
            raise LogDamaged("a sequenced event is not what was hashed")
