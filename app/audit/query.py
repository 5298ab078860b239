"""What the compliance team can ask of the log, and the pages and counts it gets.

Newest first. A cursor is the id of the last event seen, so that pages stay whole while events are added.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, type_coerce

from app.audit.event import READS, Outcome
from app.audit.facet import Facet, breadth, field_in_form, word
from app.audit.facet_store import FacetStore
from app.audit.store import AuditStore
from app.audit.tables import audit_events as events
from app.kernel.ids import parse_id, text_of
from app.storage.columns import moment_of
from app.storage.engine import UnitOfWork

LARGEST_PAGE: Final = 1000
_GIVEN: Final = (Outcome.ALLOWED.value, Outcome.PARTIAL.value)
_HOUR: Final = 3_600_000_000
_LONGEST_REQUEST: Final = timedelta(minutes=10)
_DAY: Final = 24 * _HOUR
# An event's id and its `at` are made one after the other; clocks of processes differ by less than this.
_SLACK: Final = 60_000
_LATEST: Final = (1 << 48) - 1


class Group(StrEnum):
    """What a summary counts by."""

    HOUR = "hour"
    DAY = "day"
    CALLER = "caller"
    ROLE = "role"
    PURPOSE = "purpose"
    OUTCOME = "outcome"
    ACTION = "action"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class Filter:
    """All conditions must hold; `subject` is a handle, times are inclusive at the start and exclusive at the end.

    `actions` are several of which one must fit; `outside` asks for what was given to a recipient outside the shop.
    """

    subject: str | None = None
    record: str | None = None
    caller: UUID | None = None
    role: str | None = None
    purpose: str | None = None
    action: str | None = None
    outcome: str | None = None
    collection: str | None = None
    field: str | None = None
    form: str | None = None
    recipient: UUID | None = None
    clause: str | None = None
    case: str | None = None
    notice_version: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    actions: frozenset[str] = frozenset()
    outside: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter as SQL; values are bound, never written into the text."""
        equal = {
            events.c.subject: self.subject,
            events.c.record: self.record,
            events.c.caller: self.caller,
            events.c.purpose: self.purpose,
            events.c.action: self.action,
            events.c.outcome: self.outcome,
            events.c.collection: self.collection,
            events.c.recipient: self.recipient,
            events.c.case_reference: self.case,
            events.c.notice_version: self.notice_version,
        }
        conditions = [column == value for column, value in equal.items() if value is not None]
        if self.since is not None:
            conditions += [events.c.at >= self.since, events.c.id >= _first_id(self.since, -_SLACK)]
        if self.until is not None:
            conditions += [events.c.at < self.until, events.c.id < _first_id(self.until, _SLACK)]
        if self.actions:
            conditions += [events.c.action.in_(sorted(self.actions))]
        if self.outside:
            conditions += [events.c.recipient.is_not(None), events.c.outcome.in_(_GIVEN)]
        conditions += [events.c.facets.contains(f"|{one}|", autoescape=True) for one in self._facets()]
        return conditions

    def words(self) -> list[str]:
        """What is looked up in the index of facets, the narrowest first; none when a better index serves."""
        rare = self.case is not None or self.recipient is not None
        if self.subject is not None or self.record is not None or (self.caller is not None and not rare):
            return []
        columns = {
            Facet.CASE: self.case,
            Facet.RECIPIENT: self.recipient,
            Facet.NOTICE: self.notice_version,
            Facet.PURPOSE: self.purpose,
            Facet.COLLECTION: self.collection,
            Facet.ACTION: self.action,
            Facet.OUTCOME: self.outcome,
        }
        found = [word(facet, value) for facet, value in columns.items() if value is not None]
        return sorted([*found, *self._facets()], key=breadth)

    def _facets(self) -> list[str]:
        words = {Facet.ROLE: self.role, Facet.CLAUSE: self.clause}
        both = self.field is not None and self.form is not None
        if not both:
            words |= {Facet.FIELD: self.field, Facet.FORM: self.form}
        found = [word(facet, value) for facet, value in words.items() if value is not None]
        return [field_in_form(str(self.field), str(self.form)), *found] if both else found


def _first_id(moment: datetime, slack: int = 0) -> UUID:
    """The smallest id of `slack` milliseconds after a moment: lets an index skip what is older (UUIDv7)."""
    milliseconds = int(moment.timestamp() * 1000) + slack
    return UUID(int=min(max(0, milliseconds), _LATEST) << 80)


@dataclass(frozen=True, slots=True)
class Page:
    """Events as JSON objects, and the id to go on from, if there are more."""

    items: list[dict[str, Any]]
    next: UUID | None


