"""HMAC-SHA-256 (RFC 2104, FIPS 198-1), whole or truncated to its leftmost bytes (NIST SP 800-107 section
5.3.3).

Which key and which message stand for what is decided by the modules that use it.
"""

import hmac
from typing import Final

SHORT: Final = 16


def hmac_sha256(key: bytes, message: bytes, length: int = 32) -> bytes:
    """The leftmost `length` bytes, 16…32, of the MAC."""
    return hmac.digest(key, message, "sha256")[:length]
