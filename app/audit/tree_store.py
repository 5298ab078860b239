"""The SQL of the tree: the lease, the tiles, the checkpoints, and the events by their leaves (which those are: `leaf_store`).

What is done here under a lease names the fence it was given; a holder whose lease somebody else has taken meets `LeaseLost`
and changes nothing. Which event becomes which leaf is decided in one place, `assign`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    Table,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from app.audit.leaf_store import LeafStore
from app.audit.tables import audit_checkpoints, audit_events, audit_tiles, audit_trees, audit_waiting
from app.audit.tile import WIDTH, TileId, hashes_of
from app.audit.tree import leaf_hashes
from app.audit.waiting import Waiting, ids_in, in_order, stretches
from app.storage.engine import Database, UnitOfWork

# A holder that stops in the middle of a transaction must not hold the log for ever: PostgreSQL ends its session.
_LONGEST_PAUSE_MS: Final = "10000"
# How many rows of 256 leaves are read at a time where it is not known how many of them are wanted.
_ROWS: Final = 4
_MOST_ROWS: Final = 64


class LogDamaged(Exception):
    """What is stored contradicts itself or what was signed: nothing more is signed until an operator has looked."""


class LeaseLost(Exception):
    """Another sequencer has taken the log over: whatever this one was about to do, it must not."""


@dataclass(frozen=True, slots=True)
class TreeState:
    """How many events are sequenced and signed over, under which fence, and until when the lease stands.

    `era` is part of the name of a log that began anew, at the size `began`.
    """

    size: int
    fence: int
    lease_until: datetime
    era: str
    began: int
    signed: int
    waiting: bool


class Assigned(NamedTuple):
    """What was waiting and has its leaves now, and their hashes in the leaves' order."""

    rows: list[Waiting]
    hashes: list[bytes]


