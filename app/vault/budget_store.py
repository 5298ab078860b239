"""The SQL of what callers have spent of their budgets."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, func, insert, select

from app.identity.tables import callers
from app.storage.engine import UnitOfWork
from app.vault.tables import spent_budgets as spent


class BudgetStore:
    """Rows of `spent_budgets`, those of the present hour."""

    async def spend(
        self, work: UnitOfWork, caller: UUID, hour: int, kind: str, items: Collection[str], most: int
    ) -> int | None:
        """Notes those of the items that are new, and says how many there are; None, and nothing noted, for more than `most`.

        Who is no caller is a customer, who meets nobody else: not counted.
        """
        # One at a time for a caller, so that two requests cannot both take what is left (SQLite has one writer anyway).
        turn = select(callers.c.id).where(callers.c.tenant == work.tenant, callers.c.id == caller)
        if (await work.execute(turn.with_for_update())).first() is None:
            return 0
        mine = (spent.c.tenant == work.tenant, spent.c.caller == caller)
        await work.execute(delete(spent).where(*mine, spent.c.hour < hour))
        these = (*mine, spent.c.hour == hour, spent.c.kind == kind)
        known = (await work.execute(select(spent.c.item).where(*these, spent.c.item.in_(items)))).scalars()
        new = set(items).difference(known)
        count = (await work.execute(select(func.count()).select_from(spent).where(*these))).scalar_one()
        if count + len(new) > most:
            return None
        row = {"tenant": work.tenant, "caller": caller, "hour": hour, "kind": kind}
        if new:
            await work.execute(insert(spent), [{**row, "item": item} for item in new])
        return int(count) + len(new)
