"""Which stored fields are to be erased by a moment, and why: the rule of the active notice over a first look at the rows."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kernel.errors import Kind, VaultError
from app.notice.active import ActiveNotices
from app.notice.store import NoticeStore
from app.notice.table import DecisionTable
from app.retention.due import Due, Rule, fallen
from app.retention.store import Candidate, DueStore
from app.storage.stored_word import DamagedRow
from app.subjects.binding import Binding
from app.subjects.store import SubjectStore
from app.vault.record import HeldRecord
from app.vault.record_list import RecordList


@dataclass(frozen=True, slots=True)
class DueRecord:
    """A record of which something falls due, whose it is, whether a hold stands on that person; field → when and why."""

    id: UUID
    subject: UUID
    collection: str
    held: bool
    fields: Mapping[str, Due]


@dataclass(frozen=True, slots=True)
class Active:
    """The active notice, compiled, and the rule that it makes for the clock."""

    table: DecisionTable
    rule: Rule


@dataclass(frozen=True, slots=True)
class Step:
    """Under this notice these people have something to be erased, among as many as a step looks at."""

    active: Active
    due: Sequence[UUID]


class DueFinder:
    """Looks, and opens no field."""

    def __init__(
        self,
        store: DueStore,
        records: RecordList,
        people: SubjectStore,
        notices: ActiveNotices,
        versions: NoticeStore,
    ) -> None:
        self._store = store
        self._records = records
        self._people = people
        self._notices = notices
        self._versions = versions

    async def rule(self, tenant: str) -> Rule:
        """The rule of the notice that decides, as activated last; `unavailable` when there is none."""
        await self._notices.refresh()  # a command has nobody else who does
        return (await self.active(tenant)).rule

    async def active(self, tenant: str, known: Active | None = None) -> Active:
        """The notice that decides now, which is `known` while no other has been activated; that costs nothing."""
        table = await self._notices.table(tenant)
        if known and known.table is table:
            return known
        for version in await self._versions.versions(tenant):
            if version.version == table.version and version.activated_at:
                return Active(table, Rule(table.notice, version.activated_at))
        raise VaultError(Kind.UNAVAILABLE, "the tenant has no active notice; activate one")

    async def population(self, tenant: str) -> int:
        """How many people there are to look at."""
        return await self._store.count_people(tenant)

    async def records(
        self, tenant: str, rule: Rule, before: datetime, after: UUID | None = None
    ) -> AsyncIterator[tuple[list[DueRecord], UUID | None]]:
        """Records with a field to be erased by then, in the order of their keys, a step at a time with the id it went up to."""
        async for span in self._store.spans_of_records(tenant, after):
            found = await self._store.records(tenant, rule, before, span)
            yield await self._decided(tenant, rule, before, found), span.last

    async def people(self, tenant: str, before: datetime) -> AsyncIterator[Step]:
        """Everybody in the order of their keys, a step at a time, with those of whom something is to be erased by then.

        Those under a hold are not among them; those without any record are, from a grace after they were stored first; and
        those of whom damage keeps anybody from saying it, so that whoever erases says that of them.
        """
        async for span in self._store.spans_of_people(tenant):
            await self._notices.refresh()
            active = await self.active(tenant)
            maybe = await self._store.people(tenant, active.rule, before, span)
            records = await self._store.records_of(tenant, maybe) if maybe else []
            due = await self._owners(tenant, active.rule, before, records)
            anything = {record.subject for record in records}
            yield Step(active, [one for one in maybe if one in due or one not in anything])

    async def _owners(
        self, tenant: str, rule: Rule, before: datetime, found: Sequence[Candidate]
    ) -> set[UUID]:
        """The people of whose records something is due, or something is damaged."""
        owners = {one.subject for one in found}
        try:
            return {record.subject for record in await self._decided(tenant, rule, before, found)}
        except DamagedRow:
            if len(owners) == 1:
                return owners
        return set().union(
            *[
                await self._owners(tenant, rule, before, [one for one in found if one.subject == owner])
                for owner in owners
            ]
        )

    async def _decided(
        self, tenant: str, rule: Rule, before: datetime, found: Sequence[Candidate]
    ) -> list[DueRecord]:
        ids = [one.record.id for one in found]
        names = await self._records.fields(tenant, ids)
        bindings: dict[UUID, list[Binding]] = {record: [] for record in ids}
        for binding in await self._people.bindings_of_records(tenant, ids):
            bindings[binding.record].append(binding)
        decided = []
        for one in found:
            head = one.record
            record = HeldRecord(head.id, head.collection, head.created_at, names[head.id], bindings[head.id])
            if fields := fallen(rule, record, before):
                decided.append(DueRecord(head.id, one.subject, head.collection, one.held, fields))
        return decided
