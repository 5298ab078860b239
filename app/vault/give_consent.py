"""Giving consent, withdrawing it, and objecting: entries in the ledger, and what they open and close at once.

A consent opens its purpose on every record of the person whose collection has a field that the purpose covers, where it is not
open already. A withdrawal ends the purpose for the person, however often they had agreed to it; an objection does so for several
purposes, by default all that carry out the clause on contact, and says no to those as well to which they had not agreed. Both
act on the next read in every process, because standing is read from rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from app.audit.author import NO_PERSON, Author, Person
from app.audit.event import Action
from app.audit.log import AuditLog, Receipt
from app.kernel.clock import Clock
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.ids import bucket_of, new_uuid, text_of
from app.notice.active import ActiveNotices
from app.notice.model import Basis
from app.notice.table import DecisionTable
from app.storage.engine import Database, UnitOfWork
from app.subjects.binding import Binding, Cause
from app.subjects.consent import Act, Consent, live, withdrawal
from app.subjects.store import SubjectStore
from app.vault.find_subject import SubjectFinder
from app.vault.join_consents import consent_purposes, joined
from app.vault.keeping import is_open
from app.vault.record_list import RecordList
from app.vault.submission import ConsentGiven, consent_errors, pointer

MARKETING_CLAUSE: Final = "contact"
_OBJECTED: Final = frozenset({Basis.CONSENT, Basis.LEGITIMATE_INTEREST})
_WITHDRAWN_SINCE: Final = "the person has withdrawn their consent to this purpose since; ask them again"
_NO_CONSENT: Final = "there is no such consent for you: it is missing, or its person is gone"


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """A new entry of the ledger, the bindings it opened or closed, under the receipt of the change."""

    entry: Consent
    bindings: Sequence[Binding]
    receipt: Receipt
    added: bool = True


@dataclass(frozen=True, slots=True)
class Objection:
    """The purposes objected to, the consents withdrawn with them, the bindings closed."""

    purposes: Sequence[str]
    consents: Sequence[UUID]
    bindings: Sequence[Binding]
    receipt: Receipt


class ConsentKeeper:
    """The use cases of the ledger of consents (Law 91/2025/QH15 art. 9-10; GDPR art. 7 and 21)."""

    def __init__(
        self,
        database: Database,
        people: SubjectStore,
        records: RecordList,
        finder: SubjectFinder,
        notices: ActiveNotices,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._database = database
        self._people = people
        self._records = records
        self._finder = finder
        self._notices = notices
        self._audit = audit
        self._clock = clock

    async def give(
        self, author: Author, subject: UUID, given: ConsentGiven, *, imported: bool = False
    ) -> ConsentChange:
        """Records a consent, given now or before. `invalid` lists every mistake; `not-found` when there is no such person.

        An imported one that is in the ledger already adds nothing, and one that was withdrawn since is a `conflict`: what is
        brought from another system says what was agreed to then, not what stands now.
        """
        table, now = await self._notices.table(author.tenant), self._clock.now()
        errors = tuple(consent_errors(given, table, now))
        if errors:
            raise VaultError(Kind.INVALID, "the consent cannot be recorded; see errors", errors=errors)
        person = await self._finder.person(author.tenant, subject)
        entry = _entry(author, table, subject, given, now)
        async with self._database.transaction(author.tenant) as work:
            await self._lock(work, subject, NO_PERSON)
            known = await self._imported_before(work, entry) if imported else None
            opened: list[Binding] = []
            if known is None:
                await self._people.add_consents(work, [entry])
                opened = await self._open(work, table, entry)
            event = author.event(
                Action.CONSENT_GIVE,
                now,
                person=person,
                purpose=given.purpose,
                about=text_of("cns", (known or entry).id),
                inputs={"opened": str(len(opened)), **({"imported": known is None} if imported else {})},
            )
            (receipt,) = await self._audit.record(work, [event])
        return ConsentChange(known or entry, opened, receipt, added=known is None)

    async def withdraw(self, author: Author, consent: UUID) -> ConsentChange:
        """Ends the purpose of a consent. `not-found` when there is no such consent, `conflict` when it no longer stands."""
        known = await self._people.consent(author.tenant, consent)
        if known is None or known.act is not Act.GIVE or author.caller.subject not in {None, known.subject}:
            raise VaultError(Kind.NOT_FOUND, _NO_CONSENT)
        person, now = await self._finder.person(author.tenant, known.subject), self._clock.now()
        async with self._database.transaction(author.tenant) as work:
            await self._lock(work, known.subject, _NO_CONSENT)
            ended = await self._end(work, author, person, {known.purpose}, Cause.WITHDRAWAL, now)
            mine = [entry for entry in ended.entries if entry.withdraws == consent]
            if not mine:
                raise VaultError(Kind.CONFLICT, "this consent has been withdrawn already")
            event = author.event(
                Action.CONSENT_WITHDRAW,
                now,
                person=person,
                purpose=known.purpose,
                about=text_of("cns", consent),
                inputs={"closed": str(len(ended.bindings))},
            )
            (receipt,) = await self._audit.record(work, [event])
        return ConsentChange(mine[0], ended.bindings, receipt)

    async def object(self, author: Author, subject: UUID, purposes: Sequence[str] | None) -> Objection:
        """Ends these purposes for a person; all marketing when none is named. `invalid` for one that cannot be objected to."""
        table, now = await self._notices.table(author.tenant), self._clock.now()
        chosen = _objected(table, purposes)
        person = await self._finder.person(author.tenant, subject)
        async with self._database.transaction(author.tenant) as work:
            await self._lock(work, subject, NO_PERSON)
            ended = await self._end(work, author, person, chosen, Cause.OBJECTION, now)
            event = author.event(
                Action.SUBJECT_OBJECT,
                now,
                person=person,
                inputs={"purposes": ",".join(sorted(chosen)), "closed": str(len(ended.bindings))},
            )
            (receipt,) = await self._audit.record(work, [event])
        withdrawn = [entry.withdraws for entry in ended.entries if entry.withdraws]
        return Objection(sorted(chosen), withdrawn, ended.bindings, receipt)

    async def _lock(self, work: UnitOfWork, subject: UUID, otherwise: str) -> None:
        """Stores wait too: a record that is stored meanwhile is either seen here, or sees what is decided here."""
        if await self._people.lock(work, subject, alone=True) is None:
            raise VaultError(Kind.NOT_FOUND, otherwise)

    async def _imported_before(self, work: UnitOfWork, new: Consent) -> Consent | None:
        ledger = [e for e in await self._people.locked_ledger(work, new.subject) if e.purpose == new.purpose]
        same = next((e for e in ledger if e.act is Act.GIVE and e.evidence == new.evidence), None)
        if same is None and any(
            e.act is Act.WITHDRAW and (new.given_at is None or new.given_at <= e.recorded_at) for e in ledger
        ):
            raise VaultError(Kind.CONFLICT, _WITHDRAWN_SINCE)
        return same

    async def _open(self, work: UnitOfWork, table: DecisionTable, entry: Consent) -> list[Binding]:
        reached = [
            record.id
            for record in await self._records.locked(work, entry.subject)
            if entry.purpose in consent_purposes(table, record.collection)
        ]
        purpose = table.notice.purposes[entry.purpose]
        there = {
            binding.record
            for binding in await self._people.locked_bindings(work, reached, {entry.purpose})
            # One that ends by itself counts from its opening: who agrees again begins its time anew.
            if not purpose.closes_after and is_open(purpose, binding, entry.recorded_at)
        }
        opened = [joined(entry, record, entry.recorded_at) for record in reached if record not in there]
        await self._people.add_bindings(work, opened)
        return opened

    async def _end(
        self,
        work: UnitOfWork,
        author: Author,
        person: Person,
        purposes: Iterable[str],
        cause: Cause,
        now: datetime,
    ) -> "_Ended":
        """Withdraws every live consent to these purposes and closes their bindings, of a locked person.

        An objection to what they had not agreed to is an entry too: a consent given before, brought later, does not undo it.
        """
        chosen = frozenset(purposes)
        version = author.notice.version
        standing = live(await self._people.locked_ledger(work, person.id), chosen)
        ended: list[tuple[str, UUID | None]] = [(given.purpose, given.id) for given in standing]
        if cause is Cause.OBJECTION:
            ended += [(name, None) for name in sorted(chosen - {given.purpose for given in standing})]
        entries = [
            withdrawal(person.id, name, given, version, now, author.caller.id) for name, given in ended
        ]
        await self._people.add_consents(work, entries)
        records = [record.id for record in await self._records.locked(work, person.id)]
        bindings = await self._people.locked_bindings(work, records, chosen)
        return _Ended(entries, await self._people.close_bindings(work, bindings, cause, now))


@dataclass(frozen=True, slots=True)
class _Ended:
    entries: Sequence[Consent]
    bindings: Sequence[Binding]


def _entry(
    author: Author, table: DecisionTable, subject: UUID, given: ConsentGiven, now: datetime
) -> Consent:
    return Consent(
        id=new_uuid(bucket_of(subject)),
        subject=subject,
        purpose=given.purpose,
        act=Act.GIVE,
        notice_version=table.version,
        wording=given.wording,
        method=given.method,
        given_at=given.given_at,
        recorded_at=now,
        recorded_by=author.caller.id,
    )


def _objected(table: DecisionTable, purposes: Sequence[str] | None) -> frozenset[str]:
    known = {p.name for p in table.notice.purposes.values() if p.basis in _OBJECTED and not p.standing}
    if purposes is None:
        return frozenset(n for n in known if table.notice.purposes[n].clause == MARKETING_CLAUSE)
    errors = tuple(
        FieldError(
            pointer("purposes", i), "not-open-to-objection", "name any of: " + ", ".join(sorted(known))
        )
        for i, name in enumerate(purposes)
        if name not in known
    )
    if errors:
        detail = "an objection reaches purposes that rest on consent or legitimate interest; see errors"
        raise VaultError(Kind.INVALID, detail, errors=errors)
    return frozenset(purposes)
