"""The vault's own published vectors (docs/formats/vectors), which were computed without the vault's code."""

import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.crypto import api_key, key_derivation, token
from app.crypto.aead import aes_256_gcm, seal_with_nonce
from app.crypto.associated_data import Place, associated_data
from app.crypto.blind_index import blind_index, digest_bucket
from app.crypto.field_cipher import open_sealed, pad
from app.crypto.handle import handle
from app.crypto.key_derivation import derive
from app.crypto.key_wrap import WrappedKey, unwrap_subject_keys, unwrap_tenant_key
from app.crypto.refused import Refused
from app.keys.providers.keyring_file import Keyring, KeyringRefused, read_keyring
from app.keys.providers.local import LocalKeyProvider

VECTORS = Path(__file__).parents[2] / "docs" / "formats" / "vectors"


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


ENVELOPE = load("envelope.json")
WRAPPED = load("wrapped-key.json")
INDEX = load("blind-index.json")
TOKEN = load("token.json")
KEYRING = load("keyring-file.json")


def place_of(vector: dict[str, Any]) -> Place:
    return Place(
        vector["tenant"],
        UUID(vector["subject"]),
        UUID(vector["record"]),
        vector["field"],
        vector["version"],
    )


@pytest.mark.parametrize("vector", ENVELOPE["sealed"], ids=lambda v: v["says"])
def test_envelope(vector: dict[str, Any]) -> None:
    key, plaintext = bytes.fromhex(vector["field_key"]), bytes.fromhex(vector["plaintext"])
    place = place_of(vector)
    assert place.associated_data(1).hex() == vector["associated_data"]
    assert pad(plaintext).hex() == vector["padded"]
    sealed = seal_with_nonce(
        aes_256_gcm(key), bytes.fromhex(vector["nonce"]), pad(plaintext), place.associated_data(1)
    )
    assert sealed.hex() == vector["envelope"]
    assert open_sealed(key, place, sealed) == plaintext


@pytest.mark.parametrize("vector", ENVELOPE["refused"], ids=lambda v: v["says"])
def test_envelope_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        open_sealed(bytes.fromhex(vector["field_key"]), place_of(vector), bytes.fromhex(vector["envelope"]))


def test_subject_key() -> None:
    vector = WRAPPED["subject_key"]
    kek, key = bytes.fromhex(vector["kek"]), bytes.fromhex(vector["key"])
    subject, version = UUID(vector["subject"]), vector["kek_version"]
    bound = associated_data(1, vector["tenant"], subject.bytes, version)
    assert bound.hex() == vector["associated_data"]
    sealed = seal_with_nonce(aes_256_gcm(kek), bytes.fromhex(vector["nonce"]), key, bound)
    assert sealed.hex() == vector["wrapped"]
    wrapped = WrappedKey(sealed, bytes.fromhex(vector["commitment"]))
    assert unwrap_subject_keys(aes_256_gcm(kek), wrapped, vector["tenant"], subject, version) == derive(key)


async def test_tenant_key() -> None:
    vector = WRAPPED["tenant_key"]
    root, wrapped = bytes.fromhex(vector["root"]), bytes.fromhex(vector["wrapped"])
    key = unwrap_tenant_key(root, wrapped, vector["tenant"], vector["kind"], vector["version"])
    assert key.hex() == vector["key"]
    keyring = Keyring("2026-11-22T08:00:00.000Z", False, {vector["root_version"]: root}, 2)
    local = LocalKeyProvider(Path("not-read"), keyring, production=True)
    place = {"tenant": vector["tenant"], "kind": vector["kind"], "version": vector["version"]}
    assert await local.unwrap(bytes.fromhex(vector["local"]), **place) == key


