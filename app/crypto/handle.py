"""The name of a person or a record in the audit log.

While the person's key exists, the vault can compute the handle and so find what was done; once the key is
destroyed, a handle is 128 bits that nobody can link to anybody.
"""

from uuid import UUID

from app.crypto.mac import SHORT, hmac_sha256


def handle(handle_key: bytes, uuid: UUID) -> str:
    """HMAC-SHA-256 of the id's 16 bytes, leftmost 128 bits, as 32 lower-case hexadecimal digits."""
    return hmac_sha256(handle_key, uuid.bytes, SHORT).hex()
