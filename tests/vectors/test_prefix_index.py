"""Entries of prefixes against docs/formats/vectors/blind-index.json, computed without the vault's code."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.crypto.blind_index import digest_bucket
from app.crypto.key_derivation import index_key
from app.kernel.plaintext import Plaintext
from app.keys.hierarchy import KeyKind, TenantKeys
from app.vault.field_types.catalogue import field_type
from app.vault.indexing import beginning

VECTORS = Path(__file__).parents[2] / "docs" / "formats" / "vectors" / "blind-index.json"
TYPES = {"buyer.full_name": field_type("person-name"), "buyer.address": field_type("postal-address")}


@pytest.mark.parametrize(
    "vector",
    json.loads(VECTORS.read_text(encoding="utf-8"))["prefix_index"],
    ids=lambda v: v["normalised_prefix"],
)
def test_prefix_entry(vector: dict[str, Any]) -> None:
    root = bytes.fromhex(vector["tenant_index_key"])
    assert index_key(root, vector["field"] + "^").hex() == vector["index_key"]
    keys = TenantKeys("shop", {KeyKind.INDEX: {1: root}}, {KeyKind.INDEX: 1})
    of_type, written = TYPES[vector["field"]], Plaintext(vector["normalised_prefix"].upper())
    entry = beginning(of_type, keys, vector["field"], written).entry
    assert (entry.place, entry.digest.hex()) == (vector["field"] + "^", vector["digest"])
    assert digest_bucket(entry.digest) == vector["bucket"]