def test_derived_keys() -> None:
    subject_key = bytes.fromhex(WRAPPED["subject_key"]["key"])
    derived = WRAPPED["derived"]["subject_key"]
    keys = key_derivation.derive(subject_key)
    assert keys.field == key_derivation.field_key(subject_key) == bytes.fromhex(derived["kin/field/1"])
    assert keys.handle == key_derivation.handle_key(subject_key) == bytes.fromhex(derived["kin/handle/1"])
    assert keys.token == key_derivation.token_key(subject_key) == bytes.fromhex(derived["kin/token/1"])
    assert key_derivation.commitment(subject_key).hex() == derived["kin/commit/1"]
    tenant_key = bytes.fromhex(WRAPPED["tenant_key"]["key"])
    for label, key in WRAPPED["derived"]["tenant_index_key"].items():
        assert key_derivation.index_key(tenant_key, label.removeprefix("kin/index/1/")).hex() == key
    assert WRAPPED["derived"]["tenant_audit_key"] == {
        "kin/api-key/1": key_derivation.api_key_key(tenant_key).hex(),
        "kin/customer-ref/1": key_derivation.customer_reference_key(tenant_key).hex(),
        "kin/reference/1": key_derivation.reference_key(tenant_key).hex(),
        "kin/token-bucket/1": key_derivation.token_bucket_key(tenant_key).hex(),
    }


@pytest.mark.parametrize("vector", INDEX["blind_index"], ids=lambda v: v["field"])
def test_blind_index(vector: dict[str, Any]) -> None:
    key = key_derivation.index_key(bytes.fromhex(vector["tenant_index_key"]), vector["field"])
    assert key.hex() == vector["index_key"]
    digest = blind_index(key, vector["normalised"])
    assert digest.hex() == vector["digest"]
    assert digest_bucket(digest) == vector["bucket"]


@pytest.mark.parametrize("vector", INDEX["handle"], ids=lambda v: v["id"])
def test_handle(vector: dict[str, Any]) -> None:
    assert handle(bytes.fromhex(vector["handle_key"]), UUID(vector["id"])) == vector["handle"]


@pytest.mark.parametrize("vector", TOKEN["tokens"], ids=lambda v: v["token"])
def test_token(vector: dict[str, Any]) -> None:
    token_key, mask_key = bytes.fromhex(vector["token_key"]), bytes.fromhex(vector["mask_key"])
    assert token.mint(token_key, mask_key, vector["bucket"], bytes.fromhex(vector["salt"])) == vector["token"]
    random, bucket = token.parse(mask_key, vector["token"])
    assert (random.hex(), bucket) == (vector["random"], vector["bucket"])
    assert token.digest(random).hex() == vector["digest"]


@pytest.mark.parametrize("text", TOKEN["not_tokens"], ids=ascii)
def test_not_a_token(text: str) -> None:
    with pytest.raises(ValueError, match=r"token begins|Crockford"):
        token.parse(bytes(32), text)


@pytest.mark.parametrize("vector", TOKEN["api_keys"], ids=lambda v: v["tenant"])
def test_api_key(vector: dict[str, Any]) -> None:
    parsed = api_key.parse_api_key(vector["api_key"])
    assert (parsed.tenant, parsed.secret.hex()) == (vector["tenant"], vector["secret"])
    assert (
        api_key.api_key_digest(bytes.fromhex(vector["digest_key"]), parsed.secret).hex() == vector["digest"]
    )


@pytest.mark.parametrize("text", TOKEN["not_api_keys"], ids=ascii)
def test_not_an_api_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"not an api key|Crockford"):
        api_key.parse_api_key(text)


def private_file(folder: Path, document: Any) -> Path:
    path = folder / "keyring.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("vector", KEYRING["accepted"], ids=lambda v: v["says"])
def test_keyring(vector: dict[str, Any], tmp_path: Path) -> None:
    keyring = read_keyring(private_file(tmp_path, vector["document"]))
    assert keyring.primary in keyring.root_keys
    assert keyring.development is vector["document"]["development"]


@pytest.mark.parametrize("vector", KEYRING["refused"], ids=lambda v: v["says"])
def test_keyring_refused(vector: dict[str, Any], tmp_path: Path) -> None:
    path = private_file(tmp_path, vector["document"])
    with pytest.raises(KeyringRefused) as refused:
        read_keyring(path)
    assert str(path) in refused.value.detail
    assert refused.value.detail != f"keyring {os.fspath(path)}: "