class Leaf(NamedTuple):
    """A sequenced event: its place and its bytes."""

    index: int  # type: ignore[assignment]  # a name that tuples have for looking a value up, which nobody does here
    id: UUID
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A signed checkpoint as stored, and the cosignatures that witnesses have given since."""

    size: int
    at: datetime
    note: str
    cosignatures: str

    def __str__(self) -> str:
        return self.note + self.cosignatures


class TreeStore:
    """Rows of `audit_trees`, `audit_waiting`, `audit_tiles`, `audit_checkpoints`, and the events by their leaves."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._leaves = LeafStore(database)

    async def state(self, tenant: str) -> TreeState | None:
        """Where the log stands, in one look; None when nobody has begun it."""
        trees = audit_trees.c
        signed = select(func.max(audit_checkpoints.c.size)).where(audit_checkpoints.c.tenant == tenant)
        statement = select(
            trees.size,
            trees.fence,
            trees.lease_until,
            trees.era,
            trees.began,
            func.coalesce(signed.scalar_subquery(), 0),
            exists().where(audit_waiting.c.tenant == tenant),
        ).where(trees.tenant == tenant)
        rows = await self._database.read(tenant, statement)
        return TreeState(*rows[0]) if rows else None

    async def take(self, tenant: str, now: datetime, until: datetime) -> int | None:
        """A new fence, when the lease is free or has run out; None while another holds it."""
        begin = self._or_nothing(audit_trees).values(tenant=tenant, size=0, fence=0, lease_until=now)
        take = (
            update(audit_trees)
            .where(audit_trees.c.tenant == tenant, audit_trees.c.lease_until <= now)
            .values(fence=audit_trees.c.fence + 1, lease_until=until)
        )
        async with self._database.bookkeeping(tenant) as work:
            await work.execute(begin)
            if (await work.execute(take)).rowcount != 1:
                return None
            fence = select(audit_trees.c.fence).where(audit_trees.c.tenant == tenant)
            return int((await work.execute(fence)).scalar_one())

    async def hold(self, work: UnitOfWork, fence: int, until: datetime) -> int:
        """Locks the log for this transaction, prolongs the lease and says the tree's size; `LeaseLost` when the fence is old."""
        prolong = update(audit_trees).where(audit_trees.c.tenant == work.tenant, audit_trees.c.fence == fence)
        prolong = prolong.values(lease_until=until)
        size: Any = [audit_trees.c.size]
        if not self._database.is_sqlite:
            size += [func.set_config("idle_in_transaction_session_timeout", _LONGEST_PAUSE_MS, True)]
        held = (await work.execute(prolong.returning(*size))).first()
        if held is None:
            raise LeaseLost
        return int(held[0])

    async def let_go(self, tenant: str, fence: int, now: datetime) -> None:
        """Ends a lease before its time, if it is still this one."""
        release = update(audit_trees).where(audit_trees.c.tenant == tenant, audit_trees.c.fence == fence)
        async with self._database.bookkeeping(tenant) as work:
            await work.execute(release.values(lease_until=now))

    async def begin_again(self, work: UnitOfWork, era: str, now: datetime) -> int:
        """Gives the log its next name, from its present size on, which it returns; whoever sequences loses the lease."""
        trees = audit_trees.c
        begin = self._or_nothing(audit_trees).values(tenant=work.tenant, size=0, fence=0, lease_until=now)
        await work.execute(begin)
        again = {"fence": trees.fence + 1, "lease_until": now, "era": era, "began": trees.size}
        await work.execute(update(audit_trees).where(trees.tenant == work.tenant).values(again))
        return int((await work.execute(select(trees.size).where(trees.tenant == work.tenant))).scalar_one())

    async def assign(self, work: UnitOfWork, size: int, largest: int) -> Assigned:
        """Gives committed events that wait, at most `largest` rows of them, the leaves from `size` on, in the order of their ids.

        `LogDamaged` when a row is not as it was written, when one of its events has a leaf, or others stand where these belong.
        """
        waiting = audit_waiting.c
        of_tenant = waiting.tenant == work.tenant
        first = select(waiting.id).where(of_tenant).order_by(waiting.id).limit(largest)
        taken = delete(audit_waiting).where(of_tenant, waiting.id.in_(first))
        found = await work.execute(taken.returning(waiting.id, waiting.entries, waiting.words))
        rows = [Waiting(row.id, row.entries, row.words) for row in found]
        if not rows:
            return Assigned(rows, [])
        if not all(row.whole for row in rows):
            raise LogDamaged("what is said of events that wait for their leaves cannot be read")
        ids, hashes = in_order(rows)
        if len(set(ids)) < len(ids) or await self._leaves.has_any(work, ids):
            raise LogDamaged("an event that waits for its leaf has one")
        at_edge = await self._leaves.at_edge(work, size)
        if at_edge is None:
            raise LogDamaged("the events at the end of the tree are not as many as it has leaves")
        await self._leaves.put(work, size // WIDTH, [*ids_in(at_edge), *ids])
        trees = audit_trees.c
        grown = update(audit_trees).where(trees.tenant == work.tenant).values(size=size + len(hashes))
        await work.execute(grown)
        return Assigned(rows, hashes)

    async def hashes(self, tenant: str, start: int, end: int) -> bytes:
        """The leaf hashes of the events of these leaves, in order, from their bytes as they are now; none of one that is gone.

        PostgreSQL hashes them itself and gives all in one row: bytes that need not be sent cost a third.
        """
        ids = b"".join([ids for _, ids in await self._leaves.ids(tenant, start, end)])
        if self._database.is_sqlite:
            bodies = await self._bodies(tenant, ids)
            found = dict(zip(bodies, leaf_hashes(bodies.values()), strict=True))
        else:
            events = select(audit_events.c.id, audit_events.c.body).where(*_between(tenant, ids))
            one = events.order_by(audit_events.c.id).subquery("in_order").c
            hashed = func.sha256(literal(b"\x00", LargeBinary).op("||")(one.body))
            rows = await self._database.read(tenant, select(_joined(func.uuid_send(one.id)), _joined(hashed)))
            named, hashes = rows[0]
            if named == ids:
                return bytes(hashes)  # the events of one batch, and nothing between them
            found = dict(zip(ids_in(named or b""), hashes_of(hashes or b""), strict=True))
        return b"".join([found.get(event, b"") for event in ids_in(ids)])

    async def _bodies(
        self, tenant: str, ids: bytes, conditions: Sequence[ColumnElement[bool]] = ()
    ) -> dict[bytes, bytes]:
        """By id, those of some events that are there and meet the conditions; others may be among them."""
        events = audit_events.c
        statement = select(events.id, events.body).where(*_between(tenant, ids), *conditions)
        return {row.id.bytes: row.body for row in await self._database.read(tenant, statement)}

    async def tiles(
        self, tenant: str, wanted: Collection[TileId], work: UnitOfWork | None = None
    ) -> dict[TileId, bytes]:
        """Those of the wanted tiles that are there."""
        if not wanted:
            return {}
        tiles = audit_tiles.c
        statement = select(tiles.level, tiles.position, tiles.hashes).where(
            tiles.tenant == tenant,
            # Each by itself as well: SQLite finds no index for a list of pairs alone.
            tiles.level.in_({tile.level for tile in wanted}),
            tiles.position.in_({tile.position for tile in wanted}),
            tuple_(tiles.level, tiles.position).in_([tuple(t) for t in wanted]),
        )
        rows = (await work.execute(statement)).all() if work else await self._database.read(tenant, statement)
        return {TileId(row.level, row.position): row.hashes for row in rows}

    async def put_tiles(self, work: UnitOfWork, changed: Mapping[TileId, bytes]) -> None:
        """Stores tiles, over those that have grown."""
        statement = self._insert(audit_tiles)
        statement = statement.on_conflict_do_update(
            index_elements=list(audit_tiles.primary_key), set_={"hashes": statement.excluded.hashes}
        )
        rows = [
            {"tenant": work.tenant, "level": tile.level, "position": tile.position, "hashes": hashes}
            for tile, hashes in changed.items()
        ]
        await work.execute(statement, rows)

    async def leaves(
        self,
        tenant: str,
        start: int,
        end: int,
        *,
        conditions: Sequence[ColumnElement[bool]] = (),
        enough: int | None = None,
    ) -> list[Leaf]:
        """The events of these leaves that meet the conditions, in order; one that somebody has removed is not among them.

        Once `enough` are found it is not looked further.
        """
        rows = _ROWS if conditions or enough is None else -(-enough // WIDTH)
        found: list[Leaf] = []
        while (enough is None or len(found) < enough) and start < end:
            runs = await self._leaves.ids(tenant, start, end, rows)
            if not runs:
                break
            bodies = await self._bodies(tenant, b"".join([ids for _, ids in runs]), conditions)
            if rows and conditions and not bodies:
                rows = min(2 * rows, _MOST_ROWS)  # what is wanted is rare
            for first, ids in runs:
                for index, event in enumerate(ids_in(ids), first):
                    if event in bodies:
                        found.append(Leaf(index, UUID(bytes=event), bodies[event]))
            start = (runs[-1][0] // WIDTH + 1) * WIDTH
        return found

    async def leaf_of(self, tenant: str, event: UUID) -> Leaf | None:
        """The event with its leaf; None when there is none, or it is not sequenced yet."""
        body = (await self._bodies(tenant, event.bytes)).get(event.bytes)
        if body is None:
            return None
        index = (await self._leaves.indexes(tenant, [event])).get(event)
        return None if index is None else Leaf(index, event, body)

    async def add_checkpoint(self, work: UnitOfWork, size: int, note: str, now: datetime) -> None:
        """Stores a signed checkpoint; `Conflict` when there is one of this size."""
        row = {"tenant": work.tenant, "size": size, "at": now, "note": note}
        await work.execute(insert(audit_checkpoints), [row])

    async def add_cosignatures(self, tenant: str, size: int, cosignatures: str) -> None:
        """Keeps what witnesses have signed under a checkpoint."""
        checkpoints = audit_checkpoints.c
        statement = update(audit_checkpoints).where(checkpoints.tenant == tenant, checkpoints.size == size)
        async with self._database.bookkeeping(tenant) as work:
            await work.execute(statement.values(cosignatures=cosignatures))

    async def latest(self, tenant: str, *, cosigned: bool = False) -> StoredCheckpoint | None:
        """The newest checkpoint; with `cosigned`, the newest that a witness has signed too."""
        statement = _checkpoints(tenant).order_by(audit_checkpoints.c.size.desc()).limit(1)
        if cosigned:
            statement = statement.where(audit_checkpoints.c.cosignatures != "")
        rows = await self._database.read(tenant, statement)
        return StoredCheckpoint(*rows[0]) if rows else None

    async def checkpoint_of(self, tenant: str, size: int) -> StoredCheckpoint | None:
        """The checkpoint of exactly this size, if one was signed."""
        rows = await self._database.read(tenant, _checkpoints(tenant).where(audit_checkpoints.c.size == size))
        return StoredCheckpoint(*rows[0]) if rows else None

    async def checkpoints_after(self, tenant: str, size: int, largest: int) -> list[StoredCheckpoint]:
        """Checkpoints of more than `size` leaves under the log's present name, the smallest first, at most `largest`."""
        began = select(audit_trees.c.began).where(audit_trees.c.tenant == tenant).scalar_subquery()
        sizes = audit_checkpoints.c.size
        statement = _checkpoints(tenant).where(sizes > size, sizes > func.coalesce(began, 0))
        rows = await self._database.read(tenant, statement.order_by(audit_checkpoints.c.size).limit(largest))
        return [StoredCheckpoint(*row) for row in rows]

    def _insert(self, table: Table) -> Any:
        return (sqlite if self._database.is_sqlite else postgresql).insert(table)

    def _or_nothing(self, table: Table) -> Any:
        return self._insert(table).on_conflict_do_nothing(index_elements=list(table.primary_key))


def _joined(values: ColumnElement[Any]) -> ColumnElement[bytes]:
    return func.string_agg(values, literal(b"", LargeBinary), type_=LargeBinary)


def _between(tenant: str, ids: bytes) -> list[ColumnElement[bool]]:
    """The condition for the events with these ids, and maybe others: stretches of the index, each read at a go.

    Events of neighbouring leaves have neighbouring ids, but for those that committed late.
    """
    event = audit_events.c.id
    each = [UUID(bytes=first) for stretch in stretches(ids_in(ids)) for first in stretch]
    within = [event.between(first, last) for first, last in zip(each[::2], each[1::2], strict=True)]
    return [audit_events.c.tenant == tenant, or_(false(), *within)]


def _checkpoints(tenant: str) -> Select[Any]:
    columns = audit_checkpoints.c
    return select(columns.size, columns.at, columns.note, columns.cosignatures).where(
        columns.tenant == tenant
    )