class AuditQuery:
    """Reads the log for those whom the notice lets ask."""

    def __init__(self, store: AuditStore, facets: FacetStore) -> None:
        self._store = store
        self._facets = facets

    async def page(self, tenant: str, wanted: Filter, *, limit: int, after: UUID | None = None) -> Page:
        """At most `limit` events (up to 1,000), newest first, older than `after`."""
        conditions = wanted.conditions()
        if after is not None:
            conditions.append(events.c.id < after)
        rows = await self._rows(tenant, wanted, conditions, limit + 1, after)
        more = len(rows) > limit
        return Page([json.loads(body) for _, body in rows[:limit]], rows[limit - 1][0] if more else None)

    async def effect_of(self, tenant: str, request: str, since: datetime) -> UUID | None:
        """The event that changed something on behalf of a request begun at that time, if there is one."""
        wanted = Filter(since=since, until=since + _LONGEST_REQUEST)
        after: UUID | None = None
        while True:
            page = await self.page(tenant, wanted, limit=LARGEST_PAGE, after=after)
            for item in page.items:
                if (
                    item.get("request") == request
                    and item["action"] not in READS
                    and item["outcome"] == Outcome.ALLOWED
                ):
                    return parse_id("evt", item["id"])
            after = page.next
            if after is None:
                return None

    async def _rows(
        self,
        tenant: str,
        wanted: Filter,
        conditions: list[ColumnElement[bool]],
        limit: int,
        after: UUID | None,
    ) -> list[tuple[UUID, bytes]]:
        words = wanted.words()
        if not words:
            return await self._store.page(tenant, conditions, limit)
        # What is not sequenced is in no index of facets. Read first: what is sequenced meanwhile is found twice, not never.
        fresh = await self._store.page_of_waiting(tenant, conditions, limit)
        oldest = _first_id(wanted.since, -_SLACK) if wanted.since else None
        before = _first_id(wanted.until, _SLACK) if wanted.until else None
        newest = min((one for one in (after, before) if one), default=None)
        span = oldest, newest
        indexed = await self._facets.page(self._store, tenant, words, conditions, limit, span)
        return sorted(dict([*fresh, *indexed]).items(), reverse=True)[:limit]

    async def recipients(self, work: UnitOfWork, wanted: Filter) -> list[UUID]:
        """The different recipients of the events that a filter finds, by id; within a unit of work that is about to end them."""
        return await self._store.recipients(work, wanted.conditions())

    async def writes(self, tenant: str, subject: str) -> list[dict[str, Any]]:
        """The events that stored or removed something of the person with this handle, in their order."""
        return [json.loads(body) for body in await self._store.writes(tenant, subject)]

    async def answers(self, tenant: str) -> None:
        """Returns when the log can be read; `DatabaseUnavailable` otherwise."""
        await self._store.page(tenant, [], 1)

    async def one(self, tenant: str, event_id: UUID) -> dict[str, Any] | None:
        """One event, or None."""
        body = await self._store.one(tenant, event_id)
        return None if body is None else json.loads(body)

    async def summary(
        self, tenant: str, wanted: Filter, group: Group, words: Mapping[Group, Sequence[str]]
    ) -> list[tuple[str, int]]:
        """Counts by `group`, most first. For roles and forms, of which an event can have several, `words` lists all."""
        if group in words:
            return await self._counts_by_word(tenant, wanted, group, words[group])
        column, shown = _GROUPS[group]
        rows = await self._store.counts(tenant, wanted.conditions(), column)
        return [(shown(value), count) for value, count in rows if value is not None]

    async def _counts_by_word(
        self, tenant: str, wanted: Filter, group: Group, words: Sequence[str]
    ) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        for one in words:
            facet = events.c.facets.contains(f"|{group.value}:{one}|", autoescape=True)
            rows = await self._store.counts(tenant, [*wanted.conditions(), facet], events.c.tenant)
            found += [(one, count) for _, count in rows]
        return sorted(found, key=lambda entry: (-entry[1], entry[0]))


def _hour(count: int) -> str:
    return moment_of(count * _HOUR).astimezone(UTC).strftime("%Y-%m-%dT%H:00:00Z")


def _day(count: int) -> str:
    return moment_of(count * _DAY).astimezone(UTC).strftime("%Y-%m-%d")


_GROUPS: Final[Mapping[Group, tuple[ColumnElement[Any], Callable[[Any], str]]]] = {
    Group.HOUR: (type_coerce(events.c.at, BigInteger) // _HOUR, _hour),
    Group.DAY: (type_coerce(events.c.at, BigInteger) // _DAY, _day),
    Group.CALLER: (events.c.caller, partial(text_of, "clr")),
    Group.PURPOSE: (events.c.purpose, str),
    Group.OUTCOME: (events.c.outcome, str),
    Group.ACTION: (events.c.action, str),
}
