"""The SQL of `audit_facets`: written batch by batch by the sequencer, and looked into by questions that no other index serves."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from app.audit.facet import block_of, ids_of, is_block
from app.audit.facet_places import Place
from app.audit.store import AuditStore
from app.audit.tables import audit_events, audit_facets
from app.storage.engine import Database, UnitOfWork

# How many blocks are looked into at a time: few to begin with, since a common word fills a page from one.
_FIRST: Final = 4
_MOST_BLOCKS: Final = 64
# PostgreSQL takes every stretch of ids for half a hundredth of the log: asked for many at once, it would read all of it.
_MOST_PLACES: Final = 32
# A word is the rarer the farther back so many of its places reach.
_REACH: Final = 64

Span = tuple[UUID | None, UUID | None]
"""The oldest and the newest id that can matter."""


class FacetStore:
    """Rows of `audit_facets`, and the pages of events found by them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, work: UnitOfWork, found: Sequence[Place]) -> None:
        """Stores places; those that are there already are passed over."""
        rows = [
            {"tenant": work.tenant, "facet": place.word, "first": place.first, "last": place.last}
            | {"whole": is_block(place.first, place.last)}
            for place in found
        ]
        if rows:
            insert = (sqlite if self._database.is_sqlite else postgresql).insert(audit_facets)
            key = list(audit_facets.primary_key)
            await work.execute(insert.on_conflict_do_nothing(index_elements=key), rows)

    async def page(
        self,
        store: AuditStore,
        tenant: str,
        words: Sequence[str],
        conditions: Sequence[ColumnElement[bool]],
        limit: int,
        span: Span,
    ) -> list[tuple[UUID, bytes]]:
        """As `AuditStore.page`, looking only where every word is to be found."""
        oldest, newest = span
        words = await self._rarest_first(tenant, words, newest)
        found: list[tuple[UUID, bytes]] = []
        at_once = _FIRST
        while places := await self._places(tenant, words, (oldest, newest)):
            rows = _few(places, at_once)
            last = rows[-1][0]
            floor, ceiling = ids_of(block_of(last.int))
            below = UUID(int=max(0, floor.int - 1))
            more = len(rows) < len(places) or len(places) == _MOST_PLACES
            if more and last != floor:
                # The block's other places are still to come, and may hold newer events than this one: all of it, or none.
                complete = [row for row in rows if row[0] > ceiling]
                rows, below = (complete, ceiling) if complete else ([(floor, ceiling)], below)
            found += await store.page(tenant, [_inside(rows), *conditions], limit - len(found))
            if len(found) == limit or not more:
                break
            newest, at_once = below, min(2 * at_once, _MOST_BLOCKS)
        return found

    async def _rarest_first(self, tenant: str, words: Sequence[str], newest: UUID | None) -> Sequence[str]:
        if len(words) == 1:
            return words
        place = audit_facets.c
        far = []
        for one in words:
            within = [place.tenant == tenant, place.facet == one]
            within += [place.first <= newest] if newest else []
            reached = select(place.first).where(*within).order_by(place.first.desc())
            far.append(reached.offset(_REACH).limit(1).scalar_subquery())
        (reach,) = await self._database.read(tenant, select(*far))
        nowhere = UUID(int=0)
        return [word for _, word in sorted(zip(reach, words, strict=True), key=lambda e: e[0] or nowhere)]

    async def _places(self, tenant: str, words: Sequence[str], span: Span) -> list[tuple[UUID, UUID]]:
        """The newest places of the first word in whose block every word is to be found; asked apart, so that no planner reads
        the events first.
        """
        oldest, newest = span
        place = audit_facets.alias("place")
        within = [place.c.tenant == tenant, place.c.facet == words[0]]
        within += [place.c.last >= oldest] if oldest else []
        within += [place.c.first <= newest] if newest else []
        for one in words[1:]:
            also = audit_facets.alias()
            near = also.c.first.between(place.c.first, place.c.last)
            beside = exists().where(also.c.tenant == tenant, also.c.facet == one, near)
            within.append(or_(place.c.whole.is_(False), beside))
        statement = select(place.c.first, place.c.last).where(*within).order_by(place.c.first.desc())
        rows = await self._database.read(tenant, statement.limit(_MOST_PLACES))
        return [(row.first, row.last) for row in rows]


def _few(places: Sequence[tuple[UUID, UUID]], blocks: int) -> Sequence[tuple[UUID, UUID]]:
    """The first places, of which at most so many are blocks."""
    met = 0
    for index, between in enumerate(places):
        met += is_block(*between)
        if met > blocks:
            return places[:index]
    return places


def _inside(places: Sequence[tuple[UUID, UUID]]) -> ColumnElement[bool]:
    event = audit_events.c.id
    alone = [first for first, last in places if first == last]
    parts = [event.between(first, last) for first, last in places if first != last]
    return or_(*parts, event.in_(alone)) if alone else or_(*parts)
