"""The SQL of `audit_leaves`: which event is which leaf, 256 leaves a row.

A row an event, with an index each way, costs more than all the rest of sequencing (docs/adr/0010-sequencing-the-audit-log.md).
An event is found by its id in the row between whose oldest and newest id it is: one of very few, since ids begin with the time.
"""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from app.audit.tables import audit_leaves
from app.audit.tile import WIDTH
from app.audit.waiting import ID_BYTES, ids_in, stretches
from app.storage.engine import Database, UnitOfWork

_AT_ONCE: Final = 64
_LARGEST_ID: Final = (1 << 128) - 1
# Most events share their row with others of the same second. Looking for them in the rows of the following minute alone keeps
# the look-up from growing with the log; the few that committed later than that are looked for without a limit.
_SOON: Final = 60_000 << 80


class LeafStore:
    """Rows of `audit_leaves`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def at_edge(self, work: UnitOfWork, size: int) -> bytes | None:
        """The ids of the leaves that share the row of leaf `size`, one behind another; None when they are not as many as a tree
        of that size has there, or when something stands behind them.
        """
        rows = audit_leaves.c
        here, before = divmod(size, WIDTH)
        statement = select(rows.position, rows.ids).where(rows.tenant == work.tenant, rows.position >= here)
        found = {row.position: row.ids for row in await work.execute(statement.limit(2))}
        ids: bytes = found.pop(here, b"")
        return None if found or len(ids) != before * ID_BYTES else ids

    async def has_any(self, work: UnitOfWork, ids: Sequence[bytes]) -> bool:
        """Whether one of these events has a leaf already."""
        rows, wanted = audit_leaves.c, set(ids)
        near = [
            and_(rows.newest >= UUID(bytes=first), rows.oldest <= UUID(bytes=last))
            for first, last in stretches(ids)
        ]
        found = await work.execute(select(rows.ids).where(rows.tenant == work.tenant, or_(*near)))
        return not all(wanted.isdisjoint(ids_in(kept)) for kept in found.scalars())

    async def put(self, work: UnitOfWork, position: int, ids: Sequence[bytes]) -> None:
        """Writes the rows from `position` on, over the one that has grown."""
        statement = (sqlite if self._database.is_sqlite else postgresql).insert(audit_leaves)
        names = ("ids", "oldest", "newest")
        statement = statement.on_conflict_do_update(
            index_elements=list(audit_leaves.primary_key),
            set_={name: statement.excluded[name] for name in names},
        )
        parts = [ids[start : start + WIDTH] for start in range(0, len(ids), WIDTH)]
        rows = []
        for here, part in enumerate(parts, position):
            values = (b"".join(part), UUID(bytes=min(part)), UUID(bytes=max(part)))
            rows.append({"tenant": work.tenant, "position": here} | dict(zip(names, values, strict=True)))
        await work.execute(statement, rows)

    async def ids(
        self, tenant: str, start: int, end: int, rows: int | None = None
    ) -> list[tuple[int, bytes]]:
        """The ids of the leaves from `start` up to, not including, `end`, or of those in the first `rows` rows of them: for each
        row the first leaf and the ids one behind another.
        """
        leaves = audit_leaves.c
        statement = select(leaves.position, leaves.ids).where(
            leaves.tenant == tenant, leaves.position.between(start // WIDTH, (end - 1) // WIDTH)
        )
        found = []
        for position, ids in await self._database.read(
            tenant, statement.order_by(leaves.position).limit(rows)
        ):
            first = position * WIDTH
            skipped = max(0, start - first)
            last = min(WIDTH, end - first, len(ids) // ID_BYTES)
            found.append((first + skipped, ids[skipped * ID_BYTES : last * ID_BYTES]))
        return found

    async def indexes(self, tenant: str, events: Sequence[UUID]) -> dict[UUID, int]:
        """The leaves of those of the events, which are in the order of their ids, that have one."""
        found: dict[UUID, int] = {}
        # The newest first: what gets its leaf meanwhile is older than what had none, as its place in the log is.
        for start in reversed(range(0, len(events), _AT_ONCE)):
            part = events[start : start + _AT_ONCE]
            found |= await self._among(tenant, part, [_near(event, _SOON) for event in part])
            late = [event for event in part if event not in found]
            if late:
                found |= await self._among(tenant, late, [_near(event, _LARGEST_ID) for event in late])
        return found

    async def _among(
        self, tenant: str, events: Collection[UUID], where: Sequence[ColumnElement[bool]]
    ) -> dict[UUID, int]:
        rows = audit_leaves.c
        statement = select(rows.position, rows.ids).where(rows.tenant == tenant, or_(*where))
        wanted = {event.bytes: event for event in events}
        return {
            wanted[one]: position * WIDTH + offset
            for position, ids in await self._database.read(tenant, statement)
            for offset, one in enumerate(ids_in(ids))
            if one in wanted
        }


def _near(event: UUID, later: int) -> ColumnElement[bool]:
    rows = audit_leaves.c
    latest = UUID(int=min(event.int + later, _LARGEST_ID))
    return and_(rows.newest.between(event, latest), rows.oldest <= event)
