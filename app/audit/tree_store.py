"""The SQL of the tree: the lease, the leaf indexes, the tiles and the checkpoints.

What is done here under a lease names the fence it was given; a holder whose lease somebody else has taken meets `LeaseLost`
and changes nothing. Which event becomes which leaf is decided by one statement, `assign`.
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
    func,
    insert,
    literal,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import NullType

from app.audit.tables import (
    audit_checkpoints,
    audit_events,
    audit_leaves,
    audit_tiles,
    audit_trees,
    audit_waiting,
)
from app.audit.tile import TileId
from app.audit.tree import HASH_BYTES, leaf_hashes
from app.storage.engine import Database, UnitOfWork

# A holder that stops in the middle of a transaction must not hold the log for ever: PostgreSQL ends its session.
_LONGEST_PAUSE_MS: Final = "10000"
_LEAF: Final = audit_leaves.c.leaf
_SAME_EVENT: Final = (audit_events.c.tenant == audit_leaves.c.tenant) & (
    audit_events.c.id == audit_leaves.c.id
)
_LEAVES: Final = select(_LEAF, audit_events.c.id, audit_events.c.body).join_from(
    audit_leaves, audit_events, _SAME_EVENT
)

_BODIES: Final = select(audit_events.c.body).join_from(audit_leaves, audit_events, _SAME_EVENT)


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
    """Rows of `audit_trees`, `audit_leaves`, `audit_waiting`, `audit_tiles`, `audit_checkpoints`."""

    def __init__(self, database: Database) -> None:
        self._database = database

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

    async def assign(self, work: UnitOfWork, size: int, largest: int) -> bytes:
        """Gives committed events that wait, at most `largest`, the leaves from `size` on; their leaf hashes, joined.

        `LogDamaged` when one of them is gone, or others stand beyond the tree; `Conflict` when one stands where these belong.
        """
        tenant = work.tenant
        trees = audit_trees.c
        waiting = (
            select(
                literal(tenant),
                literal(size) - 1 + func.row_number().over(order_by=audit_waiting.c.id),
                audit_waiting.c.id,
            )
            .where(audit_waiting.c.tenant == tenant)
            .order_by(audit_waiting.c.id)
            .limit(largest)
        )
        given = await work.execute(insert(audit_leaves).from_select(["tenant", "leaf", "id"], waiting))
        new = (audit_leaves.c.tenant == tenant) & (audit_leaves.c.leaf >= size)
        placed = audit_waiting.c.id.in_(select(audit_leaves.c.id).where(new))
        await work.execute(delete(audit_waiting).where(audit_waiting.c.tenant == tenant, placed))
        grown = size + given.rowcount
        hashes = await self._hashes(work, new)
        if len(hashes) > given.rowcount * HASH_BYTES:
            raise LogDamaged("events stand beyond the end of the tree")
        if len(hashes) < given.rowcount * HASH_BYTES:
            raise LogDamaged("an event that waited for its leaf is gone")
        await work.execute(update(audit_trees).where(trees.tenant == tenant).values(size=grown))
        return hashes

    async def _hashes(self, work: UnitOfWork, leaves: ColumnElement[bool]) -> bytes:
        """The leaf hashes in the leaves' order. What is signed is hashed here again, from bytes read again (`bodies`)."""
        if self._database.is_sqlite:
            found = await work.execute(_BODIES.where(leaves).order_by(_LEAF))
            return b"".join(leaf_hashes(found.scalars().all()))
        entry = literal(b"\x00").op("||")(audit_events.c.body)
        hashed = _in_order(func.sha256(entry), leaves)
        joined = select(func.string_agg(hashed, literal(b""), type_=LargeBinary))
        return (await work.execute(joined)).scalar_one() or b""

    async def bodies(self, tenant: str, start: int, end: int) -> list[bytes]:
        """The bytes of the events of these leaves, in order; of one that somebody has removed there are none."""
        leaves = (audit_leaves.c.tenant == tenant) & _LEAF.between(start, end - 1)
        if self._database.is_sqlite:
            return [
                row[0] for row in await self._database.read(tenant, _BODIES.where(leaves).order_by(_LEAF))
            ]
        # One row that holds them all: a row an event costs more than hashing it.
        body = _in_order(audit_events.c.body, leaves)
        rows = await self._database.read(tenant, select(func.array_agg(body, type_=NullType)))
        return rows[0][0] or []

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
        largest: int | None = None,
    ) -> list[Leaf]:
        """The events of these leaves that meet the conditions, in order; one that somebody has removed is not among them."""
        statement = (
            _LEAVES.where(audit_leaves.c.tenant == tenant, _LEAF.between(start, end - 1), *conditions)
            .order_by(_LEAF)
            .limit(largest)
        )
        return [Leaf(*row) for row in await self._database.read(tenant, statement)]

    async def leaf_of(self, tenant: str, event: UUID) -> Leaf | None:
        """The event with its leaf; None when there is none, or it is not sequenced yet."""
        statement = _LEAVES.where(audit_leaves.c.tenant == tenant, audit_leaves.c.id == event)
        rows = await self._database.read(tenant, statement)
        return Leaf(*rows[0]) if rows else None

    async def leaf_under_newest(self, tenant: str, event: UUID) -> tuple[Leaf, StoredCheckpoint] | None:
        """The event with its leaf, and the newest checkpoint, in one look; None when either is not there."""
        newest = _checkpoints(tenant).order_by(audit_checkpoints.c.size.desc()).limit(1).subquery("newest")
        statement = (
            _LEAVES.add_columns(*newest.c)
            .join(newest, true())
            .where(audit_leaves.c.tenant == tenant, audit_leaves.c.id == event)
        )
        rows = await self._database.read(tenant, statement)
        return (Leaf(*rows[0][:3]), StoredCheckpoint(*rows[0][3:])) if rows else None

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


def _in_order(what: ColumnElement[Any], leaves: ColumnElement[bool]) -> ColumnElement[Any]:
    """What an aggregate is made of, in the leaves' order, which the index has: ORDER BY in the aggregate would sort again."""
    return (
        _BODIES.with_only_columns(what.label("one")).where(leaves).order_by(_LEAF).subquery("in_order").c.one
    )


def _checkpoints(tenant: str) -> Select[Any]:
    columns = audit_checkpoints.c
    return select(columns.size, columns.at, columns.note, columns.cosignatures).where(
        columns.tenant == tenant
    )
