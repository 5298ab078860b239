"""Changing and deleting a stored record: who may, against which version, and which rows follow.

A change names the version it was made from; of two changes of one version one wins. A field's version is the version of the
record that wrote it, so that no version of a field comes twice, not even when it was removed in between. Index entries
follow the values; a removed field's tokens die with it.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from typing import Final
from uuid import UUID

from app.audit.event import NOT_WRITTEN, WITHHELD, Action, Ciphertext, Event, FieldTrace, Outcome
from app.audit.log import AuditLog, Receipt
from app.crypto.key_derivation import SubjectKeys
from app.crypto.refused import Refused
from app.kernel.clock import Clock, rfc3339
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.plaintext import Plaintext
from app.keys.keyring import TenantKeyring
from app.notice.active import ActiveNotices
from app.notice.decide import Reason
from app.notice.model import BindingState
from app.notice.table import DecisionTable
from app.storage.engine import Database, UnitOfWork
from app.subjects.store import SubjectStore
from app.vault.ask import Ask, person_of
from app.vault.change_store import ChangeStore
from app.vault.disclosure import NOTHING_HERE, Denial
from app.vault.fields import FieldCatalogue
from app.vault.indexing import entries
from app.vault.judge import Judge, clause_of
from app.vault.keeping import Keeper, owed
from app.vault.record import StoredRecord
from app.vault.sealing import RecordCipher
from app.vault.store import NewField, VaultStore
from app.vault.submission import coverage_errors, pointer, unknown_field, value_errors
from app.vault.writing import EVERYTHING, may_write, writes_anything

_REFUSED: Final = "the notice lets this caller change none of this for this purpose; see reasons"
_HELD: Final = "a legal hold stands on this person; nothing of theirs is deleted"
_STALE: Final = "the record has another version by now; read it again and repeat the change"
_DAMAGED: Final = "this person's key does not pass its check; tell the operator"
HashPassword = Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Changed:
    """A record after a change that is durable."""

    record: UUID
    subject: UUID
    collection: str
    version: int
    fields: Sequence[str]
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class _Target:
    """The record a caller may write to, with what writing needs."""

    ask: Ask
    table: DecisionTable
    record: StoredRecord
    keys: SubjectKeys
    clauses: Mapping[str, str]

    @property
    def cipher(self) -> RecordCipher:
        """Seals this record's fields."""
        r = self.record
        return RecordCipher(self.keys.field, r.tenant, r.subject, r.id, r.collection)


