"""Storing a record: what may be stored, for which purposes, and how it is sealed.

A caller stores what the notice lets its roles write for the declared purpose; what a body may hold is decided in
`submission`. Record, person, bindings, consents, index entries and the event are one transaction, shared with the creates
that arrive at the same time; when one of them meets a conflict, each goes alone.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.audit.event import Action, Ciphertext, Event, FieldTrace, Outcome
from app.audit.log import AuditLog, Receipt
from app.crypto.blind_index import blind_index
from app.crypto.handle import handle
from app.crypto.key_derivation import SubjectKeys
from app.crypto.refused import Refused
from app.kernel.clock import Clock
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.ids import bucket_of, new_uuid, random_bucket
from app.kernel.plaintext import Plaintext
from app.keys.hierarchy import SubjectKeyRow, TenantKeys
from app.keys.keyring import TenantKeyring
from app.notice.active import ActiveNotices
from app.notice.decide import Circumstances, Reason
from app.notice.model import SearchMode
from app.notice.table import DecisionTable
from app.storage.coalesce import Coalescer
from app.storage.engine import Database, UnitOfWork
from app.storage.failures import Conflict
from app.subjects.binding import Binding
from app.subjects.consent import Act, Consent
from app.subjects.store import SubjectStore
from app.subjects.subject import Subject
from app.vault.ask import Ask
from app.vault.disclosure import NOTHING_HERE, Denial
from app.vault.fields import FieldCatalogue
from app.vault.judge import clause_of, notice_ref
from app.vault.sealing import RecordCipher
from app.vault.store import NewField, NewRecord, VaultStore
from app.vault.submission import Submission, check

_ATTEMPTS: Final = 5
_RECORDS_CONSENTS: Final = "consents.record"
HashPassword = Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """Who stores, and what."""

    ask: Ask
    submission: Submission


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


class RecordStorer:
    """The use case of storing one record."""

    def __init__(
        self,
        database: Database,
        store: VaultStore,
        subjects: SubjectStore,
        notices: ActiveNotices,
        catalogue: FieldCatalogue,
        keyring: TenantKeyring,
        audit: AuditLog,
        clock: Clock,
        hash_password: HashPassword,
    ) -> None:
        self._database = database
        self._store = store
        self._subjects = subjects
        self._notices = notices
        self._catalogue = catalogue
        self._keyring = keyring
        self._audit = audit
        self._clock = clock
        self._hash_password = hash_password
        self._writes: Coalescer[_Sealed, Receipt] = Coalescer(self._write, largest=16, in_flight=2)

    async def store(self, request: StoreRequest) -> Stored | Denial:
        """The stored record, or the denial; `invalid` and `not-covered` list every mistake, by field."""
        ask, submission = request.ask, request.submission
        table = await self._notices.table(ask.caller.tenant)
        if submission.collection not in table.notice.collections:
            error = FieldError(
                "/collection", "unknown-collection", "name one of: " + ", ".join(table.notice.collections)
            )
            raise VaultError(Kind.INVALID, "the notice has no such collection", errors=(error,))
        clauses, reasons = _may_write(request, table)
        if reasons:
            return await self._refuse(request, table, reasons)
        check(submission, table, self._catalogue.of(table, submission.collection), self._clock.now())
        fields = await self._passwords_hashed(request, table)
        tenant_keys = await self._keyring.tenant(ask.caller.tenant)
        for _ in range(_ATTEMPTS):
            person = await self._person(request, tenant_keys)
            sealed = self._seal(request, table, tenant_keys, person, fields, clauses)
            try:
                receipt = await self._writes.submit(ask.caller.tenant, sealed)
            except Conflict:
                continue  # somebody else has just stored this person: use theirs
            return Stored(
                sealed.record.id, person.id, submission.collection, sorted(fields), sealed.bindings, receipt
            )
        raise VaultError(Kind.CONFLICT, "this person is being stored by another request; try again")

    async def _refuse(
        self, request: StoreRequest, table: DecisionTable, reasons: Mapping[str, str]
    ) -> Denial:
        clause = clause_of(table, request.ask.purpose)
        traces = {name: FieldTrace("withheld", reason, clause) for name, reason in reasons.items()}
        event = self._event(request, table, Outcome.DENIED, traces)
        detail = "the notice lets this caller store none of this for this purpose; see reasons"
        return Denial(Kind.DISCLOSURE_DENIED, detail, reasons, await self._audit.append(event))

    async def _passwords_hashed(self, request: StoreRequest, table: DecisionTable) -> Mapping[str, Plaintext]:
        """The values as they are sealed: a password becomes its verifier, everything else stays as submitted."""
        fields = dict(request.submission.fields)
        for name, field in table.notice.collections[request.submission.collection].fields.items():
            if field.type == "password" and name in fields:
                fields[name] = Plaintext(await self._hash_password(fields[name].reveal()))
        return fields

    async def _person(self, request: StoreRequest, tenant_keys: TenantKeys) -> _Person:
        tenant, submission = request.ask.caller.tenant, request.submission
        if submission.subject is not None:
            return await self._known(tenant, submission.subject)
        reference = str((submission.reference or Plaintext("")).reveal())
        digest = blind_index(tenant_keys.customer_references, reference)
        known = await self._subjects.by_reference(tenant, digest)
        if known is not None:
            return await self._known(tenant, known)
        subject = new_uuid(random_bucket())
        row, keys = tenant_keys.new_subject(subject)
        person = Subject(
            subject, tenant, row.kek_version, row.wrapped.wrapped, row.wrapped.commitment, restricted=False
        )
        return _Person(subject, keys, (person, digest))

    async def _known(self, tenant: str, subject: UUID) -> _Person:
        stored = await self._subjects.by_id(tenant, subject)
        if stored is None:
            raise VaultError(Kind.NOT_FOUND, NOTHING_HERE)
        row = SubjectKeyRow.of(stored.wrapped_key, stored.commitment, stored.kek_version)
        try:
            return _Person(subject, await self._keyring.subject(tenant, subject, row), None)
        except Refused:
            raise VaultError(
                Kind.UNAVAILABLE, "this person's key does not pass its check; tell the operator"
            ) from None

    def _seal(
        self,
        request: StoreRequest,
        table: DecisionTable,
        tenant_keys: TenantKeys,
        person: _Person,
        fields: Mapping[str, Plaintext],
        clauses: Mapping[str, str],
    ) -> _Sealed:
        tenant, collection = request.ask.caller.tenant, request.submission.collection
        record = new_uuid(bucket_of(person.id))
        cipher = RecordCipher(person.keys.field, tenant, person.id, record, collection)
        sealed = [
            NewField(
                name, 1, cipher.seal(name, 1, value), self._index(table, tenant_keys, collection, name, value)
            )
            for name, value in fields.items()
        ]
        consents = self._consents(request, table, person.id)
        bindings = self._bindings(request, table, tenant_keys, cipher, person.id, record, consents)
        event = self._event(
            request,
            table,
            Outcome.ALLOWED,
            {name: FieldTrace("stored", Reason.GRANTED.value, clauses[name]) for name in fields},
            person=person,
            record=record,
            written={f.name: Ciphertext(f.version, hashlib.sha256(f.envelope).hexdigest()) for f in sealed},
        )
        return _Sealed(person, NewRecord(record, person.id, collection, sealed), bindings, consents, event)

    def _index(
        self, table: DecisionTable, tenant_keys: TenantKeys, collection: str, name: str, value: Plaintext
    ) -> tuple[int, bytes] | None:
        if table.notice.collections[collection].fields[name].search is SearchMode.NONE:
            return None
        version, key = tenant_keys.index(f"{collection}.{name}")
        return version, blind_index(
            key, self._catalogue.of(table, collection)[name].normalise(value.reveal())
        )

    def _consents(self, request: StoreRequest, table: DecisionTable, subject: UUID) -> list[Consent]:
        return [
            Consent(
                id=new_uuid(bucket_of(subject)),
                subject=subject,
                purpose=given.purpose,
                act=Act.GIVE,
                notice_version=table.version,
                wording=given.wording,
                method=given.method,
                given_at=given.given_at,
                recorded_at=self._clock.now(),
                recorded_by=request.ask.caller.id,
            )
            for given in request.submission.consents
        ]

    def _bindings(
        self,
        request: StoreRequest,
        table: DecisionTable,
        tenant_keys: TenantKeys,
        cipher: RecordCipher,
        subject: UUID,
        record: UUID,
        consents: Sequence[Consent],
    ) -> list[Binding]:
        opened: list[tuple[str, str | None, UUID | None]] = [
            *((p.purpose, p.reference, None) for p in request.submission.purposes),
            *((consent.purpose, None, consent.id) for consent in consents),
        ]
        bindings = []
        for purpose, reference, consent in opened:
            basis = table.notice.purposes[purpose].basis
            binding = new_uuid(bucket_of(subject))
            bindings.append(
                Binding(
                    id=binding,
                    subject=subject,
                    record=record,
                    purpose=purpose,
                    basis=basis.value if basis else "",
                    opened_at=self._clock.now(),
                    reference_digest=None
                    if reference is None
                    else blind_index(tenant_keys.references, reference),
                    reference_sealed=None
                    if reference is None
                    else cipher.seal(f"binding.{binding}", 1, Plaintext(reference)),
                    consent=consent,
                )
            )
        return bindings

    async def _write(self, tenant: str, creates: list[_Sealed]) -> Sequence[Receipt | Exception]:
        try:
            async with self._database.transaction(tenant) as work:
                return await self._insert(work, creates)
        except Conflict as conflict:
            if len(creates) == 1:
                return [conflict]
        return [outcome for create in creates for outcome in await self._write(tenant, [create])]

    async def _insert(self, work: UnitOfWork, creates: Sequence[_Sealed]) -> list[Receipt]:
        now = self._clock.now()
        await self._subjects.add(work, [create.person.new for create in creates if create.person.new], now)
        await self._store.add_records(work, [create.record for create in creates], now)
        await self._subjects.add_consents(
            work, [consent for create in creates for consent in create.consents]
        )
        await self._subjects.add_bindings(
            work, [binding for create in creates for binding in create.bindings]
        )
        return await self._audit.record(work, [create.event for create in creates])

    def _event(
        self,
        request: StoreRequest,
        table: DecisionTable,
        outcome: Outcome,
        fields: Mapping[str, FieldTrace],
        *,
        person: _Person | None = None,
        record: UUID | None = None,
        written: Mapping[str, Ciphertext] | None = None,
    ) -> Event:
        ask = request.ask
        return Event(
            id=new_uuid(random_bucket()),
            at=self._clock.now(),
            tenant=ask.caller.tenant,
            action=Action.RECORD_STORE,
            outcome=outcome,
            request=ask.request,
            caller=ask.caller.id,
            roles=tuple(ask.caller.roles),
            purpose=ask.purpose,
            case=ask.case,
            subject=handle(person.keys.handle, person.id) if person else None,
            record=handle(person.keys.handle, record) if person and record else None,
            collection=request.submission.collection,
            notice=notice_ref(table),
            fields=fields,
            written=written or {},
            inputs={"opened": ",".join(sorted(request.submission.opened()))} if person else {},
        )


def _may_write(request: StoreRequest, table: DecisionTable) -> tuple[dict[str, str], dict[str, str]]:
    """Field → clause for what the caller may write, and field → reason for what it may not. Unknown fields are judged later."""
    ask, submission = request.ask, request.submission
    if not table.knows_purpose(ask.purpose):
        return {}, {"*": Reason.UNKNOWN_PURPOSE.value}
    if table.is_forbidden(ask.purpose):
        return {}, {"*": Reason.FORBIDDEN_PURPOSE.value}
    circumstances = Circumstances(case=ask.case is not None)
    clauses: dict[str, str] = {}
    reasons: dict[str, str] = {}
    writable = table.writes(ask.caller.roles, [ask.purpose], submission.collection, circumstances)
    if not writable:
        return {}, {"*": Reason.NOT_GRANTED.value}
    for name in submission.fields:
        if name not in table.notice.collections[submission.collection].fields:
            continue
        clause = table.clause_of_write(
            ask.caller.roles, [ask.purpose], submission.collection, name, circumstances
        )
        if clause is None:
            reasons[name] = Reason.NOT_GRANTED.value
        else:
            clauses[name] = clause
    if submission.consents and _RECORDS_CONSENTS not in table.permissions(ask.caller.roles):
        reasons["consents"] = Reason.NOT_GRANTED.value
    return clauses, reasons
