"""The SQL of orders."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update

from app.approvals.approval import Order, State
from app.approvals.tables import order_subjects, orders
from app.storage.engine import Database, UnitOfWork


@dataclass(frozen=True, slots=True)
class Page:
    """Orders, newest first, and the id to go on from, if there are more."""

    items: list[Order]
    next: UUID | None


class OrderStore:
    """Rows of `orders` and `order_subjects`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, work: UnitOfWork, order: Order) -> None:
        """Adds a pending order."""
        await work.execute(
            insert(orders).values(
                tenant=work.tenant,
                id=order.id,
                purpose=order.purpose,
                case_reference=order.case,
                fields=json.dumps(sorted(order.fields)),
                state=order.state.value,
                requested_by=order.requested_by,
                requested_at=order.requested_at,
                expires_at=order.expires_at,
            )
        )
        await work.execute(
            insert(order_subjects),
            [
                {"tenant": work.tenant, "order_id": order.id, "subject": subject}
                for subject in sorted(order.subjects)
            ],
        )

    async def decide(
        self, work: UnitOfWork, order: UUID, before: Collection[State], after: State, by: UUID, now: datetime
    ) -> bool:
        """Moves an order that is still in one of these states and unexpired, by somebody else than its requester."""
        statement = update(orders).where(
            orders.c.tenant == work.tenant,
            orders.c.id == order,
            orders.c.state.in_([state.value for state in before]),
            orders.c.expires_at > now,
            orders.c.requested_by != by,
        )
        values = {"state": after.value, "decided_by": by, "decided_at": now}
        return bool((await work.execute(statement.values(**values))).rowcount)

    async def remove_person(self, work: UnitOfWork, subject: UUID) -> None:
        """Takes a person who is erased out of every order."""
        theirs = order_subjects.c.tenant == work.tenant, order_subjects.c.subject == subject
        await work.execute(delete(order_subjects).where(*theirs))

    async def by_id(self, tenant: str, order: UUID) -> Order | None:
        """One order."""
        found = await self._select(tenant, [orders.c.id == order], 1)
        return found[0] if found else None

    async def page(
        self, tenant: str, state: State | None, now: datetime, *, limit: int, after: UUID | None
    ) -> Page:
        """At most `limit` orders, newest first, older than `after`, in this state now."""
        conditions = [] if state is None else [_in_state(state, now)]
        if after is not None:
            conditions.append(orders.c.id < after)
        found = await self._select(tenant, conditions, limit + 1)
        return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)

    async def _select(self, tenant: str, conditions: list[ColumnElement[bool]], limit: int) -> list[Order]:
        statement = (
            select(orders)
            .where(orders.c.tenant == tenant, *conditions)
            .order_by(orders.c.id.desc())
            .limit(limit)
        )
        rows = await self._database.read(tenant, statement)
        if not rows:
            return []
        theirs = select(order_subjects.c.order_id, order_subjects.c.subject).where(
            order_subjects.c.tenant == tenant, order_subjects.c.order_id.in_([row.id for row in rows])
        )
        subjects: dict[UUID, set[UUID]] = {}
        for row in await self._database.read(tenant, theirs):
            subjects.setdefault(row.order_id, set()).add(row.subject)
        return [_order(row, frozenset(subjects.get(row.id, ()))) for row in rows]


def _in_state(state: State, now: datetime) -> ColumnElement[bool]:
    """The condition that `Order.state_at(now)` is this state."""
    if state is State.EXPIRED:
        decided = orders.c.state != State.REJECTED.value
        return and_(decided, orders.c.expires_at <= now)
    live = or_(orders.c.expires_at > now, orders.c.state == State.REJECTED.value)
    return and_(orders.c.state == state.value, live)


def _order(row: Row[Any], subjects: frozenset[UUID]) -> Order:
    return Order(
        id=row.id,
        purpose=row.purpose,
        case=row.case_reference,
        subjects=subjects,
        fields=frozenset(json.loads(row.fields)),
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        expires_at=row.expires_at,
        state=State(row.state),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
