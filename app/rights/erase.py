"""Erasing a person's data, on their request or because its time has come: everything of it in one transaction.

The person is locked first, against stores too; holds, bindings and records are read under the lock, so that what was placed,
opened or stored a moment before counts. Fields that go take their tokens, index entries and wrong answers along; a record
without a field goes; a person without a record goes, and their key with them. The certificate is stored in the same
transaction, and the erasure is acknowledged when the erasure ledger has it. Which fields go is decided by a `Choose` (`choice`).

A certificate names the person and outlives them. So an event names the person by handles, or it names the certificate, never
both; where nothing is left it has no handle. Whoever has the certificate finds nobody's events by it, not by a case either.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from app.audit.author import NO_PERSON, Author, Person
from app.audit.event import Action, Event, FieldTrace, NoticeRef, Outcome
from app.audit.log import AuditLog, Receipt
from app.audit.query import AuditQuery, Filter
from app.audit.signing_key import SigningKey
from app.audit.tree_store import TreeStore
from app.kernel.clock import Clock
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import bucket_of, new_uuid, text_of
from app.notice.active import ActiveNotices
from app.notice.model import Basis, Notice
from app.notice.table import DecisionTable
from app.rights.certificate import KEY_NAME, Cause, Certificate, CertifiedRecord, sign_certificate
from app.rights.choice import Choice, Choose, HeldPerson, on_hold, on_request
from app.rights.ledger import Ledger
from app.rights.person_rows import PersonRows, Rested
from app.rights.store import CertificateStore, StoredCertificate
from app.storage.engine import Database, UnitOfWork
from app.subjects.binding import Binding
from app.subjects.binding import Cause as Ended
from app.vault.ask import notice_ref
from app.vault.describe_subject import LEARNS
from app.vault.find_subject import SubjectFinder
from app.vault.record import HeldRecord

REASONS: Final = {Cause.REQUEST: "requested", Cause.TIME: "no-purpose-left"}
"""Why a field was erased, as events say it."""
_NO_KEY: Final = (
    "nothing is erased without a signed certificate; tell the operator to set KIN_AUDIT_SIGNING_KEY"
)
_NOT_FOUND: Final = "not-found"


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure that is durable and in the erasure ledger: its certificate, and the receipt of its event."""

    certificate: StoredCertificate
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Making:
    """One erasure under way: who asked (None for the clock), of whom, when, under which notice and certificate.

    Without a `person` (all of theirs went, or their key is damaged) events name the certificate instead.
    """

    tenant: str
    person: Person | None
    author: Author | None
    notice: NoticeRef
    at: datetime
    certificate: UUID

    def without_person(self) -> "Making":
        """The same, of somebody of whom nothing is left."""
        return replace(self, person=None)

    def record_event(self, record: HeldRecord, fields: dict[str, FieldTrace]) -> Event:
        """What was erased of a record."""
        handle = self.person.handle(record.id) if self.person else None
        return self._event(
            Action.RECORD_ERASE, Outcome.ALLOWED, record=handle, collection=record.collection, fields=fields
        )

    def subject_event(self, outcome: Outcome, reason: str, inputs: dict[str, str | bool]) -> Event:
        """What became of the person."""
        return self._event(Action.SUBJECT_ERASE, outcome, reason=reason, inputs=inputs)

    def _event(
        self,
        action: Action,
        outcome: Outcome,
        *,
        record: str | None = None,
        collection: str | None = None,
        fields: dict[str, FieldTrace] | None = None,
        inputs: dict[str, str | bool] | None = None,
        reason: str | None = None,
    ) -> Event:
        author = self.author
        return Event(
            id=new_uuid(),
            at=self.at,
            tenant=self.tenant,
            action=action,
            outcome=outcome,
            request=author.request if author else None,
            caller=author.caller.id if author else None,
            roles=tuple(author.caller.roles) if author else (),
            case=author.case if author and self.person else None,
            subject=self.person.handle() if self.person else None,
            record=record,
            collection=collection,
            notice=self.notice,
            fields=fields or {},
            inputs=inputs or {},
            about=None if self.person else text_of("crt", self.certificate),
            reason=reason,
        )


