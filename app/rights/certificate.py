"""A certificate of erasure: what was erased and what stays, signed, to be checked offline by whoever it was given to.

Pure. The text is one line of canonical JSON (RFC 8785) in a signed note (C2SP signed-note), signed with the audit log's key
under a name of its own, so that a certificate can never pass for a checkpoint. It holds names from the notice and ids, no
personal value, and no id that an event holds beside a handle: nothing leads from it to what was done with a person's data.
Format: docs/formats/certificate.md.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from app.audit.event import NoticeRef
from app.audit.note import Note, NoteInvalid, Signer, VerifierKey, parse_note
from app.kernel.clock import rfc3339
from app.kernel.ids import text_of
from app.rights.choice import Gone, Kept

FORMAT: Final = "kin-certificate/1"
KEY_NAME: Final = "certificates"
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True)


class Cause(StrEnum):
    """What an erasure comes from: somebody asked, or the time had come."""

    REQUEST = "request"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class CertifiedRecord:
    """Of one record: field → why it was erased, field → why it stays, and the purposes that were closed on it for good."""

    id: UUID
    collection: str
    erased: Mapping[str, Gone]
    kept: Mapping[str, Sequence[Kept]]
    closed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an erasure did. `key_destroyed` means that nothing of the person is left; `log_size` is the newest checkpoint's;
    `recipients` is None where they could not be found, because the person's key was damaged.
    """

    id: UUID
    tenant: str
    subject: UUID
    at: datetime
    cause: Cause
    held: bool
    key_destroyed: bool
    notice: NoticeRef
    records: Sequence[CertifiedRecord]
    log_size: int | None = None
    recipients: Sequence[UUID] | None = field(default_factory=tuple)
    consents_withdrawn: Sequence[str] = field(default_factory=tuple)

    def __str__(self) -> str:
        notice = self.notice
        document = {
            "format": FORMAT,
            "id": text_of("crt", self.id),
            "tenant": self.tenant,
            "subject": text_of("sub", self.subject),
            "at": rfc3339(self.at),
            "cause": self.cause.value,
            "held": self.held,
            "key_destroyed": self.key_destroyed,
            "notice": {"id": notice.id, "version": notice.version, "digest": notice.digest},
            "records": [_record(record) for record in self.records],
            "log_size": self.log_size,
            "recipients": None
            if self.recipients is None
            else [text_of("clr", caller) for caller in self.recipients],
            "consents_withdrawn": sorted(self.consents_withdrawn),
        }
        return _ENCODER.encode(document) + "\n"


def sign_certificate(signer: Signer, certificate: Certificate) -> Note:
    """The certificate as a note."""
    return signer.sign(str(certificate))


def document_of(note: str) -> dict[str, Any]:
    """What a note's text says, its signature not looked at; `NoteInvalid` when it is no certificate."""
    text = parse_note(note).text
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise NoteInvalid(f"the note does not hold a {FORMAT}")
    if _ENCODER.encode(document) + "\n" != text:
        raise NoteInvalid("the certificate is not canonical JSON in one line")
    return document


def open_certificate(note: str, key: VerifierKey) -> dict[str, Any]:
    """What this certificate key has signed; `NoteInvalid` for anything else, a certificate of another tenant included."""
    parse_note(note).verify(key)
    document = document_of(note)
    if key.name.split("/")[-2:] != [document.get("tenant"), KEY_NAME]:
        raise NoteInvalid("the key is not the certificate key of the tenant that the certificate names")
    return document


def _record(record: CertifiedRecord) -> dict[str, Any]:
    return {
        "record": text_of("rec", record.id),
        "collection": record.collection,
        "erased": {
            name: {"clause": gone.clause, "purpose": gone.purpose} for name, gone in record.erased.items()
        },
        "kept": {name: [_kept(why) for why in keeping] for name, keeping in record.kept.items()},
        "closed": sorted(record.closed),
    }


def _kept(why: Kept) -> dict[str, str | None]:
    until = rfc3339(why.until) if why.until else None
    return {"reason": why.reason, "clause": why.clause, "purpose": why.purpose, "until": until}
