"""Accepted records become rows: sealed for their person, indexed, bound to their purposes, witnessed by their event.

Creates that arrive together share one transaction; when one of them meets a conflict, each goes alone. A batch is nothing else
than many creates that arrive together.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Generic, TypeVar
from uuid import UUID

from app.audit.author import Person
from app.audit.event import Action, Ciphertext, Event, FieldTrace, Outcome
from app.audit.log import AuditLog, Receipt
from app.crypto.blind_index import blind_index
from app.crypto.key_derivation import SubjectKeys
from app.crypto.refused import Refused
from app.kernel.clock import Clock
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import bucket_of, new_uuid
from app.kernel.plaintext import Plaintext
from app.keys.hierarchy import SubjectKeyRow, TenantKeys
from app.keys.keyring import TenantKeyring
from app.notice.decide import Reason
from app.notice.table import DecisionTable
from app.storage.coalesce import Coalescer
from app.storage.engine import Database, UnitOfWork
from app.storage.failures import Conflict
from app.subjects.binding import Binding
from app.subjects.consent import Act, Consent
from app.subjects.store import SubjectStore
from app.subjects.subject import Subject
from app.vault.ask import Ask
from app.vault.disclosure import NOTHING_HERE
from app.vault.fields import FieldCatalogue
from app.vault.indexing import IndexEntry, entries
from app.vault.join_consents import consent_purposes, joining
from app.vault.keep_answer import AnswerKeeper, KeptAnswer
from app.vault.key_fence import Begun, KeyLost
from app.vault.sealing import RecordCipher
from app.vault.store import NewField, NewRecord, VaultStore
from app.vault.submission import Submission

T = TypeVar("T")
_ATTEMPTS: Final = 5
_DAMAGED: Final = "this person's key does not pass its check; tell the operator"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A submission that may be stored: under which clause each field, and the values as they are to be sealed."""

    ask: Ask
    submission: Submission
    table: DecisionTable
    fields: Mapping[str, Plaintext]
    clauses: Mapping[str, str]
    keep: "Keep[Stored] | None" = None


@dataclass(frozen=True, slots=True)
class Keep(Generic[T]):
    """Under which idempotency key the answer is kept, in the same transaction, and how it will read."""

    begun: Begun
    render: Callable[[T], KeptAnswer]


@dataclass(frozen=True, slots=True)
class Stored:
    """A record that is durable, with its event."""

    record: UUID
    subject: UUID
    collection: str
    fields: Sequence[str]
    bindings: Sequence[Binding]
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class _Person:
    """Whose record it is; `new` with the reference's digest when the person is not stored yet."""

    id: UUID
    keys: SubjectKeys
    new: tuple[Subject, bytes] | None


@dataclass(frozen=True, slots=True)
class _Sealed:
    """Everything one create inserts."""

    person: _Person
    record: NewRecord
    bindings: Sequence[Binding]
    consents: Sequence[Consent]
    event: Event
    keep: Keep[Stored] | None
    purposes: Collection[str]


