"""The SQL of people, their references, bindings and consents."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select

from app.crypto.blind_index import digest_bucket
from app.kernel.ids import bucket_of
from app.storage.engine import Database, UnitOfWork
from app.subjects.binding import Binding
from app.subjects.consent import Consent
from app.subjects.subject import Subject
from app.subjects.tables import bindings, consents, subject_refs, subjects


class SubjectStore:
    """Rows of `subjects`, `subject_refs`, `bindings`, `consents`."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        statement = select(subjects).where(
            subjects.c.bucket == bucket_of(subject), subjects.c.id == subject, subjects.c.tenant == tenant
        )
        rows = await self._database.read(tenant, statement)
        if not rows:
            return None
        row = rows[0]
        return Subject(row.id, row.tenant, row.kek_version, row.wrapped_key, row.commitment, row.restricted)

    async def add(self, work: UnitOfWork, people: Sequence[tuple[Subject, bytes]], now: datetime) -> None:
        """Adds people with the digests of their references; `Conflict` when a reference is taken."""
        if not people:
            return
        await work.execute(
            insert(subjects),
            [
                {
                    "bucket": bucket_of(person.id),
                    "id": person.id,
                    "tenant": work.tenant,
                    "kek_version": person.kek_version,
                    "wrapped_key": person.wrapped_key,
                    "commitment": person.commitment,
                    "restricted": person.restricted,
                    "created_at": now,
                }
                for person, _ in people
            ],
        )
        await work.execute(
            insert(subject_refs),
            [
                {
                    "bucket": digest_bucket(digest),
                    "tenant": work.tenant,
                    "digest": digest,
                    "subject": person.id,
                }
                for person, digest in people
            ],
        )

    async def add_bindings(self, work: UnitOfWork, opened: Sequence[Binding]) -> None:
        """Adds open bindings; `Conflict` when the person is gone."""
        if not opened:
            return
        rows = [
            {
                "bucket": bucket_of(binding.id),
                "id": binding.id,
                "tenant": work.tenant,
                "subject": binding.subject,
                "record": binding.record,
                "purpose": binding.purpose,
                "basis": binding.basis,
                "reference_digest": binding.reference_digest,
                "reference_sealed": binding.reference_sealed,
                "consent": binding.consent,
                "state": binding.state.value,
                "opened_at": binding.opened_at,
            }
            for binding in opened
        ]
        await work.execute(insert(bindings), rows)

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
            }
            for consent in given
        ]
        await work.execute(insert(consents), rows)
