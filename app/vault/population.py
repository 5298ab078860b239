"""The SQL of going through a collection person by person, for those records on which a purpose is open."""

from collections.abc import AsyncGenerator, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select, tuple_

from app.storage.engine import Database
from app.subjects.binding import State
from app.subjects.tables import bindings
from app.vault.tables import records

_AT_ONCE: Final = 100


class Population:
    """Rows of `records`, read in the order of the people they are about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pages(
        self, tenant: str, collection: str, purpose: str | None
    ) -> AsyncGenerator[Sequence[tuple[UUID, UUID]], None]:
        """Person and record, a hundred at a time, a person's records side by side and oldest first.

        Only records on which the purpose is open; all of the collection for None.
        """
        order = (records.c.bucket, records.c.subject, records.c.id)
        chosen = select(*order).where(records.c.tenant == tenant, records.c.collection == collection)
        if purpose is not None:
            open_on_it = select(bindings.c.id).where(
                bindings.c.bucket == records.c.bucket,
                bindings.c.record == records.c.id,
                bindings.c.tenant == tenant,
                bindings.c.purpose == purpose,
                bindings.c.state == State.OPEN.value,
            )
            chosen = chosen.where(open_on_it.exists())
        # A tuple of plain values does not know how an id is written in this database.
        types = [column.type for column in order]
        after = (-1, UUID(int=0), UUID(int=0))
        while True:
            beyond = tuple_(*order) > tuple_(*after, types=types)
            page = chosen.where(beyond).order_by(*order).limit(_AT_ONCE)
            rows = await self._database.read(tenant, page)
            if rows:
                yield [(row.subject, row.id) for row in rows]
            if len(rows) < _AT_ONCE:
                return
            after = (rows[-1].bucket, rows[-1].subject, rows[-1].id)
