"""The SQL of people, their references, bindings and consents."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    SmallInteger,
    Text,
    bindparam,
    column,
    delete,
    insert,
    select,
    update,
    values,
)

from app.crypto.blind_index import digest_bucket
from app.kernel.ids import bucket_of
from app.storage.columns import Identifier, microseconds
from app.storage.engine import Database, UnitOfWork
from app.storage.hot import HotInsert, HotSelect
from app.subjects.binding import Binding, Cause, closes
from app.subjects.consent import Consent
from app.subjects.rows import binding_of, consent_of, subject_of
from app.subjects.subject import Subject
from app.subjects.tables import assignments, bindings, consents, holds, subject_refs, subjects

_OF_A_PERSON: Final = (bindings, consents, holds, assignments)
"""The tables of this room whose rows end with their person."""


def _referenced(keys: FromClause) -> Any:
    return (
        select(subject_refs.c.digest, subject_refs.c.subject)
        .select_from(keys)
        .join(subject_refs, (subject_refs.c.bucket == keys.c.bucket) & (subject_refs.c.digest == keys.c.id))
        .where(subject_refs.c.tenant == bindparam("tenant", type_=Text))
    )


def _keyed(keys: FromClause) -> Any:
    return (
        select(subjects.c.id, subjects.c.wrapped_key, subjects.c.commitment, subjects.c.kek_version)
        .select_from(keys)
        .join(subjects, (subjects.c.bucket == keys.c.bucket) & (subjects.c.id == keys.c.id))
        .where(subjects.c.tenant == bindparam("tenant", type_=Text))
    )


_INSERT_PEOPLE: Final = HotInsert(
    subjects,
    ("bucket", "id", "tenant", "kek_version", "wrapped_key", "commitment", "restricted", "created_at"),
)
_INSERT_REFERENCES: Final = HotInsert(subject_refs, ("bucket", "tenant", "digest", "subject"))
_INSERT_BINDINGS: Final = HotInsert(
    bindings,
    (
        "bucket",
        "id",
        "tenant",
        "subject",
        "record",
        "purpose",
        "basis",
        "reference_digest",
        "reference_sealed",
        "consent",
        "state",
        "opened_at",
    ),
)


class SubjectStore:
    """Rows of `subjects`, `subject_refs`, `bindings`, `consents`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._referenced = HotSelect(_referenced, by_digest=True)
        self._keyed = HotSelect(_keyed)

    async def by_references(self, tenant: str, digests: Collection[bytes]) -> dict[bytes, UUID]:
        """Digest of a reference → the person the shop calls so, for those who are there; one query, of the hot path."""
        keys = [(digest_bucket(digest), digest) for digest in digests]
        rows = await self._database.fetch_hot(self._referenced, tenant, keys) if keys else []
        return {row[0]: row[1] for row in rows}

    async def wrapped_keys(
        self, tenant: str, people: Collection[UUID]
    ) -> dict[UUID, tuple[bytes, bytes, int]]:
        """Person → wrapped key, commitment, KEK version, for those who are there; one query, of the hot path."""
        keys = [(bucket_of(person), person) for person in people]
        rows = await self._database.fetch_hot(self._keyed, tenant, keys) if keys else []
        return {row[0]: (row[1], row[2], row[3]) for row in rows}

    async def by_reference(self, tenant: str, digest: bytes) -> UUID | None:
        """The person the shop calls so."""
        statement = select(subject_refs.c.subject).where(
            subject_refs.c.bucket == digest_bucket(digest),
            subject_refs.c.tenant == tenant,
            subject_refs.c.digest == digest,
        )
        rows = await self._database.read(tenant, statement)
        return rows[0].subject if rows else None

    async def by_id(self, tenant: str, subject: UUID) -> Subject | None:
        """A person of this tenant."""
        statement = select(subjects).where(*_is(subject, tenant))
        rows = await self._database.read(tenant, statement)
        return subject_of(rows[0]) if rows else None

    async def lock(self, work: UnitOfWork, subject: UUID, *, alone: bool = False) -> Subject | None:
        """The person, as nobody else changes them until the unit of work ends. Reads go on, and stores too unless `alone`."""
        statement = select(subjects).where(*_is(subject, work.tenant)).with_for_update(key_share=not alone)
        row = (await work.execute(statement)).one_or_none()
        return subject_of(row) if row else None

    async def restrict(
        self, work: UnitOfWork, subject: UUID, since: datetime | None, words: bytes | None
    ) -> None:
        """Restricts a locked person's processing from a time on, or lifts that with None."""
        await work.execute(
            update(subjects)
            .where(*_is(subject, work.tenant))
            .values(restricted=since is not None, restricted_at=since, restricted_words=words)
        )

    async def mark_held(self, work: UnitOfWork, subject: UUID, *, held: bool) -> None:
        """Says on a locked person's row whether a hold stands."""
        await work.execute(update(subjects).where(*_is(subject, work.tenant)).values(held=held))

    async def remove(self, work: UnitOfWork, subject: UUID) -> None:
        """Removes a locked person: their key, the shop's names for them, all that this room knows of them."""
        for table in _OF_A_PERSON:
            of_person = table.c.bucket == bucket_of(subject), table.c.subject == subject
            await work.execute(delete(table).where(*of_person, table.c.tenant == work.tenant))
        # The bucket of a reference is its digest's, which nobody can compute any more: found by the person.
        named = subject_refs.c.tenant == work.tenant, subject_refs.c.subject == subject
        await work.execute(delete(subject_refs).where(*named))
        await work.execute(delete(subjects).where(*_is(subject, work.tenant)))

    async def add(self, work: UnitOfWork, people: Sequence[tuple[Subject, bytes]], now: datetime) -> None:
        """Adds people with the digests of their references; `Conflict` when a reference is taken."""
        tenant, moment = work.tenant, microseconds(now)
        rows = [
            (bucket_of(p.id), p.id, tenant, p.kek_version, p.wrapped_key, p.commitment, p.restricted, moment)
            for p, _ in people
        ]
        await work.insert(_INSERT_PEOPLE, rows)
        references = [(digest_bucket(digest), tenant, digest, person.id) for person, digest in people]
        await work.insert(_INSERT_REFERENCES, references)

    async def add_bindings(self, work: UnitOfWork, opened: Sequence[Binding]) -> None:
        """Adds open bindings; `Conflict` when the person is gone."""
        rows = [
            (
                bucket_of(binding.id),
                binding.id,
                work.tenant,
                binding.subject,
                binding.record,
                binding.purpose,
                binding.basis,
                binding.reference_digest,
                binding.reference_sealed,
                binding.consent,
                binding.state.value,
                microseconds(binding.opened_at),
            )
            for binding in opened
        ]
        await work.insert(_INSERT_BINDINGS, rows)

    async def add_consents(self, work: UnitOfWork, given: Sequence[Consent]) -> None:
        """Adds entries to the ledger."""
        if not given:
            return
        rows = [
            {
                "bucket": bucket_of(consent.id),
                "id": consent.id,
                "tenant": work.tenant,
                "subject": consent.subject,
                "purpose": consent.purpose,
                "act": consent.act.value,
                "notice_version": consent.notice_version,
                "wording": consent.wording,
                "method": consent.method,
                "given_at": consent.given_at,
                "recorded_at": consent.recorded_at,
                "recorded_by": consent.recorded_by,
                "withdraws": consent.withdraws,
            }
            for consent in given
        ]
        await work.execute(insert(consents), rows)

    async def ledger(self, tenant: str, subject: UUID) -> list[Consent]:
        """All entries of a person, oldest first."""
        return [consent_of(row) for row in await self._database.read(tenant, _ledger(tenant, subject))]

    async def locked_ledger(self, work: UnitOfWork, subject: UUID) -> list[Consent]:
        """The same, of a locked person."""
        return [consent_of(row) for row in (await work.execute(_ledger(work.tenant, subject))).all()]

    async def ledgers(self, work: UnitOfWork, people: Collection[UUID]) -> dict[UUID, list[Consent]]:
        """Person → all their entries, oldest first, of those who have any; one query."""
        # Joined, since SQLite reads the whole table for a list of tuples.
        wanted = values(column("bucket", SmallInteger), column("subject", Identifier), name="wanted")
        place = wanted.data([(bucket_of(person), person) for person in people]).cte()
        mine = (consents.c.bucket == place.c.bucket) & (consents.c.subject == place.c.subject)
        statement = (
            select(consents)
            .join(place, mine)
            .where(consents.c.tenant == work.tenant)
            .order_by(consents.c.recorded_at, consents.c.id)
        )
        found: dict[UUID, list[Consent]] = {}
        for row in (await work.execute(statement)).all():
            found.setdefault(row.subject, []).append(consent_of(row))
        return found

    async def consent(self, tenant: str, consent: UUID) -> Consent | None:
        """One entry."""
        statement = select(consents).where(
            consents.c.bucket == bucket_of(consent), consents.c.id == consent, consents.c.tenant == tenant
        )
        rows = await self._database.read(tenant, statement)
        return consent_of(rows[0]) if rows else None

    async def bindings_of_records(self, tenant: str, records: Sequence[UUID]) -> list[Binding]:
        """All bindings of these records, oldest first."""
        if not records:
            return []
        return [binding_of(row) for row in await self._database.read(tenant, _bindings(tenant, records))]

    async def locked_bindings(
        self, work: UnitOfWork, records: Sequence[UUID], purposes: Collection[str] | None = None
    ) -> list[Binding]:
        """The bindings on the records of a locked person, for these purposes or for all."""
        if not records:
            return []
        statement = _bindings(work.tenant, records)
        if purposes is not None:
            statement = statement.where(bindings.c.purpose.in_(purposes))
        return [binding_of(row) for row in (await work.execute(statement)).all()]

    async def binding(self, tenant: str, binding: UUID) -> Binding | None:
        """One binding."""
        statement = select(bindings).where(
            bindings.c.bucket == bucket_of(binding), bindings.c.id == binding, bindings.c.tenant == tenant
        )
        rows = await self._database.read(tenant, statement)
        return binding_of(rows[0]) if rows else None

    async def bindings_by_reference(self, tenant: str, purpose: str, digest: bytes) -> list[Binding]:
        """The bindings that were opened for a purpose under a reference, whosever they are."""
        statement = select(bindings).where(
            bindings.c.tenant == tenant,
            bindings.c.purpose == purpose,
            bindings.c.reference_digest == digest,
        )
        return [binding_of(row) for row in await self._database.read(tenant, statement)]

    async def close_bindings(
        self, work: UnitOfWork, chosen: Sequence[Binding], cause: Cause, now: datetime
    ) -> list[Binding]:
        """Closes those of one person's bindings that the cause can close, with the sealed words each brings; returns them."""
        states, closed = closes(cause)
        moved = []
        for binding in chosen:
            ended = binding.closed_at or now
            statement = (
                update(bindings)
                .where(
                    bindings.c.bucket == bucket_of(binding.id),
                    bindings.c.id == binding.id,
                    bindings.c.tenant == work.tenant,
                    bindings.c.state.in_([state.value for state in states]),
                )
                .values(
                    state=closed.value,
                    closed_at=ended,
                    closed_because=cause.value,
                    closed_words=binding.closed_words,
                )
            )
            if (await work.execute(statement)).rowcount:
                moved.append(replace(binding, state=closed, closed_at=ended, closed_because=cause))
        return moved


def _is(subject: UUID, tenant: str) -> tuple[ColumnElement[bool], ...]:
    return subjects.c.bucket == bucket_of(subject), subjects.c.id == subject, subjects.c.tenant == tenant


def _ledger(tenant: str, subject: UUID) -> Select[Any]:
    return (
        select(consents)
        .where(
            consents.c.bucket == bucket_of(subject),
            consents.c.subject == subject,
            consents.c.tenant == tenant,
        )
        .order_by(consents.c.recorded_at, consents.c.id)
    )


def _bindings(tenant: str, records: Sequence[UUID]) -> Select[Any]:
    return (
        select(bindings)
        .where(
            bindings.c.bucket.in_({bucket_of(record) for record in records}),
            bindings.c.record.in_(records),
            bindings.c.tenant == tenant,
        )
        .order_by(bindings.c.id)
    )
