"""The examples of the C2SP pages and the parser cases of transparency-dev/formats."""

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.audit.checkpoint import parse_checkpoint
from app.audit.note import NoteInvalid, VerifierKey, parse_note
from app.audit.proof_file import ProofFileInvalid, parse_proof_file

DATA = Path(__file__).parent / "data" / "c2sp-tlog"


def load(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def test_the_signed_note_of_the_specification_verifies() -> None:
    (case,) = load("signed_note.json")["valid"]
    key = VerifierKey.parse(case["vkey"])
    note = parse_note(case["note"])
    note.verify(key)
    assert str(key) == case["vkey"]
    assert str(note) == case["note"]


def test_the_signed_note_with_one_letter_changed_does_not() -> None:
    (case,) = load("signed_note.json")["valid"]
    key = VerifierKey.parse(case["vkey"])
    with pytest.raises(NoteInvalid, match="is wrong"):
        parse_note(case["note"].replace("example message", "exemple message")).verify(key)
    with pytest.raises(NoteInvalid, match="not signed"):
        parse_note(case["note"].replace("— example.com/foo", "— example.com/bar")).verify(key)


def test_the_checkpoints_of_the_specifications_are_read() -> None:
    examples = {example["name"]: example["text"] for example in load("format_examples.json")["format_only"]}
    for name in ("checkpoint", "checkpoint+cosignature/v1"):
        note = parse_note(examples[name])
        checkpoint = parse_checkpoint(note.text)
        assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
        assert str(checkpoint) == note.text
        assert str(note) == examples[name]


@pytest.mark.parametrize("case", load("checkpoint_parse_cases.json")["cases"], ids=lambda case: case["name"])
def test_checkpoint_texts(case: dict[str, Any]) -> None:
    """Roots are made whole SHA-256 hashes; blank extension lines are refused, as C2SP asks and Go's parser does not."""
    text, want = case["text"], case["want"]
    if want is None or want["rest"].startswith("\n"):
        with pytest.raises(NoteInvalid):
            parse_checkpoint(text)
        return
    root = sha256(want["hash_b64"].encode()).digest()
    with pytest.raises(NoteInvalid):
        parse_checkpoint(text.replace(want["hash_b64"], b64encode(root[:-1]).decode()))
    found = parse_checkpoint(text.replace(want["hash_b64"], b64encode(root).decode()))
    assert (found.origin, found.size, found.root) == (want["origin"], want["size"], root)


@pytest.mark.parametrize("case", load("tlog_proof_bad_cases.json")["cases"], ids=lambda case: case["name"])
def test_bad_proof_files(case: dict[str, Any]) -> None:
    with pytest.raises(ProofFileInvalid):
        parse_proof_file(case["text"])