class RecordWriter:
    """Writes accepted records."""

    def __init__(
        self,
        database: Database,
        store: VaultStore,
        subjects: SubjectStore,
        catalogue: FieldCatalogue,
        keyring: TenantKeyring,
        keeper: AnswerKeeper,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = store
        self._subjects = subjects
        self._keeper = keeper
        self._catalogue = catalogue
        self._keyring = keyring
        self._audit = audit
        self._clock = clock
        self._creates: Coalescer[Accepted, Stored] = Coalescer(self.write_all, largest=16, in_flight=2)

    async def write(self, accepted: Accepted) -> Stored:
        """One record, in a transaction shared with those that arrive at the same time."""
        return await self._creates.submit(accepted.ask.caller.tenant, accepted)

    async def write_all(
        self,
        tenant: str,
        accepted: Sequence[Accepted],
        keep: Keep[Sequence[Stored | Exception]] | None = None,
    ) -> list[Stored | Exception]:
        """Each record or its error, in order: all in one transaction, or each alone when one of them meets a conflict.

        `keep` keeps what the whole comes to, if it is one transaction.
        """
        for _ in range(_ATTEMPTS):
            tenant_keys = await self._keyring.tenant(tenant)
            people = await self._people(tenant, accepted, tenant_keys)
            batch = _Batch(tenant_keys, self._clock.now())
            sealed = [
                person if isinstance(person, VaultError) else self._seal(item, person, batch)
                for item, person in zip(accepted, people, strict=True)
            ]
            try:
                return await self._commit(tenant, sealed, batch.now, keep)
            except (Conflict, KeyLost) as refused:
                if len(accepted) > 1:
                    return [outcome for item in accepted for outcome in await self.write_all(tenant, [item])]
                if isinstance(refused, KeyLost):
                    return [refused]
                # Somebody else has just stored this person: use theirs.
        return [VaultError(Kind.CONFLICT, "this person is being stored by another request; try again")]

    async def _commit(
        self,
        tenant: str,
        sealed: Sequence[_Sealed | VaultError],
        now: datetime,
        keep: Keep[Sequence[Stored | Exception]] | None,
    ) -> list[Stored | Exception]:
        creates = [create for create in sealed if isinstance(create, _Sealed)]
        if not creates:
            return list[Stored | Exception](error for error in sealed if isinstance(error, VaultError))
        async with self._database.transaction(tenant) as work:
            stored = iter(await self._insert(work, creates, now))
            outcomes: list[Stored | Exception] = [
                create if isinstance(create, VaultError) else next(stored) for create in sealed
            ]
            if keep is not None:
                known = {create.person.id: create.person.keys.field for create in creates}
                await self._keeper.keep(work, keep.render(outcomes), keep.begun, known)
        return outcomes

    async def _insert(self, work: UnitOfWork, creates: Sequence[_Sealed], now: datetime) -> list[Stored]:
        people = {create.person.id: create.person.new for create in creates if create.person.new}
        await self._subjects.add(work, list(people.values()), now)
        await self._store.add_records(work, [create.record for create in creates], now)
        await self._subjects.add_consents(
            work, [consent for create in creates for consent in create.consents]
        )
        creates = await self._joined(work, creates, now)
        await self._subjects.add_bindings(
            work, [binding for create in creates for binding in create.bindings]
        )
        receipts = await self._audit.record(work, [create.event for create in creates])
        stored = [_stored(create, receipt) for create, receipt in zip(creates, receipts, strict=True)]
        for create, answer in zip(creates, stored, strict=True):
            if create.keep is not None:
                known = {create.person.id: create.person.keys.field}
                await self._keeper.keep(work, create.keep.render(answer), create.keep.begun, known)
        return stored

    async def _joined(self, work: UnitOfWork, creates: Sequence[_Sealed], now: datetime) -> Sequence[_Sealed]:
        """The creates with the purposes their people agreed to before: one query, and none for people who are new here.

        It comes after the records are inserted: from then on whoever changes the ledger waits, or has been waited for.
        """
        times = Counter(create.person.id for create in creates)
        here = {
            c.person.id for c in creates if c.purposes and (c.person.new is None or times[c.person.id] > 1)
        }
        if not here:
            return creates
        ledgers = await self._subjects.ledgers(work, here)
        return [_joining(create, ledgers.get(create.person.id, ()), now) for create in creates]

    async def _people(
        self, tenant: str, accepted: Sequence[Accepted], tenant_keys: TenantKeys
    ) -> list[_Person | VaultError]:
        """Whose each record is, in two queries for all: known by id or reference, or new (once for each new reference)."""
        digests = [_reference_digest(item.submission, tenant_keys) for item in accepted]
        referenced = await self._subjects.by_references(tenant, {digest for digest in digests if digest})
        ids = [
            referenced.get(digest) if digest else item.submission.subject
            for item, digest in zip(accepted, digests, strict=True)
        ]
        rows = await self._subjects.wrapped_keys(tenant, {subject for subject in ids if subject})
        made: dict[bytes, _Person] = {}
        people: list[_Person | VaultError] = []
        for subject, digest in zip(ids, digests, strict=True):
            if subject is None and digest is not None:
                if digest not in made:
                    made[digest] = _new_person(tenant, tenant_keys, digest)
                people.append(made[digest])
            elif subject in rows:
                people.append(await self._known(tenant, subject, SubjectKeyRow.of(*rows[subject])))
            else:
                people.append(VaultError(Kind.NOT_FOUND, NOTHING_HERE))
        return people

    async def _known(self, tenant: str, subject: UUID, row: SubjectKeyRow) -> _Person | VaultError:
        try:
            return _Person(subject, await self._keyring.subject(tenant, subject, row), None)
        except Refused:
            return VaultError(Kind.UNAVAILABLE, _DAMAGED)

    def _seal(self, item: Accepted, person: _Person, batch: "_Batch") -> _Sealed:
        collection, tenant_keys = item.submission.collection, batch.tenant_keys
        record = new_uuid(bucket_of(person.id))
        cipher = RecordCipher(person.keys.field, tenant_keys.tenant, person.id, record, collection)
        sealed = [
            NewField(name, 1, cipher.seal(name, 1, value), self._index(item, tenant_keys, name, value))
            for name, value in item.fields.items()
        ]
        consents = _consents(item, person.id, batch.now)
        bindings = _bindings(item, batch, cipher, person.id, record, consents)
        event = _event(item, person, record, sealed, batch)
        new = NewRecord(record, person.id, collection, sealed)
        purposes = batch.consent_purposes(item.table, collection)
        return _Sealed(person, new, bindings, consents, event, item.keep, purposes)

    def _index(
        self, item: Accepted, tenant_keys: TenantKeys, name: str, value: Plaintext
    ) -> Sequence[IndexEntry]:
        return entries(item.table, tenant_keys, self._catalogue, item.submission.collection, name, value)


def _consents(item: Accepted, subject: UUID, now: datetime) -> list[Consent]:
    return [
        Consent(
            id=new_uuid(bucket_of(subject)),
            subject=subject,
            purpose=given.purpose,
            act=Act.GIVE,
            notice_version=item.table.version,
            wording=given.wording,
            method=given.method,
            given_at=given.given_at,
            recorded_at=now,
            recorded_by=item.ask.caller.id,
        )
        for given in item.submission.consents
    ]


def _bindings(
    item: Accepted,
    batch: "_Batch",
    cipher: RecordCipher,
    subject: UUID,
    record: UUID,
    consents: Sequence[Consent],
) -> list[Binding]:
    opened: list[tuple[str, str | None, UUID | None]] = [
        *((p.purpose, p.reference, None) for p in item.submission.purposes),
        *((consent.purpose, None, consent.id) for consent in consents),
    ]
    bindings = []
    for purpose, reference, consent in opened:
        basis = item.table.notice.purposes[purpose].basis
        binding = new_uuid(bucket_of(subject))
        digest = sealed = None
        if reference is not None:
            digest = blind_index(batch.tenant_keys.references, reference)
            sealed = cipher.seal(f"binding.{binding}", 1, Plaintext(reference))
        bindings.append(
            Binding(
                id=binding,
                subject=subject,
                record=record,
                purpose=purpose,
                basis=basis.value if basis else "",
                opened_at=batch.now,
                reference_digest=digest,
                reference_sealed=sealed,
                consent=consent,
            )
        )
    return bindings


def _event(
    item: Accepted, person: _Person, record: UUID, sealed: Sequence[NewField], batch: "_Batch"
) -> Event:
    traces, inputs = batch.words(item)
    return item.ask.event(
        item.table,
        Action.RECORD_STORE,
        batch.now,
        Outcome.ALLOWED,
        person=Person(person.id, person.keys),
        record=record,
        collection=item.submission.collection,
        fields=traces,
        written={
            field.name: Ciphertext(field.version, hashlib.sha256(field.envelope).hexdigest())
            for field in sealed
        },
        inputs=inputs,
    )


_Words = tuple[Mapping[str, FieldTrace], Mapping[str, str | bool]]


class _Batch:
    """What the records written together share: the keys, the moment, and what is found out once for all that are alike."""

    def __init__(self, tenant_keys: TenantKeys, now: datetime) -> None:
        self.tenant_keys = tenant_keys
        self.now = now
        self._words: dict[tuple[object, ...], _Words] = {}
        self._purposes: dict[tuple[str, str], frozenset[str]] = {}

    def words(self, item: Accepted) -> _Words:
        """What events say of their fields and inputs: for those that say the same the same objects, so that the log writes
        them once.
        """
        opened = ",".join(sorted(item.submission.opened()))
        place = (opened, *item.clauses.items(), *item.fields)
        known = self._words.get(place)
        if known is None:
            traces = {n: FieldTrace("stored", Reason.GRANTED.value, item.clauses[n]) for n in item.fields}
            known = self._words[place] = traces, {"opened": opened}
        return known

    def consent_purposes(self, table: DecisionTable, collection: str) -> frozenset[str]:
        """As the function of this name."""
        place = (table.digest, collection)
        if place not in self._purposes:
            self._purposes[place] = consent_purposes(table, collection)
        return self._purposes[place]


def _reference_digest(submission: Submission, tenant_keys: TenantKeys) -> bytes | None:
    if submission.reference is None:
        return None
    return blind_index(tenant_keys.customer_references, submission.reference.reveal())


def _new_person(tenant: str, tenant_keys: TenantKeys, digest: bytes) -> _Person:
    subject = new_uuid()
    row, keys = tenant_keys.new_subject(subject)
    stored = Subject(
        subject, tenant, row.kek_version, row.wrapped.wrapped, row.wrapped.commitment, restricted=False
    )
    return _Person(subject, keys, (stored, digest))


def _joining(create: _Sealed, ledger: Sequence[Consent], now: datetime) -> _Sealed:
    opened = {binding.purpose for binding in create.bindings}
    more = joining(ledger, create.purposes, opened, create.record.id, now)
    if not more:
        return create
    words = ",".join(sorted(opened | {binding.purpose for binding in more}))
    event = create.event._replace(inputs={**create.event.inputs, "opened": words})
    return replace(create, bindings=[*create.bindings, *more], event=event)


def _stored(create: _Sealed, receipt: Receipt) -> Stored:
    record = create.record
    names = sorted(field.name for field in record.fields)
    return Stored(record.id, record.subject, record.collection, names, create.bindings, receipt)
