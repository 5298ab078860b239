"""The SQL of what callers have spent of their budgets."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from app.identity.tables import callers
from app.storage.engine import UnitOfWork
from app.vault.tables import budget_counts as counts
from app.vault.tables import spent_budgets as spent


class BudgetStore:
    """Rows of `spent_budgets` and `budget_counts`, those of the present hour."""

    async def spend(
        self, work: UnitOfWork, caller: UUID, hour: int, kind: str, items: Collection[str], most: int
    ) -> int | None:
        """Notes those of the items that are new, and says how many there are; None, and nothing noted, for more than `most`.

        Who is no caller is a customer, who meets nobody else: not counted. What this costs does not grow with what is spent.
        """
        # One at a time for a caller, so that two requests cannot both take what is left (SQLite has one writer anyway).
        turn = select(callers.c.id).where(callers.c.tenant == work.tenant, callers.c.id == caller)
        if (await work.execute(turn.with_for_update())).first() is None:
            return 0
        place = {"tenant": work.tenant, "caller": caller, "hour": hour, "kind": kind}
        this = [counts.c[name] == value for name, value in place.items()]
        these = [spent.c[name] == value for name, value in place.items()]
        before = (await work.execute(select(counts.c.spent).where(*this))).scalar()
        known = (await work.execute(select(spent.c.item).where(*these, spent.c.item.in_(items)))).scalars()
        new = set(items).difference(known)
        after = (before or 0) + len(new)
        if after > most:
            return None
        if before is None:
            await self._begin(work, caller, hour)
            await work.execute(insert(counts).values(**place, spent=after))
        elif new:
            await work.execute(update(counts).where(*this).values(spent=after))
        if new:
            await work.execute(insert(spent), [{**place, "item": item} for item in new])
        return after

    async def _begin(self, work: UnitOfWork, caller: UUID, hour: int) -> None:
        """Forgets what a caller has spent in the hours before."""
        for table in (spent, counts):
            mine = table.c.tenant == work.tenant, table.c.caller == caller
            await work.execute(delete(table).where(*mine, table.c.hour < hour))
