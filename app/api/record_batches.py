"""`/v1/records/read`, `/store` and `/search`: many records in one call, each judged as if it came alone."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import example, failed_item, written_items
from app.api.records import CaseHeader, OrderHeader, PurposeHeader, count, denied, denied_item
from app.api.schemas.item_writer import ItemWriter, json_text
from app.api.schemas.receipt import batch_receipt_json, receipt_json
from app.api.schemas.records import (
    FOUND_EXAMPLE,
    READ_EXAMPLE,
    STORE_EXAMPLE,
    FoundOut,
    ItemsOut,
    ReadIn,
    RecordIn,
    RecordsIn,
    SearchIn,
)
from app.audit.log import Receipt
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import parse_id
from app.vault.disclosure import Denial, Disclosure
from app.vault.store_record import StoreOutcome
from app.vault.submission import Submission
from app.vault.write_record import Keep, Stored
from app.web.gate import asking
from app.web.idempotency import OwnedResponse, begun_of, repeatable
from app.web.lean_route import LeanRoute
from app.web.metrics import Metrics
from app.web.permissions import declared
from app.web.strict_json import as_model, read_body
from app.wiring.parts import Parts


def _reads(body: ReadIn, purpose: PurposeHeader, case: CaseHeader = None, order: OrderHeader = None) -> None:
    """What a batch read declares."""


def _stores(body: RecordsIn, purpose: PurposeHeader, case: CaseHeader = None) -> None:
    """What a batch store declares."""


def _searches(
    body: SearchIn, purpose: PurposeHeader, case: CaseHeader = None, order: OrderHeader = None
) -> None:
    """What a search declares."""


def record_batches_router(parts: Parts, metrics: Metrics) -> APIRouter:
    """The routes of batches and of the search."""
    router = APIRouter(route_class=LeanRoute, tags=["records"])

    @router.post(
        "/v1/records/read",
        response_model=ItemsOut,
        dependencies=[Depends(_reads)],
        summary="Read up to 1,000 records",
        responses=example(200, READ_EXAMPLE),
        openapi_extra=declared("grants", problems=(Kind.PURPOSE_REQUIRED,)),
    )
    async def read_records(request: Request) -> Response:
        ask = await asking(request, parts)
        body = await read_body(request, ReadIn)
        answers = await parts.discloser.disclose_many(
            ask, [_record(text) for text in body.ids], body.wanted()
        )
        count(metrics, answers)
        return _items(request, ask.purpose, answers)

    @router.post(
        "/v1/records/store",
        response_model=ItemsOut,
        dependencies=[Depends(_stores)],
        summary="Store up to 1,000 records; each succeeds or fails alone",
        responses=example(200, STORE_EXAMPLE),
        openapi_extra=declared("grants", problems=(Kind.PURPOSE_REQUIRED,)),
    )
    @repeatable(parts)
    async def store_records(request: Request) -> Response:
        ask = await asking(request, parts)
        body = await read_body(request, RecordsIn)
        submitted = [_submission(item) for item in body.records]
        wellformed = [item for item in submitted if isinstance(item, Submission)]

        def whole(stored: Sequence[StoreOutcome]) -> OwnedResponse:
            rest = iter(stored)
            outcomes = [next(rest) if isinstance(item, Submission) else item for item in submitted]
            return _items(request, ask.purpose, outcomes)

        begun = begun_of(request)
        keep: Keep[Sequence[StoreOutcome]] | None
        keep = Keep(begun, lambda stored: whole(stored).kept()) if begun else None
        return whole(await parts.storer.store_many(ask, wellformed, keep))

    @router.post(
        "/v1/records/search",
        response_model=FoundOut,
        dependencies=[Depends(_searches)],
        summary="Find records by the value of a field",
        responses=example(200, FOUND_EXAMPLE),
        openapi_extra=declared("grants", problems=(Kind.DISCLOSURE_DENIED, Kind.PURPOSE_REQUIRED)),
    )
    async def search_records(request: Request) -> Response:
        ask = await asking(request, parts)
        body = await read_body(request, SearchIn)
        found = await parts.searcher.search(ask, body.search())
        if isinstance(found, Denial):
            count(metrics, [found])
            return denied(request, found)
        count(metrics, found.items)
        writer = ItemWriter()
        items = [(item.record.subject, writer.disclosure(item)) for item in found.items]
        return written_items(
            items, {"more": found.more, "next": None, "receipt": receipt_json(found.receipt)}
        )

    return router


def _record(text: str) -> UUID | None:
    """The id; None for what is none, which is then not found like any other."""
    try:
        return parse_id("rec", text)
    except ValueError:
        return None


def _submission(item: Any) -> Submission | VaultError:
    try:
        return as_model(item, RecordIn).submission()
    except VaultError as error:
        return error


def _items(
    request: Request, purpose: str, outcomes: Sequence[Disclosure | Stored | Denial | VaultError]
) -> OwnedResponse:
    items: list[tuple[UUID | None, str]] = []
    writer = ItemWriter()
    receipts: list[Receipt] = []
    for outcome in outcomes:
        if isinstance(outcome, VaultError):
            items.append((None, json_text(failed_item(request, outcome))))
            continue
        receipts.append(outcome.receipt)
        if isinstance(outcome, Disclosure):
            items.append((outcome.record.subject, writer.disclosure(outcome)))
        elif isinstance(outcome, Stored):
            items.append((outcome.subject, writer.stored(outcome)))
        else:
            items.append((None, json_text(denied_item(request, outcome))))
    return written_items(items, {"receipt": batch_receipt_json(purpose, receipts)})
