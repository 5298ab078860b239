"""What the vault can answer instead of what was asked: its problem details (RFC 9457) as exceptions, one class a family of codes.

The vault never puts a submitted value into a problem, and no text here is taken from an answer that is not one of its
problems, so an exception can be logged. Whether a call is worth repeating is decided in `retry`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError


@dataclass(frozen=True, slots=True)
class FieldError:
    """One mistake in what was sent: where (RFC 6901 pointer), which, and what to do about it."""

    pointer: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What the vault says went wrong. `status` is None when no answer came; `retry_after` is in seconds."""

    code: str
    detail: str
    status: int | None = None
    request_id: str | None = None
    event: str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    retry_after: float | None = None


class VaultError(Exception):
    """Anything but the answer that was asked for."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem

    @property
    def code(self) -> str:
        """The code of the problem, such as `not-found`; new codes may appear."""
        return self.problem.code

    @property
    def request_id(self) -> str | None:
        """The request's id, which the vault's operator can look up."""
        return self.problem.request_id

    def __str__(self) -> str:
        known = ", ".join(part for part in (self.code, self.request_id) if part)
        return "; ".join([f"{self.problem.detail} ({known})", *self._more()])

    def _more(self) -> list[str]:
        return []


class BadRequest(VaultError):
    """The request cannot be read, or says no purpose."""


class Unauthenticated(VaultError):
    """The key is missing, unknown or revoked."""


class NotPermitted(VaultError):
    """The caller's roles may not use this operation."""


class Denied(VaultError):
    """The notice grants none of it: `reasons` says why by field, `event` is where the refusal is on record."""

    @property
    def reasons(self) -> Mapping[str, str]:
        """Field → reason code; `*` stands for all."""
        return self.problem.reasons

    @property
    def event(self) -> str | None:
        """The audit event of the refusal, `evt_…`."""
        return self.problem.event

    def _more(self) -> list[str]:
        return [f"{name}: {reason}" for name, reason in self.reasons.items()]


class NotFound(VaultError):
    """Missing, erased or not the caller's: the vault does not say which."""


class Conflict(VaultError):
    """Something else stands in the way at present, or the same request is still being answered."""


class PreconditionFailed(VaultError):
    """The record has changed since its `etag` was read, or none was given: read it again."""


class TooLarge(VaultError):
    """The body is larger than the vault takes."""


class Invalid(VaultError):
    """What was sent has mistakes; `errors` says where."""

    @property
    def errors(self) -> tuple[FieldError, ...]:
        """All mistakes that were found."""
        return self.problem.errors

    def _more(self) -> list[str]:
        return [f"{error.pointer or '/'}: {error.detail}" for error in self.errors]


class NotCovered(Invalid):
    """No purpose that is open covers a field: the shop may not collect it for this."""


class IdempotencyMismatch(VaultError):
    """The idempotency key was used before, for another request."""


class TooManyRequests(VaultError):
    """The caller's budget is spent."""

    @property
    def retry_after(self) -> float | None:
        """Seconds until it is worth trying again, if the vault said so."""
        return self.problem.retry_after


class Unavailable(VaultError):
    """The vault cannot answer now, or could not be reached."""

    @property
    def retry_after(self) -> float | None:
        """Seconds until it is worth trying again, if the vault said so."""
        return self.problem.retry_after


class Unexpected(VaultError):
    """The answer is not one that this client understands."""


_CLASSES: Final[Mapping[str, type[VaultError]]] = MappingProxyType(
    {
        "unauthenticated": Unauthenticated,
        "not-permitted": NotPermitted,
        "disclosure-denied": Denied,
        "not-found": NotFound,
        "conflict": Conflict,
        "idempotency-in-flight": Conflict,
        "precondition-failed": PreconditionFailed,
        "precondition-required": PreconditionFailed,
        "too-large": TooLarge,
        "invalid": Invalid,
        "not-covered": NotCovered,
        "idempotency-mismatch": IdempotencyMismatch,
        "too-many-requests": TooManyRequests,
        "unavailable": Unavailable,
    }
)
_BY_STATUS: Final[Mapping[int, type[VaultError]]] = MappingProxyType(
    {
        400: BadRequest,
        401: Unauthenticated,
        403: NotPermitted,
        404: NotFound,
        409: Conflict,
        412: PreconditionFailed,
        413: TooLarge,
        415: BadRequest,
        422: Invalid,
        429: TooManyRequests,
        503: Unavailable,
    }
)
"""For codes that a later vault may have."""
_PROXY_IN_TROUBLE: Final = frozenset({429, 502, 503, 504})


class _Mistake(BaseModel):
    pointer: str = ""
    code: str = ""
    detail: str = ""


class _Document(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    code: str
    status: int
    detail: str = "the vault says no more"
    request_id: str | None = None
    event: str | None = None
    reasons: dict[str, str] = {}
    errors: list[_Mistake] = []


def error_of(answer: httpx.Response) -> VaultError:
    """The exception that an answer with a status of 300 or more stands for."""
    retry_after = _seconds(answer.headers.get("Retry-After", ""))
    if answer.headers.get("Content-Type", "").partition(";")[0].strip() == "application/problem+json":
        document = _read(answer.content)
        if document is not None:
            return _error(document, retry_after)
    problem = Problem(
        code="unexpected",
        detail=f"the answer has the status {answer.status_code} and is not one of the vault's; check the address",
        status=answer.status_code,
        request_id=answer.headers.get("Vault-Request"),
        retry_after=retry_after,
    )
    # A proxy's page that says 404 is not the vault saying that a record is missing.
    return (Unavailable if answer.status_code in _PROXY_IN_TROUBLE else Unexpected)(problem)


def item_error(document: Mapping[str, Any]) -> VaultError:
    """The exception that a problem document within a batch stands for."""
    try:
        return _error(_Document.model_validate(document), None)
    except ValidationError:
        return unexpected("an item of the answer is neither a result nor a problem")


def unexpected(detail: str, answer: httpx.Response | None = None) -> Unexpected:
    """The exception for an answer that this client cannot read."""
    status = None if answer is None else answer.status_code
    request_id = None if answer is None else answer.headers.get("Vault-Request")
    return Unexpected(Problem("unexpected", detail, status, request_id))


def _read(content: bytes) -> _Document | None:
    try:
        return _Document.model_validate_json(content)
    except ValidationError:
        return None


def _error(document: _Document, retry_after: float | None) -> VaultError:
    problem = Problem(
        code=document.code,
        detail=document.detail,
        status=document.status,
        request_id=document.request_id,
        event=document.event,
        reasons=document.reasons,
        errors=tuple(FieldError(e.pointer, e.code, e.detail) for e in document.errors),
        retry_after=retry_after,
    )
    return _CLASSES.get(document.code, _BY_STATUS.get(document.status, Unexpected))(problem)


def _seconds(text: str) -> float | None:
    """`Retry-After` in seconds (RFC 9110 section 10.2.3); its other form, a date, is left to the client's own waiting."""
    return float(text) if text.isascii() and text.isdigit() else None