class Eraser:
    """The use cases of erasure. `signing` is None where no key is configured: then nothing is erased."""

    def __init__(
        self,
        database: Database,
        rows: PersonRows,
        certificates: CertificateStore,
        ledger: Ledger,
        finder: SubjectFinder,
        notices: ActiveNotices,
        audit: AuditLog,
        log: AuditQuery,
        tree: TreeStore,
        signing: SigningKey | None,
        clock: Clock,
    ) -> None:
        self._database = database
        self._rows = rows
        self._certificates = certificates
        self._ledger = ledger
        self._finder = finder
        self._notices = notices
        self._audit = audit
        self._log = log
        self._tree = tree
        self._signing = signing
        self._clock = clock

    async def erase_subject(self, author: Author, subject: UUID) -> Erasure:
        """Erases a person on request, as far as no legal duty and no hold keeps what is theirs; the certificate says which.

        Asked again about a person of whom nothing was left, it gives the same certificate. `not-found` when there never was
        such a person, or the clock took the last of them;
        `unavailable` when it cannot be signed or entered in the erasure ledger: ask again then.
        """
        table = await self._notices.table(author.tenant)
        choose = on_request(table.notice, self._clock.now())
        done = await self.erase(author.tenant, subject, table, choose, Cause.REQUEST, author)
        return done or await self._again(author, subject)

    async def erase(
        self,
        tenant: str,
        subject: UUID,
        table: DecisionTable,
        choose: Choose,
        cause: Cause,
        author: Author | None = None,
    ) -> Erasure | None:
        """Erases what `choose` lets go of one person under a notice, in one transaction; None when there is no such person, or
        it is the clock that asks and there was nothing to erase. Somebody whose key is damaged is erased like anybody else.

        `choose` is asked under the person's lock and sees every record with its bindings as they stand then; of a person on
        hold it is not asked and everything stays. Records left without a field go; so does a person left without a record.
        `unavailable` when there is no signing key or the erasure ledger cannot be written, before anything is erased; or
        afterwards, when only the ledger failed: `Ledger.catch_up` then does the rest.
        """
        if self._signing is None:
            raise VaultError(Kind.UNAVAILABLE, _NO_KEY)
        await self._ledger.check()
        person, newest = await self._finder.sound(tenant, subject), await self._tree.latest(tenant)
        making = Making(
            tenant, person, author, notice_ref(table), self._clock.now(), new_uuid(bucket_of(subject))
        )
        async with self._database.transaction(tenant) as work:
            held = await self._rows.lock(work, subject)
            if held is None:
                return None
            choice = (on_hold(table.notice) if held.person.held else choose)(held)
            if cause is Cause.TIME and not _takes_anything(held, choice):
                return None
            done = await self._carry_out(
                work, making, held, choice, cause, table.notice, newest.size if newest else None
            )
        await self._ledger.enter(tenant, [done.certificate])
        return done

    async def certificate(
        self, author: Author, certificate: UUID | None
    ) -> tuple[StoredCertificate, Receipt]:
        """A certificate again; `not-found` when there is none. Either is on record."""
        found = await self._certificates.by_id(author.tenant, certificate) if certificate else None
        now = self._clock.now()
        if found is None:
            event = author.event(Action.CERTIFICATE_READ, now, outcome=Outcome.DENIED, reason=_NOT_FOUND)
            await self._audit.append(event)
            raise VaultError(Kind.NOT_FOUND, "there is no such certificate for you")
        event = _apart(author).event(Action.CERTIFICATE_READ, now, about=text_of("crt", found.id))
        return found, await self._audit.append(event)

    async def _carry_out(
        self,
        work: UnitOfWork,
        making: Making,
        held: HeldPerson,
        choice: Choice,
        cause: Cause,
        notice: Notice,
        log_size: int | None,
    ) -> Erasure:
        subject, standing = held.person.id, held.person.held
        recipients = await self._recipients(work, making)
        left = list(held.records) if standing else await self._rows.remove(work, held, choice.gone, making.at)
        destroyed = not left and not standing
        rested = Rested({}, set())
        if destroyed:
            making = making.without_person()
        if making.author and left and not standing:
            closing = _not_of_duty(notice, left)
            by, version = making.author.caller.id, making.notice.version
            rested = await self._rows.rest(work, subject, closing, version, by, making.at)
        events = [*_record_events(making, held, choice, cause)]
        events.append(_subject_event(making, cause, choice, destroyed=destroyed, held=standing))
        certificate = Certificate(
            id=making.certificate,
            tenant=making.tenant,
            subject=subject,
            at=making.at,
            cause=cause,
            held=standing,
            key_destroyed=destroyed,
            notice=making.notice,
            records=[
                CertifiedRecord(
                    r.id,
                    r.collection,
                    choice.gone.get(r.id, {}),
                    choice.kept.get(r.id, {}),
                    sorted(rested.closed.get(r.id, ())),
                )
                for r in held.records
            ],
            log_size=log_size,
            recipients=recipients,
            consents_withdrawn=sorted(rested.consents),
        )
        issued = StoredCertificate(
            certificate.id, subject, cause, destroyed, self._signed(making.tenant, certificate)
        )
        receipts = await self._audit.record(work, events)
        await self._certificates.add(work, issued)
        return Erasure(issued, receipts[-1])

    async def _recipients(self, work: UnitOfWork, making: Making) -> list[UUID] | None:
        """The outside callers who were given something of the person, to be told of the erasure (GDPR art. 19).

        None where nobody can say: the register is found by the handle, which takes the person's key.
        """
        if making.person is None:
            return None
        register = Filter(subject=making.person.handle(), actions=LEARNS, outside=True)
        return await self._log.recipients(work, register)

    def _signed(self, tenant: str, certificate: Certificate) -> str:
        if self._signing is None:
            raise VaultError(Kind.UNAVAILABLE, _NO_KEY)
        return str(sign_certificate(self._signing.signer(f"{tenant}/{KEY_NAME}"), certificate))

    async def _again(self, author: Author, subject: UUID) -> Erasure:
        """The certificate of an erasure asked for earlier, now surely in the ledger."""
        earlier, now = await self._certificates.of_request(author.tenant, subject), self._clock.now()
        if earlier is None:
            event = author.event(Action.SUBJECT_ERASE, now, outcome=Outcome.DENIED, reason=_NOT_FOUND)
            await self._audit.append(event)
            raise VaultError(Kind.NOT_FOUND, NO_PERSON)
        await self._ledger.enter(author.tenant, [earlier])
        about = text_of("crt", earlier.id)
        event = _apart(author).event(Action.CERTIFICATE_READ, now, about=about, reason="erased-before")
        return Erasure(earlier, await self._audit.append(event))


