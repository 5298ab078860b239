"""The closed list of what can go wrong, in words that never carry a value.

A room raises `VaultError` with a kind; `web/problems` alone knows which HTTP status a kind becomes. A refusal by policy is
not among them: it is a value with a receipt (`vault/disclose`).
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Kind(StrEnum):
    """The codes of the API's problem details; their statuses stand in `web/problems`."""

    BAD_REQUEST = "bad-request"
    PURPOSE_REQUIRED = "purpose-required"
    UNAUTHENTICATED = "unauthenticated"
    NOT_PERMITTED = "not-permitted"
    DISCLOSURE_DENIED = "disclosure-denied"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    CONFLICT = "conflict"
    IDEMPOTENCY_IN_FLIGHT = "idempotency-in-flight"
    PRECONDITION_FAILED = "precondition-failed"
    PRECONDITION_REQUIRED = "precondition-required"
    TOO_LARGE = "too-large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    INVALID = "invalid"
    NOT_COVERED = "not-covered"
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch"
    TOO_MANY_REQUESTS = "too-many-requests"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One mistake in a submitted document: where (RFC 6901 pointer), which, and what to do about it."""

    pointer: str
    code: str
    detail: str


class VaultError(Exception):
    """Something the caller can be told, or the operator must be: a kind and safe words, never a value."""

    def __init__(self, kind: Kind, detail: str, *, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.errors = errors


class LimitReached(VaultError):
    """A caller has used up what it may do in a time: the `policy`'s name, how much (`most`) in how many seconds (`window`).

    It may go on in `seconds`; `event` is the record of the refusal.
    """

    def __init__(
        self, detail: str, *, policy: str, most: int, window: int, seconds: int, event: UUID | None = None
    ) -> None:
        super().__init__(Kind.TOO_MANY_REQUESTS, detail)
        self.policy = policy
        self.most = most
        self.window = window
        self.seconds = seconds
        self.event = event
