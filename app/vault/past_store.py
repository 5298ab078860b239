"""The SQL of removing rows that say nothing any more: ended sessions, tokens past use, budgets of hours gone by.

Each is left a day beyond its end. That they were there is in the audit log. `budget_counts` is not removed here: a row a kind
for each caller, which its next hour replaces.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Table, delete, or_, select, tuple_

from app.identity.tables import sessions
from app.storage.engine import UnitOfWork
from app.vault.tables import spent_budgets, tokens

_LEFT: Final = timedelta(days=1)
_HOUR: Final = 3600


class Past(StrEnum):
    """What can be past."""

    SESSIONS = "sessions"
    TOKENS = "tokens"
    BUDGETS = "budgets"


_PAST: Final[Mapping[Past, tuple[Table, Callable[[datetime], ColumnElement[bool]]]]] = {
    Past.SESSIONS: (sessions, lambda end: or_(sessions.c.ended_at <= end, sessions.c.expires_at <= end)),
    Past.TOKENS: (tokens, lambda end: or_(tokens.c.retired_at <= end, tokens.c.expires_at <= end)),
    Past.BUDGETS: (spent_budgets, lambda end: spent_budgets.c.hour < int(end.timestamp()) // _HOUR),
}


async def remove_past(work: UnitOfWork, kind: Past, now: datetime, most: int) -> int:
    """Removes at most so many rows that have been past for a day; says how many there were."""
    table, past = _PAST[kind]
    key = tuple_(*table.primary_key.columns)
    chosen = select(*table.primary_key.columns).where(table.c.tenant == work.tenant, past(now - _LEFT))
    statement = delete(table).where(table.c.tenant == work.tenant, key.in_(chosen.limit(most)))
    return (await work.execute(statement)).rowcount
