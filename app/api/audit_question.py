"""How the audit log is asked over HTTP: what a question can be narrowed by, and that whoever asks is on record too."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import Query
from starlette.requests import Request

from app.audit.event import Action, Event, NoticeRef, Outcome
from app.audit.query import Filter
from app.kernel.caller import Caller
from app.kernel.ids import new_uuid
from app.notice.model import Form
from app.web.problems import request_id
from app.web.query import id_parameter, parameter, time_parameter, version_number, word_parameter
from app.wiring.parts import Parts

FILTERS: Final = (
    "subject",
    "record",
    "caller",
    "role",
    "purpose",
    "action",
    "outcome",
    "collection",
    "field",
    "form",
    "recipient",
    "clause",
    "case",
    "notice_version",
    "since",
    "until",
)
_NO_HANDLE: Final = "-"


class EventForm(StrEnum):
    """What an event can say about a field: the forms of a read, or that it was stored."""

    WITHHELD = Form.WITHHELD.value
    VERIFIED = Form.VERIFIED.value
    TOKEN = Form.TOKEN.value
    GENERALISED = Form.GENERALISED.value
    MASKED = Form.MASKED.value
    PLAIN = Form.PLAIN.value
    STORED = "stored"


def filters(
    subject: Annotated[
        str | None, Query(description="a person, `sub_…`, or a handle as events show it")
    ] = None,
    record: Annotated[str | None, Query(description="a record's handle as events show it")] = None,
    caller: Annotated[str | None, Query(description="`clr_…`")] = None,
    role: str | None = None,
    purpose: str | None = None,
    action: Action | None = None,
    outcome: Outcome | None = None,
    collection: str | None = None,
    field: str | None = None,
    form: EventForm | None = None,
    recipient: Annotated[str | None, Query(description="an outside caller, `clr_…`")] = None,
    clause: str | None = None,
    case: str | None = None,
    notice_version: int | None = None,
    since: Annotated[datetime | None, Query(description="from this time on (RFC 3339)")] = None,
    until: Annotated[datetime | None, Query(description="before this time (RFC 3339)")] = None,
) -> None:
    """What a question can be narrowed by."""


async def read_filter(parts: Parts, caller: Caller, found: Mapping[str, str]) -> Filter:
    """The filter of a query string; `invalid` names the parameter that cannot be used."""
    texts: dict[str, Any] = {
        name: parameter(found, name, _word, "use the name as the notice or the event shows it")
        for name in ("record", "role", "purpose", "collection", "field", "clause", "case")
    }
    return Filter(
        **texts,
        subject=await _subject_handle(parts, caller, found),
        caller=id_parameter(found, "caller", "clr"),
        recipient=id_parameter(found, "recipient", "clr"),
        action=word_parameter(found, "action", Action),
        outcome=word_parameter(found, "outcome", Outcome),
        form=word_parameter(found, "form", EventForm),
        notice_version=parameter(found, "notice_version", version_number, "use the version's number"),
        since=time_parameter(found, "since"),
        until=time_parameter(found, "until"),
    )


async def _subject_handle(parts: Parts, caller: Caller, found: Mapping[str, str]) -> str | None:
    """The handle of the person asked about. A person who is gone matches nothing, as one who never was."""
    text = found.get("subject")
    if text is None or not text.startswith("sub_"):
        return parameter(found, "subject", _word, "give a person as sub_…, or a handle")
    subject = id_parameter(found, "subject", "sub")
    return (await parts.subjects.handle(caller.tenant, subject) if subject else None) or _NO_HANDLE


def _word(text: str) -> str:
    if not 0 < len(text) <= 128:
        raise ValueError("empty or too long")
    return text


async def on_record(parts: Parts, request: Request, caller: Caller, about: str) -> None:
    """Makes the question durable: before its answer leaves."""
    table = await parts.notices.table(caller.tenant)
    await parts.audit.append(
        Event(
            id=new_uuid(),
            at=parts.clock.now(),
            tenant=caller.tenant,
            action=Action.AUDIT_QUERY,
            outcome=Outcome.ALLOWED,
            request=request_id(request.scope),
            caller=caller.id,
            roles=tuple(caller.roles),
            notice=NoticeRef(table.notice_id, table.version, table.digest),
            about=about,
        )
    )
