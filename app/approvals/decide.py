"""The second person's decision on an order. Never the requester's own; a try at that is on record."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final
from uuid import UUID

from app.approvals.approval import TRANSITIONS, Order, State, Step
from app.approvals.store import OrderStore
from app.audit.author import Author, Person
from app.audit.event import Action, Event, Outcome
from app.audit.log import AuditLog, Receipt
from app.kernel.clock import Clock
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import text_of
from app.storage.engine import Database

FindPeople = Callable[[str, frozenset[UUID]], Awaitable[list[Person]]]
"""Tenant and ids to the people who are still there."""

_ACTIONS: Final = {Step.APPROVE: Action.ORDER_APPROVE, Step.REJECT: Action.ORDER_REJECT}


def order_events(author: Author, action: Action, order: Order, people: list[Person]) -> list[Event]:
    """One event for each person concerned, so that the log can say of each of them who decided what about their data."""
    concerned: list[Person | None] = [*people] or [None]
    moment = order.decided_at or order.requested_at
    return [
        author.event(
            action,
            moment,
            person=person,
            purpose=order.purpose,
            case=order.case,
            about=text_of("ord", order.id),
            inputs={"fields": ",".join(sorted(order.fields))},
        )
        for person in concerned
    ]


class OrderDecider:
    """The use cases of approving and rejecting."""

    def __init__(
        self, database: Database, store: OrderStore, find: FindPeople, audit: AuditLog, clock: Clock
    ) -> None:
        self._database = database
        self._store = store
        self._find = find
        self._audit = audit
        self._clock = clock

    async def decide(self, author: Author, order_id: UUID, step: Step) -> tuple[Order, Receipt]:
        """The order as decided. `not-found`; `not-permitted` to its requester; `conflict` when it is decided or expired."""
        order, now = await self._store.by_id(author.tenant, order_id), self._clock.now()
        if order is None:
            raise VaultError(Kind.NOT_FOUND, "there is no such order")
        if order.requested_by == author.caller.id:
            await self._refuse(author, order, step)
            raise VaultError(Kind.NOT_PERMITTED, "somebody else than the requester must decide on an order")
        before = [state for state, steps in TRANSITIONS.items() if step in steps]
        after = TRANSITIONS[State.PENDING][step]
        decided = replace(order, state=after, decided_by=author.caller.id, decided_at=now)
        people = await self._find(author.tenant, order.subjects)
        async with self._database.transaction(author.tenant) as work:
            if not await self._store.decide(work, order_id, before, after, author.caller.id, now):
                raise VaultError(Kind.CONFLICT, "this order has been decided already, or has expired")
            receipts = await self._audit.record(work, order_events(author, _ACTIONS[step], decided, people))
        return decided, receipts[0]

    async def _refuse(self, author: Author, order: Order, step: Step) -> None:
        event = author.event(
            _ACTIONS[step],
            self._clock.now(),
            purpose=order.purpose,
            case=order.case,
            about=text_of("ord", order.id),
            reason="own-order",
            outcome=Outcome.DENIED,
        )
        await self._audit.append(event)
