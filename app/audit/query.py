"""What the compliance team can ask of the log, and the pages and counts it gets.

Newest first. A cursor is the id of the last event seen, so that pages stay whole while events are added.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, type_coerce

from app.audit.store import AuditStore
from app.audit.tables import audit_events as events
from app.kernel.ids import text_of
from app.storage.columns import moment_of

LARGEST_PAGE: Final = 1000
_HOUR: Final = 3_600_000_000
_DAY: Final = 24 * _HOUR


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
    """All conditions must hold; `subject` is a handle, times are inclusive at the start and exclusive at the end."""

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
            conditions += [events.c.at >= self.since, events.c.id >= _first_id(self.since)]
        if self.until is not None:
            conditions += [events.c.at < self.until]
        conditions += [events.c.facets.contains(f"|{word}|", autoescape=True) for word in self._facets()]
        return conditions

    def _facets(self) -> list[str]:
        words = {"role": self.role, "clause": self.clause}
        if self.field is not None and self.form is not None:
            return [f"{self.field}={self.form}", *(f"{k}:{v}" for k, v in words.items() if v is not None)]
        words |= {"field": self.field, "form": self.form}
        return [f"{k}:{v}" for k, v in words.items() if v is not None]


def _first_id(moment: datetime) -> UUID:
    """The smallest id an event of that millisecond can have: lets the primary key skip what is older (UUIDv7)."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


@dataclass(frozen=True, slots=True)
class Page:
    """Events as JSON objects, and the id to go on from, if there are more."""

    items: list[dict[str, Any]]
    next: UUID | None


class AuditQuery:
    """Reads the log for those whom the notice lets ask."""

    def __init__(self, store: AuditStore) -> None:
        self._store = store

    async def page(self, tenant: str, wanted: Filter, *, limit: int, after: UUID | None = None) -> Page:
        """At most `limit` events (up to 1,000), newest first, older than `after`."""
        conditions = wanted.conditions()
        if after is not None:
            conditions.append(events.c.id < after)
        rows = await self._store.page(tenant, conditions, limit + 1)
        more = len(rows) > limit
        return Page([json.loads(body) for _, body in rows[:limit]], rows[limit - 1][0] if more else None)

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
        for word in words:
            facet = events.c.facets.contains(f"|{group.value}:{word}|", autoescape=True)
            rows = await self._store.counts(tenant, [*wanted.conditions(), facet], events.c.tenant)
            found += [(word, count) for _, count in rows]
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
