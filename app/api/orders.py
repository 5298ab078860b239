"""`/v1/orders`: one person asks for a disclosure, another decides."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example
from app.api.schemas.orders import (
    APPROVED_EXAMPLE,
    ORDER_EXAMPLE,
    ORDERS_EXAMPLE,
    REJECTED_EXAMPLE,
    OrderIn,
    OrderOut,
    OrdersOut,
    order_json,
)
from app.approvals.approval import State, Step
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import text_of
from app.web.gate import acting
from app.web.idempotency import repeatable
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.query import id_parameter, page_size, path_id, query, word_parameter
from app.web.strict_json import read_body
from app.wiring.parts import Parts

_LARGEST_PAGE: Final = 200
_DEFAULT_PAGE: Final = 50
_DECIDES: Final = (Kind.NOT_FOUND, Kind.CONFLICT)


def _requests(body: OrderIn) -> None:
    """What an order declares."""


def _order(order_id: str) -> None:
    """Which order."""


def _lists(
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = _DEFAULT_PAGE,
    cursor: Annotated[str | None, Query(description="the `next` of the page before")] = None,
) -> None:
    """Which orders are listed."""


def orders_router(parts: Parts) -> APIRouter:
    """The routes of approved orders."""
    router = APIRouter(route_class=LeanRoute, tags=["orders"])

    @router.post(
        "/v1/orders",
        status_code=201,
        response_model=OrderOut,
        dependencies=[Depends(_requests)],
        summary="Ask for a disclosure that a second person must approve",
        responses=example(201, ORDER_EXAMPLE),
        openapi_extra=declared("orders.request"),
    )
    @repeatable(parts)
    async def request_order(request: Request) -> Response:
        author = await acting(request, parts)
        body = await read_body(request, OrderIn)
        order, receipt = await parts.people.order_requester.request(author, body.wanted())
        return answer(order_json(order, parts.clock.now(), receipt), 201)

    @router.get(
        "/v1/orders",
        response_model=OrdersOut,
        response_model_exclude_none=True,
        dependencies=[Depends(_lists)],
        summary="List orders, newest first",
        responses=example(200, ORDERS_EXAMPLE),
        openapi_extra=declared("orders.request", "orders.approve"),
    )
    async def list_orders(request: Request) -> Response:
        author = await acting(request, parts)
        found = query(request, ("state", "limit", "cursor"))
        state, now = word_parameter(found, "state", State), parts.clock.now()
        page = await parts.people.orders.page(
            author.tenant,
            None if state is None else State(state),
            now,
            limit=page_size(found, _DEFAULT_PAGE, _LARGEST_PAGE),
            after=id_parameter(found, "cursor", "ord"),
        )
        items = [order_json(order, now) for order in page.items]
        return answer({"items": items, "next": page.next and text_of("ord", page.next)})

    @router.post(
        "/v1/orders/{order_id}/approve",
        response_model=OrderOut,
        dependencies=[Depends(_order)],
        summary="Approve somebody else's order",
        responses=example(200, APPROVED_EXAMPLE),
        openapi_extra=declared("orders.approve", problems=_DECIDES),
    )
    @repeatable(parts)
    async def approve_order(request: Request) -> Response:
        return await _decide(request, parts, Step.APPROVE)

    @router.post(
        "/v1/orders/{order_id}/reject",
        response_model=OrderOut,
        dependencies=[Depends(_order)],
        summary="Reject somebody else's order",
        responses=example(200, REJECTED_EXAMPLE),
        openapi_extra=declared("orders.approve", problems=_DECIDES),
    )
    @repeatable(parts)
    async def reject_order(request: Request) -> Response:
        return await _decide(request, parts, Step.REJECT)

    return router


async def _decide(request: Request, parts: Parts, step: Step) -> Response:
    author = await acting(request, parts)
    order_id: UUID | None = path_id(request, "order_id", "ord")
    if order_id is None:
        raise VaultError(Kind.NOT_FOUND, "there is no such order")
    order, receipt = await parts.people.order_decider.decide(author, order_id, step)
    return answer(order_json(order, parts.clock.now(), receipt))
