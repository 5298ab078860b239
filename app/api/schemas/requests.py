"""What people's requests look like on the wire."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

from app.api.schemas.receipt import RECEIPT_EXAMPLE, ReceiptOut, receipt_json
from app.api.schemas.spelling import Body, Moment, SubjectId, Words
from app.kernel.clock import rfc3339
from app.kernel.ids import parse_id, text_of
from app.kernel.plaintext import Plaintext
from app.rights.deadline import DueWarning, RequestKind, falls
from app.rights.handle_request import Asked, RequestView
from app.rights.request import THEMSELVES, PersonRequest, State
from app.rights.request_store import Cursor
from app.storage.columns import microseconds, moment_of

_SUBJECT: Final = "sub_01k9v3c8vyb8saf0m1g2h3j4k5"
_CertificateId = Annotated[str, StringConstraints(strict=True, pattern=r"^crt_[0-7][0-9a-hjkmnp-tv-z]{25}$")]


class RequestIn(Body):
    """What somebody asks for. `received_at` says when a letter or a call came; a customer who asks here leaves it out."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "subject": _SUBJECT,
                    "kind": "access",
                    "received_at": "2026-11-22T08:00:00Z",
                    "recipients_involved": False,
                    "words": "khách hàng gửi thư ngày 22/11",
                }
            ]
        },
    )

    subject: SubjectId
    kind: RequestKind
    received_at: Moment | None = None
    recipients_involved: bool = False
    words: Words | None = None

    def asked(self) -> Asked:
        """The body in the words of the vault."""
        words = None if self.words is None else Plaintext(self.words)
        subject = parse_id("sub", self.subject)
        return Asked(subject, self.kind, self.received_at, self.recipients_involved, words)


class ReasonIn(Body):
    """Why a request is extended or refused."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "cần đối chiếu với đơn vị vận chuyển"}]}
    )

    reason: Words


class CompleteIn(Body):
    """The certificate of what was done: of an erasure always, of anything else if there is one; then the body may be left out."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"certificate": "crt_01k9v3c8w8b8sh0y4v2n91b4e6"}]},
    )

    certificate: _CertificateId | None = None


class RequestOut(BaseModel):
    """A request as it stands.

    `warning` says how much of the time is used up now, `warnings` from when on that is said. `holidays_known` is false where the
    calendar did not know the lunar holidays of a year, so that `acknowledge_by` may be too early. `opened_by` is null when the
    person asked themselves. `words` are null in lists, in
    answers to changes, and once the person is gone.
    """

    id: str
    subject: str
    kind: RequestKind
    state: State
    recipients_involved: bool
    received_at: str
    acknowledge_by: str
    due_at: str
    holidays_known: bool
    warning: DueWarning
    warnings: dict[str, str]
    opened_at: str
    opened_by: str | None
    acknowledged_at: str | None
    extended_at: str | None
    ended_at: str | None
    ended_by: str | None
    certificate: str | None
    words: dict[str, str] | None
    receipt: ReceiptOut | None = None


class RequestsOut(BaseModel):
    """Requests, the most urgent first."""

    items: list[RequestOut]
    next: str | None
    receipt: ReceiptOut


def request_json(request: PersonRequest, now: datetime) -> dict[str, Any]:
    """A request without its words."""
    return {
        "id": text_of("req", request.id),
        "subject": text_of("sub", request.subject),
        "kind": request.kind.value,
        "state": request.state.value,
        "recipients_involved": request.recipients_involved,
        "received_at": rfc3339(request.received_at),
        "acknowledge_by": rfc3339(request.acknowledge_by),
        "due_at": rfc3339(request.due_at),
        "holidays_known": request.holidays_known,
        "warning": request.warning(now).value,
        "warnings": {
            word.value: rfc3339(falls(word, request.received_at, request.due_at))
            for word in (DueWarning.HALF, DueWarning.FOUR_FIFTHS)
        },
        "opened_at": rfc3339(request.opened_at),
        "opened_by": None if request.opened_by == THEMSELVES else text_of("clr", request.opened_by),
        "acknowledged_at": request.acknowledged_at and rfc3339(request.acknowledged_at),
        "extended_at": request.extended_at and rfc3339(request.extended_at),
        "ended_at": request.ended_at and rfc3339(request.ended_at),
        "ended_by": request.ended_by and text_of("clr", request.ended_by),
        "certificate": request.certificate and text_of("crt", request.certificate),
        "words": None,
    }


