"""What the shop does with a person's request: opens it, acknowledges it, extends it once, completes or refuses it.

Completing says that the thing asked for was done; it does not do it, for each has a call of its own: an erasure is done when a
certificate says so. Every step is on record. A request outlives its person: it can still be completed, while words, which need
the person's key, can no longer be added.

The row of a request names its person for good. So its events name the request and nothing that other events name beside a handle:
no person, no case, no session of theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from app.audit.author import NO_PERSON, Author, Person
from app.audit.event import NOTHING, Action, Event
from app.audit.log import AuditLog, Receipt
from app.crypto.refused import Refused
from app.kernel.clock import Clock, rfc3339
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.ids import bucket_of, new_uuid, text_of
from app.kernel.plaintext import Plaintext
from app.rights.deadline import Deadlines, RequestKind
from app.rights.request import THEMSELVES, TO_DO, PersonRequest, Step, moves
from app.rights.request_store import Cursor, RequestFilter, RequestPage, RequestStore
from app.rights.store import CertificateStore
from app.storage.engine import Database
from app.subjects.store import SubjectStore
from app.subjects.words import open_words, seal_words
from app.vault.find_subject import SubjectFinder

NO_REQUEST: Final = "there is no such request for you: it is missing, or not yours"
_OLDEST: Final = timedelta(days=366)
_ACTIONS: Final = {
    Step.ACKNOWLEDGE: Action.REQUEST_ACKNOWLEDGE,
    Step.EXTEND: Action.REQUEST_EXTEND,
    Step.COMPLETE: Action.REQUEST_COMPLETE,
    Step.REFUSE: Action.REQUEST_REFUSE,
}
_WORDS: Final = ("opened", "extended", "refused")
_NOT_DONE: Final = "a legal hold kept everything when this certificate was made; erase when it is released, or refuse the request"
_MADE_BEFORE: Final = (
    "this certificate was made before the request was received; erase again, and name the new one"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to open. `received_at` is now unless a letter or a call came earlier."""

    subject: UUID
    kind: RequestKind
    received_at: datetime | None = None
    recipients_involved: bool = False
    words: Plaintext | None = None


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request as it stands, under the receipt of what was done.

    `words`, by the step they were said at, come with `show` only, and are None once the person is gone.
    """

    request: PersonRequest
    receipt: Receipt
    words: Mapping[str, Plaintext] | None = None


class RequestDesk:
    """The use cases of people's requests."""

    def __init__(
        self,
        database: Database,
        store: RequestStore,
        certificates: CertificateStore,
        people: SubjectStore,
        finder: SubjectFinder,
        deadlines: Deadlines,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = store
        self._certificates = certificates
        self._people = people
        self._finder = finder
        self._deadlines = deadlines
        self._audit = audit
        self._clock = clock

    async def open(self, author: Author, asked: Asked) -> RequestView:
        """A new request with its deadlines. `not-found` when there is no such person; `invalid` for a time that cannot be."""
        person, now = await self._finder.person(author.tenant, asked.subject), self._clock.now()
        received_at = _received(author, asked.received_at, now)
        dates = self._deadlines.dates(asked.kind, received_at, recipients_involved=asked.recipients_involved)
        request = PersonRequest(
            id=new_uuid(bucket_of(asked.subject)),
            subject=asked.subject,
            kind=asked.kind,
            recipients_involved=asked.recipients_involved,
            received_at=received_at,
            acknowledge_by=dates.acknowledge_by,
            due_at=dates.due_at,
            holidays_known=dates.holidays_known,
            opened_at=now,
            opened_by=author.caller.id if author.caller.subject is None else THEMSELVES,
        )
        if asked.words is not None:
            request = replace(
                request, opened_words=_sealed(author.tenant, person, request, "opened", asked.words)
            )
        async with self._database.transaction(author.tenant) as work:
            if await self._people.lock(work, asked.subject) is None:
                raise VaultError(Kind.NOT_FOUND, NO_PERSON)
            await self._store.add(work, request)
            event = _event(author, Action.REQUEST_OPEN, now, request)
            (receipt,) = await self._audit.record(work, [event])
        return RequestView(request, receipt)

    async def acknowledge(self, author: Author, request: UUID) -> RequestView:
        """Tells on record that the person was answered. `not-found`; `conflict` when it was before, or is over."""
        return await self._move(author, request, Step.ACKNOWLEDGE, {})

    async def extend(self, author: Author, request: UUID, reason: Plaintext) -> RequestView:
        """Puts the deadline off, once. `not-found`; `conflict` when it was before, is over, or the person is gone."""
        known = await self._known(author, request)
        due_at = self._deadlines.extended(known.kind, known.due_at)
        return await self._move(author, request, Step.EXTEND, {"due_at": due_at}, reason)

    async def complete(self, author: Author, request: UUID, certificate: UUID | None) -> RequestView:
        """Says that it was done, and with which certificate. `not-found`; `invalid` for an erasure without a certificate, and for
        one that is not this person's; `conflict` when the request is over, or the certificate says that a hold kept everything,
        or that something is left and is older than the request.
        """
        known = await self._known(author, request)
        if certificate is not None:
            found = await self._certificates.by_id(author.tenant, certificate)
            if found is None or found.subject != known.subject:
                raise _not_certified("not-found", "name a certificate of this person's erasure")
            if found.document["held"]:
                raise VaultError(Kind.CONFLICT, _NOT_DONE)
            # Where nothing was left there is nothing to erase again: a request that met the erasure is answered by it.
            if not found.document["key_destroyed"] and found.document["at"] < rfc3339(known.received_at):
                raise VaultError(Kind.CONFLICT, _MADE_BEFORE)
        elif known.kind is RequestKind.ERASURE:
            raise _not_certified("required", "erase, and name the certificate of it")
        return await self._move(author, request, Step.COMPLETE, {"certificate": certificate})

    async def refuse(self, author: Author, request: UUID, reason: Plaintext) -> RequestView:
        """Says that it is not done, and why. `not-found`; `conflict` when it is over, or the person is gone."""
        return await self._move(author, request, Step.REFUSE, {}, reason)

    async def show(self, author: Author, request: UUID) -> RequestView:
        """One request with its words; `not-found`, also for a customer who asks about somebody else's."""
        known = await self._known(author, request)
        person = await self._person(author, known)
        words = None if person is None else _opened(author.tenant, person, known)
        event = _event(author, Action.REQUEST_LIST, self._clock.now(), known)
        return RequestView(known, await self._audit.append(event), words)

    async def page(
        self, author: Author, wanted: RequestFilter, *, limit: int, after: Cursor | None
    ) -> tuple[RequestPage, Receipt]:
        """Requests by deadline; of a customer their own only."""
        if author.caller.subject is not None:
            wanted = replace(wanted, subject=author.caller.subject)
        now = self._clock.now()
        page = await self._store.page(author.tenant, wanted, now, limit=limit, after=after)
        return page, await self._audit.append(author.event(Action.REQUEST_LIST, now))

    async def _move(
        self,
        author: Author,
        request_id: UUID,
        step: Step,
        values: Mapping[str, Any],
        reason: Plaintext | None = None,
    ) -> RequestView:
        known, now = await self._known(author, request_id), self._clock.now()
        person = await self._person(author, known)
        _, state = moves(step)
        changes = dict(values)
        if step is Step.EXTEND:
            changes["extended_at"] = now
        elif state not in TO_DO:
            changes |= {"ended_at": now, "ended_by": author.caller.id}
        if reason is not None:
            if person is None:
                raise VaultError(Kind.CONFLICT, "this person is gone, and no reason can be kept; complete it")
            changes[f"{state}_words"] = _sealed(author.tenant, person, known, state, reason)
        async with self._database.transaction(author.tenant) as work:
            if not await self._store.move(work, request_id, step, now, changes):
                raise VaultError(Kind.CONFLICT, f"this request cannot be moved by {step} any more; read it")
            moved = replace(known, state=state, acknowledged_at=known.acknowledged_at or now, **changes)
            (receipt,) = await self._audit.record(work, [_event(author, _ACTIONS[step], now, moved)])
        return RequestView(moved, receipt)

    async def _known(self, author: Author, request: UUID) -> PersonRequest:
        known = await self._store.by_id(author.tenant, request)
        if known is None or author.caller.subject not in {None, known.subject}:
            raise VaultError(Kind.NOT_FOUND, NO_REQUEST)
        return known

    async def _person(self, author: Author, request: PersonRequest) -> Person | None:
        """Whose request it is; None once they are gone."""
        found = await self._finder.people(author.tenant, {request.subject})
        return found[0] if found else None


def _received(author: Author, given: datetime | None, now: datetime) -> datetime:
    if given is None:
        return now
    if author.caller.subject is not None:
        detail = "leave it out: what you ask for here is received now"
    elif not now - _OLDEST <= given <= now:
        detail = "give a time of the last year that is not to come"
    else:
        return given
    error = FieldError("/received_at", "bad-time", detail)
    raise VaultError(Kind.INVALID, "the time of the receipt cannot be used; see errors", errors=(error,))


def _not_certified(code: str, detail: str) -> VaultError:
    error = FieldError("/certificate", code, detail)
    return VaultError(
        Kind.INVALID, "an erasure is completed with its certificate; see errors", errors=(error,)
    )


def _event(author: Author, action: Action, now: datetime, request: PersonRequest) -> Event:
    certificate = {"certificate": text_of("crt", request.certificate)} if request.certificate else NOTHING
    event = replace(author, case=None).event(
        action,
        now,
        about=text_of("req", request.id),
        inputs={"kind": request.kind.value, **certificate},
    )
    return event if author.caller.subject is None else event._replace(caller=None)


def _sealed(tenant: str, person: Person, request: PersonRequest, said_at: str, words: Plaintext) -> bytes:
    return seal_words(person.keys.field, tenant, person.id, request.id, f"request.{said_at}", words)


def _opened(tenant: str, person: Person, request: PersonRequest) -> dict[str, Plaintext]:
    envelopes = (request.opened_words, request.extended_words, request.refused_words)
    try:
        return {
            said_at: open_words(
                person.keys.field, tenant, person.id, request.id, f"request.{said_at}", envelope
            )
            for said_at, envelope in zip(_WORDS, envelopes, strict=True)
            if envelope is not None
        }
    except Refused:
        raise VaultError(
            Kind.UNAVAILABLE, "the words of this request do not pass their integrity check; tell the operator"
        ) from None
