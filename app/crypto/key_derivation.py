"""Which key is derived from which, under which label; the only list of labels.

A label names one use, and its number changes when the use changes, so no derived key ever serves two purposes
(RFC 5869 section 3.2). Where the keys at the top come from is decided by `keys`.

    subject key        kin/field/1, kin/handle/1, kin/token/1, kin/commit/1
    tenant index key   kin/index/1/<collection.field>
    tenant audit key   kin/api-key/1, kin/customer-ref/1, kin/reference/1, kin/token-bucket/1, kin/answer/1
"""

from dataclasses import dataclass

from app.crypto.hkdf import Hkdf


def hkdf_sha256(key: bytes, label: str, length: int = 32) -> bytes:
    """HKDF-SHA-256 without salt, `label` as info (RFC 5869): `length` bytes."""
    return Hkdf(key).expand(label.encode(), length)


@dataclass(frozen=True, slots=True, repr=False)
class SubjectKeys:
    """What one person's key gives: for sealing fields, for their name in the audit log, for their tokens, and for telling
    which key it was.
    """

    field: bytes
    handle: bytes
    token: bytes
    commitment: bytes


def derive(subject_key: bytes) -> SubjectKeys:
    """All that a person's key gives, at once; the extraction is shared."""
    hkdf = Hkdf(subject_key)
    return SubjectKeys(
        field=hkdf.expand(b"kin/field/1"),
        handle=hkdf.expand(b"kin/handle/1"),
        token=hkdf.expand(b"kin/token/1"),
        commitment=hkdf.expand(b"kin/commit/1"),
    )


def field_key(subject_key: bytes) -> bytes:
    """Seals this person's fields (`field_cipher`)."""
    return derive(subject_key).field


def handle_key(subject_key: bytes) -> bytes:
    """Makes this person's handles in the audit log (`handle`)."""
    return derive(subject_key).handle


def token_key(subject_key: bytes) -> bytes:
    """Makes the random part of this person's tokens (`token`)."""
    return derive(subject_key).token


def commitment(subject_key: bytes) -> bytes:
    """Says which key was wrapped without telling it (`key_wrap`)."""
    return derive(subject_key).commitment


def index_key(tenant_index_key: bytes, collection_field: str) -> bytes:
    """The blind index of one field, `collection.field`, of a tenant: equal values in two fields look
    unrelated.
    """
    return hkdf_sha256(tenant_index_key, "kin/index/1/" + collection_field)


def api_key_key(tenant_audit_key: bytes) -> bytes:
    """Makes the digests of API keys (`api_key`)."""
    return hkdf_sha256(tenant_audit_key, "kin/api-key/1")


def customer_reference_key(tenant_audit_key: bytes) -> bytes:
    """Indexes the shop's own customer numbers (`blind_index`)."""
    return hkdf_sha256(tenant_audit_key, "kin/customer-ref/1")


def reference_key(tenant_audit_key: bytes) -> bytes:
    """Indexes the references of bindings, such as order numbers (`blind_index`)."""
    return hkdf_sha256(tenant_audit_key, "kin/reference/1")


def token_bucket_key(tenant_audit_key: bytes) -> bytes:
    """Masks the bucket inside a token (`token`)."""
    return hkdf_sha256(tenant_audit_key, "kin/token-bucket/1")


def answer_key(tenant_audit_key: bytes) -> bytes:
    """Names and seals what is kept of answers under an Idempotency-Key, apart from what is a person's (`field_cipher`)."""
    return hkdf_sha256(tenant_audit_key, "kin/answer/1")
