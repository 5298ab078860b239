"""Opening a purpose on a record that is stored already, and closing purposes, by their reference (an order number) or singly.

Closing by reference reaches every record that was opened for the purpose under it. What is closed already stays as it is, so
that a call can be sent again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from app.audit.author import Author, Person
from app.audit.event import Action
from app.audit.log import AuditLog, Receipt
from app.crypto.blind_index import blind_index
from app.kernel.clock import Clock
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.ids import bucket_of, new_uuid, text_of
from app.kernel.plaintext import Plaintext
from app.keys.keyring import TenantKeyring
from app.notice.active import ActiveNotices
from app.notice.table import DecisionTable
from app.storage.engine import Database
from app.subjects.binding import Binding, Cause, State
from app.subjects.store import SubjectStore
from app.subjects.words import seal_words
from app.vault.disclosure import NOTHING_HERE
from app.vault.find_subject import SubjectFinder
from app.vault.record_list import RecordList
from app.vault.sealing import RecordCipher
from app.vault.store import VaultStore
from app.vault.submission import purpose_errors

CLOSED: Final = "binding.closed"
_NO_BINDING: Final = "there is no such binding for you: it is missing, or its record is gone"


@dataclass(frozen=True, slots=True)
class Opened:
    """A new binding, under the receipt of its event."""

    binding: Binding
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Closed:
    """The bindings that this call closed, under the receipt of its (last) event."""

    bindings: Sequence[Binding]
    receipt: Receipt


class BindingKeeper:
    """The use cases of bindings."""

    def __init__(
        self,
        database: Database,
        people: SubjectStore,
        records: VaultStore,
        heads: RecordList,
        finder: SubjectFinder,
        notices: ActiveNotices,
        keyring: TenantKeyring,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._database = database
        self._people = people
        self._records = records
        self._heads = heads
        self._finder = finder
        self._notices = notices
        self._keyring = keyring
        self._audit = audit
        self._clock = clock

    async def open_on(self, author: Author, record: UUID, purpose: str, reference: str | None) -> Opened:
        """Opens a purpose on a record. `invalid` or `not-covered` for the purpose, `not-found` when there is no such record."""
        table, tenant, now = await self._notices.table(author.tenant), author.tenant, self._clock.now()
        errors = tuple(purpose_errors(purpose, table))
        if errors:
            raise VaultError(Kind.INVALID, "the purpose cannot be opened; see errors", errors=errors)
        stored = await self._records.load(tenant, record)
        if stored is None:
            raise VaultError(Kind.NOT_FOUND, NOTHING_HERE)
        _check_covers(table, purpose, stored.collection)
        person = await self._finder.person(tenant, stored.subject)
        basis = table.notice.purposes[purpose].basis
        binding = Binding(
            id=new_uuid(bucket_of(stored.subject)),
            subject=stored.subject,
            record=record,
            purpose=purpose,
            basis=basis.value if basis else "",
            opened_at=now,
        )
        if reference is not None:
            cipher = RecordCipher(person.keys.field, tenant, stored.subject, record, stored.collection)
            binding = replace(
                binding,
                reference_digest=blind_index((await self._keyring.tenant(tenant)).references, reference),
                reference_sealed=cipher.seal(f"binding.{binding.id}", 1, Plaintext(reference)),
            )
        event = author.event(
            Action.BINDING_OPEN,
            now,
            person=person,
            record=record,
            collection=stored.collection,
            purpose=purpose,
            about=text_of("bnd", binding.id),
        )
        async with self._database.transaction(tenant) as work:
            there = await self._people.lock(work, stored.subject) is not None
            if not there or record not in {
                head.id for head in await self._heads.locked(work, stored.subject)
            }:
                raise VaultError(Kind.NOT_FOUND, NOTHING_HERE)
            await self._people.add_bindings(work, [binding])
            (receipt,) = await self._audit.record(work, [event])
        return Opened(binding, receipt)

    async def close_referenced(
        self, author: Author, purpose: str, reference: str, reason: Plaintext | None
    ) -> Closed:
        """Closes what is open for a purpose under a reference. `invalid` for a purpose the notice does not know."""
        if not (await self._notices.table(author.tenant)).knows_purpose(purpose):
            error = FieldError("/purpose", "unknown-purpose", "name a purpose of the active notice")
            raise VaultError(Kind.INVALID, "the notice has no such purpose; see errors", errors=(error,))
        digest = blind_index((await self._keyring.tenant(author.tenant)).references, reference)
        found = await self._people.bindings_by_reference(author.tenant, purpose, digest)
        return await self._close(author, purpose, found, reason)

    async def close_one(self, author: Author, binding: UUID, reason: Plaintext | None) -> Closed:
        """Closes one binding. `not-found` when there is none."""
        found = await self._people.binding(author.tenant, binding)
        if found is None:
            raise VaultError(Kind.NOT_FOUND, _NO_BINDING)
        return await self._close(author, found.purpose, [found], reason, about=text_of("bnd", binding))

    async def _close(
        self,
        author: Author,
        purpose: str,
        found: Iterable[Binding],
        reason: Plaintext | None,
        about: str | None = None,
    ) -> Closed:
        now = self._clock.now()
        chosen = [binding for binding in found if binding.state is State.OPEN]
        people = {
            subject: await self._finder.person(author.tenant, subject)
            # In one order, so that two calls that close the same records never wait for each other in a ring.
            for subject in sorted({binding.subject for binding in chosen})
        }
        if not people:
            event = author.event(
                Action.BINDING_CLOSE, now, purpose=purpose, about=about, inputs={"closed": "0"}
            )
            return Closed([], await self._audit.append(event))
        closed: list[Binding] = []
        async with self._database.transaction(author.tenant) as work:
            for subject, person in people.items():
                await self._people.lock(work, subject)
                theirs = [_with_words(author, person, b, reason) for b in chosen if b.subject == subject]
                moved = await self._people.close_bindings(work, theirs, Cause.CALL, now)
                event = author.event(
                    Action.BINDING_CLOSE,
                    now,
                    person=person,
                    purpose=purpose,
                    about=about,
                    inputs={"closed": str(len(moved))},
                )
                (receipt,) = await self._audit.record(work, [event])
                closed += moved
        return Closed(closed, receipt)


def _with_words(author: Author, person: Person, binding: Binding, reason: Plaintext | None) -> Binding:
    if reason is None:
        return binding
    words = seal_words(person.keys.field, author.tenant, person.id, binding.id, CLOSED, reason)
    return replace(binding, closed_words=words)


def _check_covers(table: DecisionTable, purpose: str, collection: str) -> None:
    covered = {name.partition(".")[0] for name in table.notice.purposes[purpose].covers}
    if collection not in covered:
        detail = "this purpose covers: " + ", ".join(sorted(covered))
        raise VaultError(
            Kind.NOT_COVERED,
            "the purpose covers no field of this record",
            errors=(FieldError("/purpose", "not-covered", detail),),
        )
