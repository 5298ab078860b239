"""`POST /v1/subjects/{id}/erase`, and the certificates of erasures."""

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.answers import answer, example, owned
from app.api.schemas.erasures import CERTIFICATE_EXAMPLE, CertificateOut, certificate_json
from app.audit.author import NO_PERSON
from app.kernel.errors import Kind, VaultError
from app.web.gate import acting
from app.web.idempotency import repeatable
from app.web.lean_route import LeanRoute
from app.web.permissions import declared
from app.web.query import path_id, query
from app.wiring.parts import Parts


def _subject(subject_id: str) -> None:
    """Which person."""


def _certificate(certificate_id: str) -> None:
    """Which certificate."""


def erasures_router(parts: Parts) -> APIRouter:
    """The routes of erasure."""
    router = APIRouter(route_class=LeanRoute, tags=["erasure"])

    @router.post(
        "/v1/subjects/{subject_id}/erase",
        response_model=CertificateOut,
        dependencies=[Depends(_subject)],
        summary="Erase what is held of a person, as far as no legal duty keeps it; a certificate says so",
        responses=example(200, CERTIFICATE_EXAMPLE),
        openapi_extra=declared("erasure", problems=(Kind.NOT_FOUND,)),
    )
    @repeatable(parts)
    async def erase_subject(request: Request) -> Response:
        author = await acting(request, parts)
        subject = path_id(request, "subject_id", "sub")
        if subject is None:
            raise VaultError(Kind.NOT_FOUND, NO_PERSON)
        done = await parts.erasing.eraser.erase_subject(author, subject)
        document = certificate_json(done.certificate, done.receipt)
        # Kept under the person's key, as long as there is one: beside the certificate stands the event, which may name them.
        return answer(document) if document["key_destroyed"] else owned(document, subject)

    @router.get(
        "/v1/certificates/{certificate_id}",
        response_model=CertificateOut,
        dependencies=[Depends(_certificate)],
        summary="Show a certificate of erasure",
        responses=example(200, CERTIFICATE_EXAMPLE),
        openapi_extra=declared("erasure", problems=(Kind.NOT_FOUND,)),
    )
    async def show_certificate(request: Request) -> Response:
        author = await acting(request, parts)
        query(request, ())
        found, receipt = await parts.erasing.eraser.certificate(
            author, path_id(request, "certificate_id", "crt")
        )
        return answer(certificate_json(found, receipt))

    return router
