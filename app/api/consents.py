"""Consents: recorded with their evidence, withdrawn as easily; and objections, which end several purposes at once."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import example, failed_item, owned, owned_items
from app.api.schemas.bindings import (
    CONSENT_EXAMPLE,
    IMPORTED_EXAMPLE,
    OBJECTION_EXAMPLE,
    WITHDRAWN_EXAMPLE,
    ConsentLineIn,
    ConsentOut,
    ConsentsIn,
    ImportedOut,
    NewConsentIn,
    ObjectionIn,
    ObjectionOut,
    WithdrawnOut,
    consent_json,
    imported_json,
    objection_json,
    withdrawn_json,
)
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import text_of
from app.vault.give_consent import ConsentChange
from app.vault.import_consents import ConsentLine
from app.web.gate import acting, theirs
from app.web.idempotency import repeatable
from app.web.lean_route import LeanRoute
from app.web.permissions import OWN, declared
from app.web.query import path_id
from app.web.strict_json import as_model, read_body
from app.wiring.parts import Parts


def _gives(subject_id: str, body: NewConsentIn) -> None:
    """What a consent declares."""


def _withdraws(consent_id: str) -> None:
    """Which consent."""


def _imports(body: ConsentsIn) -> None:
    """What an import declares."""


def _objects(subject_id: str, body: ObjectionIn) -> None:
    """What an objection declares."""


def consents_router(parts: Parts) -> APIRouter:
    """The routes of the ledger of consents."""
    router = APIRouter(route_class=LeanRoute, tags=["consents"])

    @router.post(
        "/v1/subjects/{subject_id}/consents",
        status_code=201,
        response_model=ConsentOut,
        dependencies=[Depends(_gives)],
        summary="Record a consent with its evidence; it opens its purpose at once",
        responses=example(201, CONSENT_EXAMPLE),
        openapi_extra=declared("consents", "consents.record", OWN, problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def give_consent(request: Request) -> Response:
        author = await acting(request, parts)
        subject = theirs(author, path_id(request, "subject_id", "sub"))
        body = await read_body(request, NewConsentIn)
        change = await parts.people.consents.give(author, subject, body.given())
        return owned(consent_json(change), subject, 201)

    @router.post(
        "/v1/consents/{consent_id}/withdraw",
        response_model=WithdrawnOut,
        dependencies=[Depends(_withdraws)],
        summary="Withdraw a consent; its purpose is over on the next read, everywhere",
        responses=example(200, WITHDRAWN_EXAMPLE),
        openapi_extra=declared("consents", "consents.record", OWN, problems=(Kind.NOT_FOUND, Kind.CONFLICT)),
    )
    @repeatable(parts)
    async def withdraw_consent(request: Request) -> Response:
        author = await acting(request, parts)
        consent = path_id(request, "consent_id", "cns")
        if consent is None:
            raise VaultError(Kind.NOT_FOUND, "there is no such consent for you")
        change = await parts.people.consents.withdraw(author, consent)
        return owned(withdrawn_json(change), change.entry.subject)

    @router.post(
        "/v1/subjects/{subject_id}/objection",
        response_model=ObjectionOut,
        dependencies=[Depends(_objects)],
        summary="Object to all marketing, or to the purposes named",
        responses=example(200, OBJECTION_EXAMPLE),
        openapi_extra=declared("consents", "subjects", OWN, problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def object_to_purposes(request: Request) -> Response:
        author = await acting(request, parts)
        subject = theirs(author, path_id(request, "subject_id", "sub"))
        body = await read_body(request, ObjectionIn)
        objection = await parts.people.consents.object(author, subject, body.purposes)
        return owned(objection_json(text_of("sub", subject), objection), subject)

    @router.post(
        "/v1/consents/import",
        response_model=ImportedOut,
        dependencies=[Depends(_imports)],
        summary="Import up to 1,000 consents that were given before; the same line twice adds nothing",
        responses=example(200, IMPORTED_EXAMPLE),
        openapi_extra=declared("consents.record"),
    )
    @repeatable(parts)
    async def import_consents(request: Request) -> Response:
        author = await acting(request, parts)
        body = await read_body(request, ConsentsIn)
        lines = [_line(item) for item in body.items]
        outcomes = await parts.people.consent_importer.bring_all(author, lines)
        return owned_items([_outcome(request, each) for each in outcomes], {})

    return router


def _line(item: Any) -> ConsentLine | VaultError:
    try:
        return as_model(item, ConsentLineIn).line()
    except VaultError as error:
        return error


def _outcome(request: Request, outcome: ConsentChange | VaultError) -> tuple[UUID | None, dict[str, Any]]:
    if isinstance(outcome, VaultError):
        return None, failed_item(request, outcome)
    return outcome.entry.subject, imported_json(outcome)
