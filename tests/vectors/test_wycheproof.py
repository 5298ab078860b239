"""The public Wycheproof vectors against the functions that seals, derivations and digests really use.

Every vector of a file is accounted for: run, or refused because its key or nonce has a size not used here.
"""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.crypto.aead import aes_256_gcm, open_sealed, seal_with_nonce
from app.crypto.hkdf import Hkdf
from app.crypto.mac import hmac_sha256
from app.crypto.refused import Refused

DATA = Path(__file__).parent / "data" / "wycheproof"


def vectors(name: str) -> Iterator[dict[str, Any]]:
    """Every test of a file, with its group's sizes."""
    for group in json.loads((DATA / name).read_text(encoding="utf-8"))["testGroups"]:
        for test in group["tests"]:
            yield {**test, "keySize": group["keySize"], "tagSize": group.get("tagSize")}


def octets(test: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(test[name]) for name in names]


def test_aes_gcm() -> None:
    seen: Counter[str] = Counter()
    for test in vectors("aes_gcm_test.json"):
        key, nonce, aad, message, ciphertext, tag = octets(test, "key", "iv", "aad", "msg", "ct", "tag")
        if len(key) != 32:
            with pytest.raises(ValueError, match="32 bytes"):
                aes_256_gcm(key)
            seen["other key size"] += 1
            continue
        cipher = aes_256_gcm(key)
        if len(nonce) != 12:
            with pytest.raises(ValueError, match="12 bytes"):
                seal_with_nonce(cipher, nonce, message, aad)
            seen["other nonce size"] += 1
            continue
        sealed = b"\x01" + nonce + ciphertext + tag
        seen[test["result"]] += 1
        if test["result"] == "valid":
            assert seal_with_nonce(cipher, nonce, message, aad) == sealed, test["tcId"]
            assert open_sealed(cipher, sealed, aad) == message, test["tcId"]
        else:
            with pytest.raises(Refused):
                open_sealed(cipher, sealed, aad)
    assert seen == {"valid": 39, "invalid": 27, "other nonce size": 39, "other key size": 211}


def test_hkdf_sha256() -> None:
    seen: Counter[str] = Counter()
    for test in vectors("hkdf_sha256_test.json"):
        key, salt, info, output = octets(test, "ikm", "salt", "info", "okm")
        seen[test["result"]] += 1
        if test["result"] == "valid":
            assert Hkdf(key, salt).expand(info, test["size"]) == output, test["tcId"]
        else:
            with pytest.raises(ValueError, match="8160"):
                Hkdf(key, salt).expand(info, test["size"])
    assert seen == {"valid": 83, "invalid": 3}


def test_hmac_sha256() -> None:
    seen: Counter[str] = Counter()
    for test in vectors("hmac_sha256_test.json"):
        key, message, tag = octets(test, "key", "msg", "tag")
        seen[test["result"]] += 1
        fits = hmac_sha256(key, message, test["tagSize"] // 8) == tag
        assert fits == (test["result"] == "valid"), test["tcId"]
    assert seen == {"valid": 66, "invalid": 108}
