"""Erasure: of a person on request, with its signed certificate, and what the clock will erase next."""

from collections.abc import Mapping
from datetime import datetime

from kin_client.answer import Model, NoticeRef, Receipt, parsed
from kin_client.operation import Operation, Page, Pages, get, post
from kin_client.spelling import check_id, rfc3339


class Gone(Model):
    """Why a field was erased."""

    clause: str | None = None
    purpose: str | None = None


class Kept(Model):
    """Why a field stays, and until when; None while its purpose is open."""

    reason: str
    clause: str | None = None
    purpose: str | None = None
    until: datetime | None = None


class CertifiedRecord(Model):
    """What became of one record, field by field."""

    record: str
    collection: str
    erased: Mapping[str, Gone] = {}
    kept: Mapping[str, tuple[Kept, ...]] = {}
    closed: tuple[str, ...] = ()


class Certificate(Model):
    """What an erasure took and what it left. `note` is what is signed; `recipients` are those outside who have to be told;
    None where the vault cannot say.
    """

    id: str
    subject: str
    at: datetime
    cause: str
    held: bool
    key_destroyed: bool
    notice: NoticeRef
    records: tuple[CertifiedRecord, ...]
    recipients: tuple[str, ...] | None = ()
    note: str
    receipt: Receipt


class DueField(Model):
    """When a field falls due and is erased (None while a hold stands), and what kept it last."""

    due_at: datetime
    erase_at: datetime | None = None
    purpose: str | None = None
    clause: str | None = None


class DueRecord(Model):
    """A record of which something falls due."""

    subject: str
    record: str
    collection: str
    held: bool
    fields: Mapping[str, DueField]


class _DuePage(Model):
    items: tuple[DueRecord, ...]
    next: str | None = None


def erase(subject: str) -> Operation[Certificate]:
    """Erase what is held of a person, as far as no legal duty and no hold keeps it. Asked again it gives the same certificate."""
    return parsed(Certificate, (yield post(f"/v1/subjects/{check_id('sub', subject)}/erase")))


def certificate(certificate: str) -> Operation[Certificate]:
    """A certificate by its id."""
    return parsed(Certificate, (yield get(f"/v1/certificates/{check_id('crt', certificate)}", {})))


def due_erasures(before: datetime | None = None, *, page_size: int = 50) -> Pages[DueRecord]:
    """What the clock will erase by this time (None: in the next 30 days), fetched as it is needed."""
    until = None if before is None else rfc3339(before)

    def fetch(cursor: str | None) -> Operation[Page[DueRecord]]:
        params = {"before": until, "limit": str(page_size), "cursor": cursor}
        page = parsed(_DuePage, (yield get("/v1/erasures/due", params)))
        return Page(page.items, page.next)

    return Pages(fetch)
