"""AES-256-GCM with a random nonce: the one construction under field envelopes and wrapped keys.

Decides key size (256 bits), nonce (96 bits, random) and tag (128 bits), after NIST SP 800-38D and RFC 5116. A
random nonce may be used 2³² times under one key (SP 800-38D section 8.3); a key here seals one person's
fields, or wraps keys. What is sealed, and what it is bound to, is decided by `field_cipher` and `key_wrap`.
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.crypto.refused import Refused

SUITE_AES_256_GCM: Final = 1
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
OVERHEAD: Final = 1 + NONCE_BYTES + TAG_BYTES

_SUITE: Final = SUITE_AES_256_GCM.to_bytes(1, "big")


def aes_256_gcm(key: bytes) -> AESGCM:
    """The cipher of a 32-byte key; ValueError for any other length (shorter AES keys included)."""
    if len(key) != KEY_BYTES:
        raise ValueError("a key must have 32 bytes")
    return AESGCM(key)


def seal_with_nonce(cipher: AESGCM, nonce: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """Suite byte ‖ nonce ‖ ciphertext ‖ tag. Only `seal` below and published test vectors choose a nonce."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError("a nonce must have 12 bytes")
    return _SUITE + nonce + cipher.encrypt(nonce, plaintext, associated)


def seal(cipher: AESGCM, plaintext: bytes, associated: bytes) -> bytes:
    """Suite byte ‖ fresh nonce ‖ ciphertext ‖ tag."""
    return seal_with_nonce(cipher, os.urandom(NONCE_BYTES), plaintext, associated)


def open_sealed(cipher: AESGCM, sealed: bytes, associated: bytes) -> bytes:
    """The plaintext of `seal` under the same key and associated data; Refused for anything else."""
    if len(sealed) < OVERHEAD or sealed[0] != SUITE_AES_256_GCM:
        raise Refused
    try:
        return cipher.decrypt(sealed[1:13], sealed[13:], associated)
    except InvalidTag:
        raise Refused from None