class RecordChanger:
    """The use cases of changing and deleting."""

    def __init__(
        self,
        database: Database,
        store: VaultStore,
        changes: ChangeStore,
        subjects: SubjectStore,
        notices: ActiveNotices,
        catalogue: FieldCatalogue,
        keyring: TenantKeyring,
        judge: Judge,
        audit: AuditLog,
        clock: Clock,
        hash_password: HashPassword,
    ) -> None:
        self._database = database
        self._store = store
        self._changes = changes
        self._subjects = subjects
        self._notices = notices
        self._catalogue = catalogue
        self._keyring = keyring
        self._judge = judge
        self._audit = audit
        self._clock = clock
        self._hash_password = hash_password

    async def change(
        self, ask: Ask, record: UUID, version: int, fields: Mapping[str, Plaintext | None]
    ) -> Changed | Denial:
        """Writes the given fields and removes those that are None. `precondition-failed` when the version is another; `conflict`
        when one is to be removed that a legal hold or a legal duty keeps.
        """
        target = await self._target(ask, record, Action.RECORD_CHANGE, fields)
        if isinstance(target, Denial):
            return target
        if target.record.version != version:
            raise VaultError(Kind.PRECONDITION_FAILED, _STALE)
        given = {name: value for name, value in fields.items() if value is not None}
        self._check(target, given, [name for name, value in fields.items() if value is None])
        return await self._carry_out(target, await self._passwords_hashed(target, given), list(fields))

    async def delete(self, ask: Ask, record: UUID, version: int | None) -> Receipt | Denial:
        """Removes the record with its fields, index entries, tokens and bindings; the person stays. A version is optional.

        `conflict` while a legal hold or a legal duty keeps any of it.
        """
        target = await self._target(ask, record, Action.RECORD_DELETE, None)
        if isinstance(target, Denial):
            return target
        stored = target.record
        if stored.standing.held:
            raise VaultError(Kind.CONFLICT, _HELD)
        if version is not None and stored.version != version:
            raise VaultError(Kind.PRECONDITION_FAILED, _STALE)
        removed = {
            name: FieldTrace("removed", Reason.GRANTED.value, target.clauses.get(name))
            for name in stored.fields
        }
        event = self._event(target, Action.RECORD_DELETE, removed)
        async with self._database.transaction(stored.tenant) as work:
            person = await self._subjects.lock(work, stored.subject)
            if person is not None and person.held:
                raise VaultError(Kind.CONFLICT, _HELD)
            await self._check_duties(work, target, list(stored.fields))
            if person is None or not await self._changes.advance(work, stored, self._clock.now()):
                raise VaultError(Kind.PRECONDITION_FAILED, _STALE)
            await self._changes.delete_record(work, stored.id)
            (receipt,) = await self._audit.record(work, [event])
        return receipt

    async def _target(
        self, ask: Ask, record: UUID, action: Action, names: Mapping[str, Plaintext | None] | None
    ) -> _Target | Denial:
        """The record, if the caller may write the named fields of it (all that are stored when None) for its purpose."""
        table = await self._notices.table(ask.caller.tenant)
        if not writes_anything(ask, table):
            _, reasons = may_write(ask, table, next(iter(table.notice.collections)), ())
            return await self._refuse(ask, table, action, reasons)
        stored = await self._store.load(ask.caller.tenant, record)
        if stored is None:
            return await self._not_found(ask, table, action)
        clauses, reasons = may_write(ask, table, stored.collection, stored.fields if names is None else names)
        if EVERYTHING in reasons:
            return await self._not_found(ask, table, action)
        keys = await self._keys(stored)
        standing = self._standing_reason(table, stored, ask.purpose)
        if standing is not None:
            reasons = {**dict.fromkeys(clauses, standing.value), **reasons}
        if reasons:
            return await self._refuse(ask, table, action, reasons, stored, keys)
        return _Target(ask, table, stored, keys, clauses)

    def _standing_reason(self, table: DecisionTable, record: StoredRecord, purpose: str) -> Reason | None:
        """Why the purpose does not reach this record for writing, if it does not."""
        if table.notice.purposes[purpose].standing:
            return None
        if record.standing.restricted:
            return Reason.RESTRICTED
        if self._judge.binding(table, record, purpose) is not BindingState.OPEN:
            return Reason.PURPOSE_NOT_OPEN
        return None

    async def _keys(self, stored: StoredRecord) -> SubjectKeys:
        try:
            return await self._keyring.subject(stored.tenant, stored.subject, stored.key)
        except Refused:
            raise VaultError(Kind.UNAVAILABLE, _DAMAGED) from None

    def _check(self, target: _Target, given: Mapping[str, Plaintext], removed: Sequence[str]) -> None:
        table, record = target.table, target.record
        types = self._catalogue.of(table, record.collection)
        errors = [*value_errors(given, types)]
        for name in removed:
            if name not in types:
                errors.append(
                    FieldError(unknown_field(name), "unknown-field", "remove fields of this collection")
                )
            elif table.notice.collections[record.collection].fields[name].required:
                errors.append(
                    FieldError(
                        pointer("fields", name), "required", "this field is required; give another value"
                    )
                )
        if errors:
            raise VaultError(
                Kind.INVALID, "the record cannot be changed so; see errors", errors=tuple(errors)
            )
        opened = [
            purpose
            for purpose in record.standing.bindings
            if purpose in table.notice.purposes
            and self._judge.binding(table, record, purpose) is BindingState.OPEN
        ]
        # What is only kept can still be put right, for a standing purpose such as the person's own request.
        standing = table.notice.purposes[target.ask.purpose].standing
        new = [name for name in given if not (standing and name in record.fields)]
        uncovered = tuple(coverage_errors(record.collection, new, opened, table))
        if uncovered:
            detail = "no purpose open on this record covers these fields; see errors"
            raise VaultError(Kind.NOT_COVERED, detail, errors=uncovered)

    async def _passwords_hashed(
        self, target: _Target, given: Mapping[str, Plaintext]
    ) -> dict[str, Plaintext]:
        collection = target.table.notice.collections[target.record.collection]
        return {
            name: Plaintext(await self._hash_password(value.reveal()))
            if collection.fields[name].type == "password"
            else value
            for name, value in given.items()
        }

    async def _carry_out(
        self, target: _Target, given: Mapping[str, Plaintext], touched: Sequence[str]
    ) -> Changed | Denial:
        record, version, now = target.record, target.record.version + 1, self._clock.now()
        tenant_keys = await self._keyring.tenant(record.tenant)
        new = [
            NewField(
                name,
                version,
                target.cipher.seal(name, version, value),
                entries(target.table, tenant_keys, self._catalogue, record.collection, name, value),
            )
            for name, value in given.items()
        ]
        removed = [name for name in touched if name not in given]
        event = self._change_event(target, new, removed)
        async with self._database.transaction(record.tenant) as work:
            person = await self._subjects.lock(work, record.subject)
            if person is not None and person.held and removed:
                raise VaultError(Kind.CONFLICT, _HELD)
            await self._check_duties(work, target, removed)
            moved = person is None or person.restricted != record.standing.restricted
            if moved or not await self._changes.advance(work, record, now):
                raise VaultError(Kind.PRECONDITION_FAILED, _STALE)
            await self._changes.unindex(work, record.id, record.collection, touched)
            await self._changes.replace_fields(work, record, touched, new)
            await self._changes.retire_field_tokens(work, record, removed, now)
            (receipt,) = await self._audit.record(work, [event])
        names = sorted((record.fields.keys() - set(removed)) | given.keys())
        return Changed(record.id, record.subject, record.collection, version, names, receipt)

    async def _check_duties(self, work: UnitOfWork, target: _Target, removed: Sequence[str]) -> None:
        """Returns when no legal duty keeps what is to be removed of a record whose person is locked; `conflict` otherwise."""
        if not removed:
            return
        record, notice, now = target.record, target.table.notice, self._clock.now()
        bindings = await self._subjects.locked_bindings(work, [record.id])
        kept = {name: owed(notice, record.collection, name, bindings, now) for name in removed}
        if duties := [(name, keeper) for name, keepers in kept.items() for keeper in keepers]:
            raise VaultError(Kind.CONFLICT, "a legal duty keeps " + ", ".join(starmap(_until, duties)))

    async def _refuse(
        self,
        ask: Ask,
        table: DecisionTable,
        action: Action,
        reasons: Mapping[str, str],
        record: StoredRecord | None = None,
        keys: SubjectKeys | None = None,
    ) -> Denial:
        clause = clause_of(table, ask.purpose)
        traces = {name: FieldTrace(WITHHELD, reason, clause) for name, reason in reasons.items()}
        event = ask.event(
            table,
            action,
            self._clock.now(),
            Outcome.DENIED,
            person=person_of(record, keys),
            record=record.id if record else None,
            collection=record.collection if record else None,
            fields=traces,
        )
        return Denial(Kind.DISCLOSURE_DENIED, _REFUSED, reasons, await self._audit.append(event))

    async def _not_found(self, ask: Ask, table: DecisionTable, action: Action) -> Denial:
        event = ask.event(table, action, self._clock.now(), Outcome.DENIED, reason="not-found")
        return Denial(Kind.NOT_FOUND, NOTHING_HERE, {}, await self._audit.append(event))

    def _change_event(self, target: _Target, new: Sequence[NewField], removed: Sequence[str]) -> Event:
        granted = Reason.GRANTED.value
        traces = {
            **{field.name: FieldTrace("stored", granted, target.clauses.get(field.name)) for field in new},
            **{name: FieldTrace("removed", granted, target.clauses.get(name)) for name in removed},
        }
        written = {f.name: Ciphertext(f.version, hashlib.sha256(f.envelope).hexdigest()) for f in new}
        return self._event(target, Action.RECORD_CHANGE, traces, written)

    def _event(
        self,
        target: _Target,
        action: Action,
        traces: Mapping[str, FieldTrace],
        written: Mapping[str, Ciphertext] = NOT_WRITTEN,
    ) -> Event:
        record = target.record
        return target.ask.event(
            target.table,
            action,
            self._clock.now(),
            Outcome.ALLOWED,
            person=person_of(record, target.keys),
            record=record.id,
            collection=record.collection,
            fields=traces,
            written=written,
        )


def _until(name: str, keeper: Keeper) -> str:
    """Which duty keeps a field, and how long."""
    end = f"until {rfc3339(keeper.until)}" if keeper.until else "for as long as it is open"
    return f"{name} for {keeper.purpose} {end}"
