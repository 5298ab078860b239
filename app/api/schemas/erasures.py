"""What certificates of erasure look like on the wire."""

from typing import Any, Final, Literal

from pydantic import BaseModel

from app.api.schemas.receipt import RECEIPT_EXAMPLE, NoticeOut, ReceiptOut, receipt_json
from app.audit.log import Receipt
from app.rights.certificate import FORMAT
from app.rights.store import StoredCertificate


class GoneOut(BaseModel):
    """Why a field was erased."""

    clause: str | None
    purpose: str | None


class KeptOut(BaseModel):
    """Why a field stays: `hold`, or the basis of the purpose that keeps it; without `until` while that is open."""

    reason: str
    clause: str | None
    purpose: str | None
    until: str | None


class CertifiedRecordOut(BaseModel):
    """What became of one record; `closed` are the purposes that were ended on it for good."""

    record: str
    collection: str
    erased: dict[str, GoneOut]
    kept: dict[str, list[KeptOut]]
    closed: list[str]


class CertificateOut(BaseModel):
    """A certificate; `note` is what is signed, to be kept and to be verified with `kin certificate verify`.

    `recipients` is null where they cannot be found, because the person's key is damaged.
    """

    format: Literal["kin-certificate/1"]
    id: str
    tenant: str
    subject: str
    at: str
    cause: str
    held: bool
    key_destroyed: bool
    notice: NoticeOut
    records: list[CertifiedRecordOut]
    log_size: int | None
    recipients: list[str] | None
    consents_withdrawn: list[str]
    note: str
    receipt: ReceiptOut


def certificate_json(certificate: StoredCertificate, receipt: Receipt) -> dict[str, Any]:
    """A certificate with its note, under the receipt of the call; `unavailable` when what is stored is no certificate."""
    return {**certificate.document, "note": certificate.note, "receipt": receipt_json(receipt)}


_RECEIPT: Final[dict[str, Any]] = RECEIPT_EXAMPLE | {"purpose": None, "clauses": {}}
CERTIFICATE_EXAMPLE: Final[dict[str, Any]] = {
    "format": FORMAT,
    "id": "crt_01k9v3c8w6b8sg9x3t1m8a03d5",
    "tenant": "shop",
    "subject": "sub_01k9v3c8vyb8saf0m1g2h3j4k5",
    "at": "2026-11-22T08:00:00.000Z",
    "cause": "request",
    "held": False,
    "key_destroyed": True,
    "notice": RECEIPT_EXAMPLE["notice"],
    "records": [
        {
            "record": "rec_01k9v3c8w0b8sa3q7m5e2t4x6z",
            "collection": "delivery",
            "erased": {
                "phone": {"clause": "keeping", "purpose": None},
                "recipient": {"clause": "keeping", "purpose": None},
            },
            "kept": {},
            "closed": [],
        }
    ],
    "log_size": 48_211,
    "recipients": ["clr_01k9v3a1b2b8sc3d4e5f6g7h8j"],
    "consents_withdrawn": [],
    "note": '{"at":"2026-11-22T08:00:00.000Z",…}\n\n— kin.local/audit/shop/certificates 1u9…\n',
    "receipt": _RECEIPT,
}
