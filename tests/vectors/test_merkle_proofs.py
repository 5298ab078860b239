"""The public proof vectors of transparency-dev/merkle: each of the 518 is accepted or refused as it says."""

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.audit.proof import (
    ProofInvalid,
    check_consistency,
    check_inclusion,
    check_subtree_consistency,
    check_subtree_inclusion,
)
from app.audit.tree import Range

DATA = Path(__file__).parent / "data" / "transparency-dev-merkle" / "testdata"


def vectors(kind: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted((DATA / kind).rglob("*.json")):
        yield path, json.loads(path.read_text(encoding="utf-8"))


def octets(vector: Mapping[str, Any], name: str) -> bytes:
    return b64decode(vector[name] or "")


def proof(vector: Mapping[str, Any]) -> list[bytes]:
    return [b64decode(one) for one in vector["proof"] or ()]


def inclusion(v: Mapping[str, Any]) -> None:
    check_inclusion(octets(v, "leafHash"), v["leafIdx"], v["treeSize"], octets(v, "root"), proof(v))


def consistency(v: Mapping[str, Any]) -> None:
    check_consistency(v["size1"], v["size2"], octets(v, "root1"), octets(v, "root2"), proof(v))


def subtree_inclusion(v: Mapping[str, Any]) -> None:
    subtree = Range(v["start"], v["end"])
    check_subtree_inclusion(octets(v, "leafHash"), v["leafIdx"], subtree, octets(v, "root"), proof(v))


def subtree_consistency(v: Mapping[str, Any]) -> None:
    subtree = Range(v["start"], v["end"])
    check_subtree_consistency(subtree, v["size"], octets(v, "root1"), octets(v, "root2"), proof(v))


@pytest.mark.parametrize(
    ("kind", "check", "accepted", "refused"),
    [
        ("inclusion", inclusion, 6, 92),
        ("consistency", consistency, 6, 92),
        ("subtreeinclusion", subtree_inclusion, 12, 192),
        ("subtreeconsistency", subtree_consistency, 12, 106),
    ],
)
def test_every_vector(
    kind: str, check: Callable[[Mapping[str, Any]], None], accepted: int, refused: int
) -> None:
    seen: Counter[bool] = Counter()
    for path, vector in vectors(kind):
        try:
            check(vector)
            refuses = False
        except ProofInvalid:
            refuses = True
        assert refuses == vector["wantErr"], path
        seen[refuses] += 1
    assert (seen[False], seen[True]) == (accepted, refused)
