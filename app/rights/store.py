"""The SQL of certificates, which are also the outbox of the erasure ledger."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import FromClause, Row, Select, bindparam, insert, select, tuple_, update

from app.audit.note import NoteInvalid
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import bucket_of
from app.rights.certificate import Cause, document_of
from app.rights.tables import certificates
from app.storage.engine import Database, UnitOfWork
from app.storage.hot import HotSelect
from app.storage.stored_word import stored_word

_DAMAGED: Final = "the stored certificate does not pass its check; tell the operator"


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """A certificate as signed; `ledgered_at` is None until the erasure ledger has it."""

    id: UUID
    subject: UUID
    cause: Cause
    key_destroyed: bool
    note: str
    ledgered_at: datetime | None = None

    @property
    def document(self) -> dict[str, Any]:
        """What the certificate says; `unavailable` when what is stored is none."""
        try:
            return document_of(self.note)
        except NoteInvalid:
            raise VaultError(Kind.UNAVAILABLE, _DAMAGED) from None


class CertificateStore:
    """Rows of `certificates`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known = HotSelect(_known)

    async def add(self, work: UnitOfWork, issued: StoredCertificate) -> None:
        """Adds a certificate in the transaction of its erasure."""
        await work.execute(
            insert(certificates).values(
                bucket=bucket_of(issued.id),
                id=issued.id,
                tenant=work.tenant,
                subject=issued.subject,
                cause=issued.cause.value,
                key_destroyed=issued.key_destroyed,
                note=issued.note,
                ledgered_at=issued.ledgered_at,
            )
        )

    async def by_id(self, tenant: str, certificate: UUID) -> StoredCertificate | None:
        """One certificate."""
        statement = _of(tenant).where(
            certificates.c.bucket == bucket_of(certificate), certificates.c.id == certificate
        )
        return await self._first(tenant, statement)

    async def of_request(self, tenant: str, subject: UUID) -> StoredCertificate | None:
        """The certificate of the request on which nothing of a person was left."""
        statement = _of(tenant).where(
            certificates.c.bucket == bucket_of(subject),
            certificates.c.subject == subject,
            certificates.c.cause == Cause.REQUEST.value,
            certificates.c.key_destroyed.is_(True),
        )
        return await self._first(tenant, statement)

    async def known(self, tenant: str, ids: Collection[UUID]) -> set[UUID]:
        """Those of these certificates that are stored here."""
        keys = [(bucket_of(each), each) for each in ids]
        return {found for (found,) in await self._database.fetch_hot(self._known, tenant, keys)}

    async def has_ledgered(self, tenant: str) -> bool:
        """Whether an erasure ledger has any certificate of this tenant."""
        statement = _of(tenant).where(certificates.c.ledgered_at.is_not(None))
        return await self._first(tenant, statement) is not None

    async def unledgered(self, tenant: str, most: int) -> list[StoredCertificate]:
        """Certificates that the erasure ledger may not have yet, oldest first."""
        statement = _of(tenant).where(certificates.c.ledgered_at.is_(None))
        rows = await self._database.read(tenant, statement.order_by(certificates.c.id).limit(most))
        return [_certificate(row) for row in rows]

    async def ledgered(self, tenant: str, ids: Collection[UUID], now: datetime) -> None:
        """Says that the erasure ledger has these."""
        places = [(bucket_of(each), each) for each in ids]
        statement = update(certificates).where(
            certificates.c.tenant == tenant, tuple_(certificates.c.bucket, certificates.c.id).in_(places)
        )
        async with self._database.bookkeeping(tenant) as work:
            await work.execute(statement.values(ledgered_at=now))

    async def _first(self, tenant: str, statement: Select[Any]) -> StoredCertificate | None:
        rows = await self._database.read(tenant, statement.limit(1))
        return _certificate(rows[0]) if rows else None


def _known(keys: FromClause) -> Select[Any]:
    stored = certificates.c
    found = (stored.bucket == keys.c.bucket) & (stored.id == keys.c.id)
    return select(stored.id).join_from(keys, certificates, found).where(stored.tenant == bindparam("tenant"))


def _of(tenant: str) -> Select[Any]:
    return select(certificates).where(certificates.c.tenant == tenant)


def _certificate(row: Row[Any]) -> StoredCertificate:
    return StoredCertificate(
        row.id,
        row.subject,
        stored_word(Cause, row.cause),
        row.key_destroyed,
        row.note,
        row.ledgered_at,
    )
