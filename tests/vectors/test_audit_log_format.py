"""The vectors of docs/formats/audit-log.md: made again byte for byte, and accepted by both verifiers."""

import json
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.audit.checkpoint import Checkpoint, sign_checkpoint
from app.audit.note import Signer, VerifierKey
from app.audit.proof import consistency_ranges, inclusion_ranges
from app.audit.tile import Tiles, grown
from app.audit.tree import Range, leaf_hash
from app.audit.verify import Trust, verify_export, verify_proof
from kin_client.verify import LogVerifier

VECTORS: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "docs/formats/vectors/audit-log.json").read_text(encoding="utf-8")
)
KEY: Final = VerifierKey.parse(VECTORS["verifier_key"])


def tiles() -> Tiles:
    return Tiles(grown(0, {}, [leaf_hash(event.encode()) for event in VECTORS["events"]]))


def test_hashes_and_proofs_are_made_again() -> None:
    made = tiles()
    assert made.leaves(Range(0, 5)).hex() == "".join(VECTORS["leaf_hashes"])
    assert {str(n): made.hash(Range(0, n)).hex() for n in range(6)} == VECTORS["roots"]
    inclusion, consistency = VECTORS["inclusion"], VECTORS["consistency"]
    ranges = inclusion_ranges(inclusion["index"], inclusion["size"])
    assert [made.hash(one).hex() for one in ranges] == inclusion["proof"]
    ranges = consistency_ranges(consistency["from"], consistency["to"])
    assert [made.hash(one).hex() for one in ranges] == consistency["proof"]


def test_checkpoints_are_signed_again() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(VECTORS["signing_key_seed"]))
    signer = Signer(KEY.name, private)
    assert signer.key == KEY
    for size, note in VECTORS["checkpoints"].items():
        root = bytes.fromhex(VECTORS["roots"][size])
        assert str(sign_checkpoint(signer, Checkpoint(KEY.name, int(size), root))) == note


def test_both_verifiers_accept_proof_and_export() -> None:
    older = LogVerifier(str(KEY)).checkpoint(VECTORS["checkpoints"]["3"])
    client = LogVerifier(str(KEY), [older])
    lines = VECTORS["export"].encode().splitlines(keepends=True)
    assert client.proof(VECTORS["proof_file"]).good
    assert client.export(lines).good
    trust = Trust(KEY, (), [Checkpoint(older.origin, older.size, older.root)])
    assert verify_proof(VECTORS["proof_file"], trust).fine
    assert verify_export(lines, trust).fine


def test_both_verifiers_refuse_any_other_byte() -> None:
    """Every byte of the event and of the proof counts; so does every digit of the index."""
    whole = VECTORS["proof_file"]
    end = whole.index("\n\n")
    for at in range(end):
        other = whole[:at] + ("A" if whole[at] != "A" else "B") + whole[at + 1 :]
        assert not verify_proof(other, Trust(KEY)).fine, at
        assert not LogVerifier(str(KEY)).proof(other).good, at
