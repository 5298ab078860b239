"""`/v1/records`: store and read."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypedDict

from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import example, written, written_owned
from app.api.schemas.item_writer import ItemWriter
from app.api.schemas.records import (
    DISCLOSURE_EXAMPLE,
    STORED_EXAMPLE,
    DisclosureOut,
    RecordIn,
    RecordOut,
)
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import new_uuid, text_of
from app.notice.decide import Reason
from app.notice.model import Form
from app.vault.disclosure import Answer, Denial, Disclosure
from app.vault.judge import Wanted
from app.vault.write_record import Keep, Stored
from app.web.gate import asking
from app.web.idempotency import OwnedResponse, begun_of, repeatable
from app.web.lean_route import LeanRoute
from app.web.metrics import Metrics
from app.web.permissions import declared
from app.web.problems import problem_document, problem_response, request_id
from app.web.query import id_parameter, parameter, path_id, query
from app.web.strict_json import read_body
from app.wiring.parts import Parts


class _Reasons(TypedDict):
    reasons: Mapping[str, str] | None
    event: str | None


PurposeHeader = Annotated[
    str, Header(alias="Vault-Purpose", description="why you ask", examples=["delivery"])
]
CaseHeader = Annotated[
    str | None, Header(alias="Vault-Case", description="the case, where a grant wants one")
]
OrderHeader = Annotated[
    str | None, Header(alias="Vault-Order", description="the order, `ord_…`, where a grant wants an approval")
]


def denied(request: Request, denial: Denial) -> Response:
    """A denial as a problem, with its reasons and its event; what is not found says nothing more."""
    return problem_response(
        denial.kind, denial.detail, request_id=request_id(request.scope), **_reasons(denial)
    )


def denied_item(request: Request, denial: Denial) -> dict[str, Any]:
    """The same for one item of a batch."""
    return problem_document(
        denial.kind, denial.detail, request_id=request_id(request.scope), **_reasons(denial)
    )


def _reasons(denial: Denial) -> _Reasons:
    if denial.kind is Kind.NOT_FOUND:
        return {"reasons": None, "event": None}
    return {"reasons": denial.reasons, "event": text_of("evt", denial.receipt.event.id)}


def count(metrics: Metrics, outcomes: Iterable[Answer]) -> None:
    """Counts decisions and the forms given: only by words the notice knows, so that nobody can make labels grow."""
    decisions = Counter[tuple[str, str]]()
    forms = Counter[tuple[str, str]]()
    # What one ruling gave to many records of a call is counted once, by the traces that their events share.
    given: dict[int, tuple[Disclosure, int]] = {}
    for outcome in outcomes:
        if isinstance(outcome, VaultError):
            continue
        event = outcome.receipt.event
        if isinstance(outcome, Disclosure):
            alike = id(event.fields)
            given[alike] = outcome, given[alike][1] + 1 if alike in given else 1
            continue
        purpose = "unknown" if Reason.UNKNOWN_PURPOSE.value in outcome.reasons.values() else event.purpose
        decisions[str(purpose), event.outcome] += 1
    for disclosure, number in given.values():
        event = disclosure.receipt.event
        decisions[str(event.purpose), event.outcome] += number
        for field in disclosure.fields.values():
            forms[str(event.purpose), field.form] += number
    metrics.disclosed(decisions, forms)


def _stores(body: RecordIn, purpose: PurposeHeader, case: CaseHeader = None) -> None:
    """What a store declares."""


def _reads(
    record_id: str,
    purpose: PurposeHeader,
    case: CaseHeader = None,
    order: OrderHeader = None,
    fields: Annotated[str | None, Query(description="names, separated by commas; all when left out")] = None,
    form: Annotated[Form | None, Query(description="at most this form")] = None,
    recipient: Annotated[str | None, Query(description="for whom tokens are: `clr_…`")] = None,
) -> None:
    """What a read declares."""


def records_router(parts: Parts, metrics: Metrics) -> APIRouter:
    """The routes of records."""
    router = APIRouter(route_class=LeanRoute, tags=["records"])

    @router.post(
        "/v1/records",
        status_code=201,
        response_model=RecordOut,
        dependencies=[Depends(_stores)],
        summary="Store a record",
        responses=example(201, STORED_EXAMPLE),
        openapi_extra=declared(
            "grants", problems=(Kind.DISCLOSURE_DENIED, Kind.NOT_COVERED, Kind.PURPOSE_REQUIRED)
        ),
    )
    @repeatable(parts)
    async def store_record(request: Request) -> Response:
        ask = await asking(request, parts)
        body = await read_body(request, RecordIn)
        begun = begun_of(request)
        keep: Keep[Stored] | None
        keep = Keep(begun, lambda stored: _created(stored).kept()) if begun else None
        stored = await parts.storer.store(ask, body.submission(), keep)
        if isinstance(stored, Denial):
            return denied(request, stored)
        created = _created(stored)
        created.kept_with_effect = keep is not None
        return created

    @router.get(
        "/v1/records/{record_id}",
        response_model=DisclosureOut,
        dependencies=[Depends(_reads)],
        summary="Read a record's fields, each in the form the notice grants",
        responses=example(200, DISCLOSURE_EXAMPLE),
        openapi_extra=declared(
            "grants", problems=(Kind.DISCLOSURE_DENIED, Kind.NOT_FOUND, Kind.PURPOSE_REQUIRED)
        ),
    )
    async def read_record(request: Request) -> Response:
        ask = await asking(request, parts)
        found = query(request, ("fields", "form", "recipient")) if request.scope["query_string"] else {}
        # What is no id is judged like the id of no record.
        record = path_id(request, "record_id", "rec") or new_uuid(0)
        wanted = Wanted(
            fields=parameter(found, "fields", _names, "name fields, separated by commas"),
            form=parameter(found, "form", Form, "use one of: " + ", ".join(Form)),
            recipient=id_parameter(found, "recipient", "clr"),
        )
        disclosure = await parts.discloser.disclose(ask, record, wanted)
        count(metrics, [disclosure])
        if isinstance(disclosure, Denial):
            return denied(request, disclosure)
        headers = {"ETag": f'"{disclosure.record.version}"'}
        return written(ItemWriter().disclosure(disclosure), headers=headers)

    return router


def _created(stored: Stored) -> OwnedResponse:
    headers = {"Location": f"/v1/records/{text_of('rec', stored.record)}", "ETag": '"1"'}
    return written_owned(ItemWriter().stored(stored), stored.subject, 201, headers)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if not all(names) or len(names) > 100:
        raise ValueError("empty or too many names")
    return names
