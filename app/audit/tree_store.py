"""The SQL of the tree: the lease, the leaf indexes, the tiles, the checkpoints and the facets.

What is done here under a lease names the fence it was given; a holder whose lease somebody else has taken meets `LeaseLost`
and changes nothing. Which event becomes which leaf is decided by one statement, `assign`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, func, insert, literal, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from app.audit.tables import audit_checkpoints, audit_events, audit_facets, audit_tiles, audit_trees
from app.audit.tile import TileId
from app.storage.engine import Database, UnitOfWork

# A holder that stops in the middle of a transaction must not hold the log for ever: PostgreSQL ends its session.
_LONGEST_PAUSE_MS: Final = "10000"
_COLUMNS: Final = (
    audit_events.c.action,
    audit_events.c.outcome,
    audit_events.c.purpose,
    audit_events.c.collection,
    audit_events.c.recipient,
    audit_events.c.case_reference,
    audit_events.c.notice_version,
)


class LeaseLost(Exception):
    """Another sequencer has taken the log over: whatever this one was about to do, it must not."""


@dataclass(frozen=True, slots=True)
class TreeState:
    """How many events are sequenced, under which fence, and until when the lease stands."""

    size: int
    fence: int
    lease_until: datetime


@dataclass(frozen=True, slots=True)
class Leaf:
    """A sequenced event: its place and its bytes."""

    index: int
    id: UUID
    body: bytes


@dataclass(frozen=True, slots=True)
class NewLeaf:
    """An event that has just been given its place, with what it can be asked by."""

    leaf: Leaf
    facets: str
    columns: Mapping[str, Any]


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
    """Rows of `audit_trees`, `audit_tiles`, `audit_checkpoints`, `audit_facets`, and the leaf of `audit_events`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self, tenant: str) -> TreeState | None:
        """Where the log stands; None when nobody has begun it."""
        trees = audit_trees.c
        statement = select(trees.size, trees.fence, trees.lease_until).where(trees.tenant == tenant)
        rows = await self._database.read(tenant, statement)
        return TreeState(*rows[0]) if rows else None

    async def is_waiting(self, tenant: str) -> bool:
        """Whether an event waits for its leaf."""
        waiting = select(audit_events.c.id).where(
            audit_events.c.tenant == tenant, audit_events.c.leaf.is_(None)
        )
        return bool(await self._database.read(tenant, waiting.limit(1)))

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

    async def hold(self, work: UnitOfWork, fence: int, until: datetime) -> None:
        """Locks the log for this transaction and prolongs the lease; `LeaseLost` when the fence is not the latest."""
        if not self._database.is_sqlite:
            await work.execute(
                select(func.set_config("idle_in_transaction_session_timeout", _LONGEST_PAUSE_MS, True))
            )
        prolong = update(audit_trees).where(audit_trees.c.tenant == work.tenant, audit_trees.c.fence == fence)
        if (await work.execute(prolong.values(lease_until=until))).rowcount != 1:
            raise LeaseLost

    async def let_go(self, tenant: str, fence: int, now: datetime) -> None:
        """Ends a lease before its time, if it is still this one."""
        release = update(audit_trees).where(audit_trees.c.tenant == tenant, audit_trees.c.fence == fence)
        async with self._database.bookkeeping(tenant) as work:
            await work.execute(release.values(lease_until=now))

    async def assign(self, work: UnitOfWork, largest: int) -> tuple[int, list[NewLeaf]]:
        """Gives the committed events without a leaf, at most `largest`, the next ones; the size before, and those events."""
        tenant = work.tenant
        trees = audit_trees.c
        size = int((await work.execute(select(trees.size).where(trees.tenant == tenant))).scalar_one())
        place = literal(size) - 1 + func.row_number().over(order_by=audit_events.c.id)
        waiting = (
            select(audit_events.c.id, place.label("leaf"))
            .where(audit_events.c.tenant == tenant, audit_events.c.leaf.is_(None))
            .order_by(audit_events.c.id)
            .limit(largest)
            .subquery("waiting")
        )
        chosen = (audit_events.c.tenant == tenant) & (audit_events.c.id == waiting.c.id)
        await work.execute(update(audit_events).values(leaf=waiting.c.leaf).where(chosen))
        found: Select[Any] = (
            select(
                audit_events.c.leaf, audit_events.c.id, audit_events.c.body, audit_events.c.facets, *_COLUMNS
            )
            .where(audit_events.c.tenant == tenant, audit_events.c.leaf >= size)
            .order_by(audit_events.c.leaf)
        )
        rows: Sequence[Any] = (await work.execute(found)).all()
        await work.execute(update(audit_trees).where(trees.tenant == tenant).values(size=size + len(rows)))
        names = [column.name for column in _COLUMNS]
        return size, [
            NewLeaf(Leaf(row[0], row[1], row[2]), row[3], dict(zip(names, row[4:], strict=True)))
            for row in rows
        ]

    async def tiles(
        self, tenant: str, wanted: Collection[TileId], work: UnitOfWork | None = None
    ) -> dict[TileId, bytes]:
        """Those of the wanted tiles that are there."""
        if not wanted:
            return {}
        tiles = audit_tiles.c
        statement = select(tiles.level, tiles.position, tiles.hashes).where(
            tiles.tenant == tenant, tuple_(tiles.level, tiles.position).in_([tuple(t) for t in wanted])
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

    async def put_facets(self, work: UnitOfWork, found: Iterable[tuple[str, UUID, UUID]]) -> None:
        """Stores where facets are to be found: facet, first and last id; what is known already is passed over."""
        rows = [
            {"tenant": work.tenant, "facet": facet, "first": first, "last": last}
            for facet, first, last in found
        ]
        await work.execute(self._or_nothing(audit_facets), rows)

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
        events = audit_events.c
        statement = (
            select(events.leaf, events.id, events.body)
            .where(events.tenant == tenant, events.leaf >= start, events.leaf < end, *conditions)
            .order_by(events.leaf)
            .limit(largest)
        )
        return [Leaf(*row) for row in await self._database.read(tenant, statement)]

    async def leaf_of(self, tenant: str, event: UUID) -> Leaf | None:
        """The event with its leaf; None when there is none, or it is not sequenced yet."""
        events = audit_events.c
        statement = select(events.leaf, events.id, events.body).where(
            events.tenant == tenant, events.id == event, events.leaf.is_not(None)
        )
        rows = await self._database.read(tenant, statement)
        return Leaf(*rows[0]) if rows else None

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

    async def checkpoints_after(self, tenant: str, size: int, largest: int) -> list[StoredCheckpoint]:
        """Checkpoints of more than `size` leaves, the smallest first, at most `largest` of them."""
        statement = _checkpoints(tenant).where(audit_checkpoints.c.size > size)
        rows = await self._database.read(tenant, statement.order_by(audit_checkpoints.c.size).limit(largest))
        return [StoredCheckpoint(*row) for row in rows]

    def _insert(self, table: Table) -> Any:
        return (sqlite if self._database.is_sqlite else postgresql).insert(table)

    def _or_nothing(self, table: Table) -> Any:
        return self._insert(table).on_conflict_do_nothing(index_elements=list(table.primary_key))


def _checkpoints(tenant: str) -> Select[Any]:
    columns = audit_checkpoints.c
    return select(columns.size, columns.at, columns.note, columns.cosignatures).where(
        columns.tenant == tenant
    )