def _apart(author: Author) -> Author:
    """Whoever asks, without the case: by it an event that names a certificate would lead to events that name the person."""
    return replace(author, case=None)


def _takes_anything(held: HeldPerson, choice: Choice) -> bool:
    """Whether anything goes: a field, a record that has none, or a person without a record."""
    if held.person.held:
        return False
    return not held.records or any(not r.fields or choice.gone.get(r.id) for r in held.records)


def _not_of_duty(notice: Notice, records: Sequence[HeldRecord]) -> list[Binding]:
    """The bindings that rest on no legal duty: of what stays, theirs alone would keep some of it longer than it is owed."""
    duty = {p.name for p in notice.purposes.values() if p.basis is Basis.LEGAL_OBLIGATION}
    bindings = [binding for record in records for binding in record.bindings]
    return [b for b in bindings if b.closed_because is not Ended.ERASURE and b.purpose not in duty]


def _record_events(making: Making, held: HeldPerson, choice: Choice, cause: Cause) -> list[Event]:
    reason = REASONS[cause]
    return [
        making.record_event(
            record, {name: FieldTrace("erased", reason, gone.clause) for name, gone in fields.items()}
        )
        for record in held.records
        if (fields := choice.gone.get(record.id))
    ]


def _subject_event(making: Making, cause: Cause, choice: Choice, *, destroyed: bool, held: bool) -> Event:
    count = {"erased": choice.gone, "kept": choice.kept}
    inputs: dict[str, str | bool] = {
        name: str(sum(map(len, fields.values()))) for name, fields in count.items()
    }
    if held:
        return making.subject_event(Outcome.DENIED, "held", inputs)
    outcome = Outcome.ALLOWED if destroyed else Outcome.PARTIAL
    return making.subject_event(outcome, REASONS[cause], inputs)
