"""Finds equal values without storing them (docs/formats/blind-index.md).

Decides the digest of a value and the bucket it lives in. It tells who holds the database which rows have
equal values, and nothing more; which fields have an index, and how a value is normalised, is decided by the
notice and the field types.
"""

from app.crypto.mac import SHORT, hmac_sha256


def blind_index(index_key: bytes, normalised: str) -> bytes:
    """HMAC-SHA-256 of the normalised value in UTF-8, leftmost 16 bytes, under the key of one field."""
    return hmac_sha256(index_key, normalised.encode(errors="surrogatepass"), SHORT)


def digest_bucket(digest: bytes) -> int:
    """The place of what is found by a digest, 0…4095: its first 12 bits."""
    return digest[0] << 4 | digest[1] >> 4
