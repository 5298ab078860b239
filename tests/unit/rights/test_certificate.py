"""A certificate says what it says under its own key alone, in bytes that can be written down."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.audit.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from app.audit.event import NoticeRef
from app.audit.note import NoteInvalid
from app.audit.signing_key import SigningKey
from app.kernel.ids import text_of
from app.rights.certificate import (
    Cause,
    Certificate,
    CertifiedRecord,
    document_of,
    open_certificate,
    sign_certificate,
)
from app.rights.choice import Gone, Kept

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))), "vault.test/audit")
SIGNER = KEY.signer("shop/certificates")
CERTIFICATE = Certificate(
    id=UUID(int=1),
    tenant="shop",
    subject=UUID(int=2),
    at=datetime(2026, 11, 22, 8, tzinfo=UTC),
    cause=Cause.REQUEST,
    held=False,
    key_destroyed=False,
    notice=NoticeRef("shop", 1, "sha256:00"),
    records=[
        CertifiedRecord(
            UUID(int=3),
            "buyer",
            {"phone": Gone("keeping")},
            {"full_name": [Kept("legal-obligation", "trade", "invoice", datetime(2036, 1, 1, tzinfo=UTC))]},
            ["order", "delivery"],
        )
    ],
    log_size=7,
    recipients=[UUID(int=5)],
    consents_withdrawn=["marketing-sms"],
)
TEXT = (
    '{"at":"2026-11-22T08:00:00.000Z","cause":"request","consents_withdrawn":["marketing-sms"],'
    '"format":"kin-certificate/1","held":false,'
    f'"id":"{text_of("crt", UUID(int=1))}","key_destroyed":false,"log_size":7,'
    '"notice":{"digest":"sha256:00","id":"shop","version":1},'
    f'"recipients":["{text_of("clr", UUID(int=5))}"],'
    '"records":[{"closed":["delivery","order"],"collection":"buyer","erased":{"phone":{"clause":"keeping","purpose":null}},"kept":{"full_name":'
    '[{"clause":"trade","purpose":"invoice","reason":"legal-obligation","until":"2036-01-01T00:00:00.000Z"}]},'
    f'"record":"{text_of("rec", UUID(int=3))}"}}],"subject":"{text_of("sub", UUID(int=2))}","tenant":"shop"}}\n'
)


def test_the_text_is_canonical_json_in_one_line() -> None:
    assert str(CERTIFICATE) == TEXT


def test_recipients_that_nobody_can_find_are_not_none_at_all() -> None:
    assert '"recipients":null' in str(replace(CERTIFICATE, recipients=None))


def test_who_has_the_key_reads_it() -> None:
    note = str(sign_certificate(SIGNER, CERTIFICATE))
    assert open_certificate(note, SIGNER.key) == json.loads(TEXT)


@pytest.mark.parametrize("byte", range(0, len(TEXT) - 1, 7))
def test_a_changed_byte_is_noticed(byte: int) -> None:
    note = str(sign_certificate(SIGNER, CERTIFICATE))
    changed = note[:byte] + chr(ord(note[byte]) ^ 1) + note[byte + 1 :]
    with pytest.raises(NoteInvalid):
        open_certificate(changed, SIGNER.key)


def test_a_certificate_is_no_checkpoint_and_a_checkpoint_no_certificate() -> None:
    log = KEY.signer("shop")
    certificate = str(sign_certificate(SIGNER, CERTIFICATE))
    checkpoint = str(sign_checkpoint(log, Checkpoint(log.key.name, 1, bytes(32))))
    for wrong in (log.key, SIGNER.key):
        with pytest.raises(NoteInvalid):
            open_checkpoint(certificate, wrong)
        with pytest.raises(NoteInvalid):
            open_certificate(checkpoint, wrong)
    with pytest.raises(NoteInvalid):
        open_certificate(certificate, log.key)


def test_the_key_of_another_tenant_certifies_nothing_here() -> None:
    other = KEY.signer("other/certificates")
    with pytest.raises(NoteInvalid, match="tenant"):
        open_certificate(str(sign_certificate(other, CERTIFICATE)), other.key)


@pytest.mark.parametrize(
    "text",
    [
        "[]\n",
        "nonsense\n",
        '{"format":"kin-certificate/2"}\n',
        '{"format": "kin-certificate/1"}\n',
        '{"tenant":"shop","format":"kin-certificate/1"}\n',
    ],
)
def test_what_is_signed_but_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(NoteInvalid):
        document_of(str(SIGNER.sign(text)))