def view_json(view: RequestView, now: datetime) -> dict[str, Any]:
    """A request under its receipt, with its words where they were asked for and can be opened."""
    words = view.words and {said_at: text.reveal() for said_at, text in view.words.items()}
    shown = request_json(view.request, now) | {"words": words or None}
    return shown | {"receipt": receipt_json(view.receipt)}


def cursor_text(cursor: Cursor) -> str:
    """Where a page ends, as `next` says it: deadline in microseconds since 1970, and id."""
    due_at, request = cursor
    return f"{microseconds(due_at)}.{text_of('req', request)}"


def parse_cursor(text: str) -> Cursor:
    """The inverse of `cursor_text`; ValueError or OverflowError for what it does not write."""
    count, _, request = text.partition(".")
    if not (count.isascii() and count.isdigit()):
        raise ValueError("not the end of a page")
    return moment_of(int(count)), parse_id("req", request)


_RECEIPT: Final[dict[str, Any]] = RECEIPT_EXAMPLE | {"purpose": None, "clauses": {}}
_OPEN: Final[dict[str, Any]] = {
    "id": "req_01k9v3c8w7b8sgay3t1m80a3d5",
    "subject": _SUBJECT,
    "kind": "access",
    "state": "open",
    "recipients_involved": False,
    "received_at": "2026-11-22T08:00:00.000Z",
    "acknowledge_by": "2026-11-24T17:00:00.000Z",
    "due_at": "2026-12-02T08:00:00.000Z",
    "holidays_known": True,
    "warning": "none",
    "warnings": {"half": "2026-11-27T08:00:00.000Z", "four-fifths": "2026-11-30T08:00:00.000Z"},
    "opened_at": "2026-11-22T08:00:00.000Z",
    "opened_by": "clr_01k9v3a1b2b8sc3d4e5f6g7h8j",
    "acknowledged_at": None,
    "extended_at": None,
    "ended_at": None,
    "ended_by": None,
    "certificate": None,
    "words": None,
}
_ANSWERED: Final = {"acknowledged_at": "2026-11-23T02:00:00.000Z"}
_ENDED: Final = {"ended_at": "2026-11-25T02:00:00.000Z", "ended_by": "clr_01k9v3a1b2b8sc3d4e5f6g7h8j"}
OPENED_EXAMPLE: Final[dict[str, Any]] = _OPEN | {"receipt": _RECEIPT}
REQUEST_EXAMPLE: Final[dict[str, Any]] = OPENED_EXAMPLE | {
    "words": {"opened": "khách hàng gửi thư ngày 22/11"}
}
REQUESTS_EXAMPLE: Final[dict[str, Any]] = {"items": [_OPEN], "next": None, "receipt": _RECEIPT}
ACKNOWLEDGED_EXAMPLE: Final[dict[str, Any]] = OPENED_EXAMPLE | _ANSWERED | {"state": "acknowledged"}
EXTENDED_EXAMPLE: Final[dict[str, Any]] = (
    OPENED_EXAMPLE
    | _ANSWERED
    | {
        "state": "extended",
        "extended_at": "2026-11-23T02:00:00.000Z",
        "due_at": "2026-12-12T08:00:00.000Z",
        "warnings": {"half": "2026-12-02T08:00:00.000Z", "four-fifths": "2026-12-08T08:00:00.000Z"},
    }
)
COMPLETED_EXAMPLE: Final[dict[str, Any]] = OPENED_EXAMPLE | _ANSWERED | _ENDED | {"state": "completed"}
REFUSED_EXAMPLE: Final[dict[str, Any]] = OPENED_EXAMPLE | _ANSWERED | _ENDED | {"state": "refused"}
