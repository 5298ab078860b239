"""People: who they are to the vault, how they stand, who looked at their data, what they object to. Never a field."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import Field

from kin_client.answer import Model, Receipt, parsed
from kin_client.audit import FieldTrace
from kin_client.bindings import BindingState
from kin_client.operation import Operation, Page, Pages, get, post, with_body
from kin_client.spelling import check_id


class FoundSubject(Model):
    """Who it is."""

    id: str
    receipt: Receipt


class HeldRecord(Model):
    """A record of a person, without its fields."""

    id: str
    collection: str
    version: int
    created_at: datetime
    changed_at: datetime


class HeldBinding(BindingState):
    """A purpose on one of their records: on which basis, since when, and why it is over."""

    collection: str | None = None
    basis: str | None = None
    ref: str | None = Field(default=None, repr=False)
    opened_at: datetime
    consent: str | None = None
    closed_at: datetime | None = None
    closed_because: str | None = None
    reason: str | None = Field(default=None, repr=False)


class HeldConsent(Model):
    """A consent with its evidence, `given` or `withdrawn`; or an objection to what was never agreed to, `objected`."""

    id: str
    purpose: str
    state: str
    given_at: datetime | None = None
    method: str | None = None
    wording: str | None = None
    notice_version: int
    recorded_at: datetime
    recorded_by: str
    withdrawn_at: datetime | None = None


class StandingHold(Model):
    """A legal hold."""

    id: str
    case: str
    reason: str | None = Field(default=None, repr=False)
    placed_at: datetime
    placed_by: str
    released_at: datetime | None = None


class StandingAssignment(Model):
    """Somebody assigned to the person."""

    id: str
    caller: str
    case: str | None = None
    until: datetime
    ended_at: datetime | None = None


class StandingRestriction(Model):
    """Since when processing is restricted, and why."""

    since: datetime | None = None
    reason: str | None = Field(default=None, repr=False)


class Subject(Model):
    """A person as the vault knows them. Holds and assignments are None for the person themselves."""

    id: str
    created_at: datetime | None = None
    restriction: StandingRestriction | None = None
    held: bool | None = None
    records: tuple[HeldRecord, ...] = ()
    bindings: tuple[HeldBinding, ...] = ()
    consents: tuple[HeldConsent, ...] = ()
    holds: tuple[StandingHold, ...] | None = None
    assignments: tuple[StandingAssignment, ...] | None = None
    receipt: Receipt


class Access(Model):
    """One time that somebody learnt something of a person. `recipient` is set when it left the shop."""

    event: str
    at: datetime
    action: str
    outcome: str
    caller: str | None = None
    roles: tuple[str, ...] = ()
    purpose: str | None = None
    case: str | None = None
    record: str | None = None
    collection: str | None = None
    recipient: str | None = None
    fields: Mapping[str, FieldTrace] = {}


class Restriction(Model):
    """Whether processing is restricted now."""

    subject: str
    restricted: bool
    receipt: Receipt


class Objection(Model):
    """The purposes that are over for a person, the consents withdrawn and the bindings closed with them."""

    subject: str
    purposes: tuple[str, ...]
    withdrawn: tuple[str, ...]
    closed: tuple[BindingState, ...]
    receipt: Receipt


class _AccessPage(Model):
    items: tuple[Access, ...]
    next: str | None = None


def find_subject(customer: str) -> Operation[FoundSubject]:
    """The person with the shop's own customer number. Raises `NotFound` when there is none."""
    return parsed(FoundSubject, (yield post("/v1/subjects/find", {"ref": customer})))


def subject(subject: str) -> Operation[Subject]:
    """How a person stands: what is held for which purposes, consents, restriction, holds."""
    return parsed(Subject, (yield get(_path(subject), {})))


def accesses(subject: str, *, page_size: int = 100) -> Pages[Access]:
    """Who learnt what of a person, and why, newest first, fetched as they are needed."""
    return _accesses(_path(subject, "accesses"), page_size)


def recipients(subject: str, *, page_size: int = 100) -> Pages[Access]:
    """What of a person went to recipients outside the shop, newest first: the register of disclosures."""
    return _accesses(_path(subject, "recipients"), page_size)


def restrict(subject: str, *, reason: str) -> Operation[Restriction]:
    """Restrict processing: only purposes that need no binding go on."""
    return parsed(Restriction, (yield with_body("PUT", _path(subject, "restriction"), {"reason": reason})))


def lift_restriction(subject: str) -> Operation[Restriction]:
    """Lift a restriction."""
    return parsed(Restriction, (yield with_body("DELETE", _path(subject, "restriction"), {})))


def object_to(subject: str, purposes: Sequence[str] | None) -> Operation[Objection]:
    """Record that a person objects to these purposes; None stands for all marketing."""
    document = {} if purposes is None else {"purposes": list(purposes)}
    return parsed(Objection, (yield post(_path(subject, "objection"), document)))


def _path(subject: str, *more: str) -> str:
    return "/".join(("/v1/subjects", check_id("sub", subject), *more))


def _accesses(path: str, page_size: int) -> Pages[Access]:
    def fetch(cursor: str | None) -> Operation[Page[Access]]:
        page = parsed(_AccessPage, (yield get(path, {"limit": str(page_size), "cursor": cursor})))
        return Page(page.items, page.next)

    return Pages(fetch)
