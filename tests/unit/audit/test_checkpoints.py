"""Notes, checkpoints and proof files: written, read back, and refused when somebody else's or damaged."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from app.audit.checkpoint import (
    Checkpoint,
    checkpoints_in,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from app.audit.note import COSIGNATURE, Note, NoteInvalid, Signature, Signer, VerifierKey, parse_note
from app.audit.proof_file import ProofFile, parse_proof_file

ORIGIN = "vault.example/audit/shop"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = Signer(ORIGIN, PRIVATE)
ROOT = sha256(b"root").digest()
NOTE = sign_checkpoint(SIGNER, Checkpoint(ORIGIN, 7, ROOT))
HASHES = st.binary(min_size=32, max_size=32)


def test_a_checkpoint_is_opened_by_its_key() -> None:
    checkpoint, note = open_checkpoint(str(NOTE), SIGNER.key)
    assert checkpoint == Checkpoint(ORIGIN, 7, ROOT)
    assert note == NOTE


def test_signing_again_gives_the_same_bytes() -> None:
    assert str(sign_checkpoint(SIGNER, Checkpoint(ORIGIN, 7, ROOT))) == str(NOTE)


def test_a_key_reads_as_it_is_written() -> None:
    assert VerifierKey.parse(str(SIGNER.key)) == SIGNER.key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        str(SIGNER.key)[:-1],
        str(SIGNER.key).replace("shop", "shot"),
        str(SIGNER.key).replace("+", "-", 1),
        f"{ORIGIN}+00000000+{str(SIGNER.key).rsplit('+', 1)[1]}",
    ],
)
def test_other_keys_are_refused(text: str) -> None:
    with pytest.raises(NoteInvalid):
        VerifierKey.parse(text)


def test_another_key_of_the_same_name_does_not_open_it() -> None:
    other = Signer(ORIGIN, Ed25519PrivateKey.generate())
    with pytest.raises(NoteInvalid, match="not signed by the known key"):
        open_checkpoint(str(NOTE), other.key)


def test_a_key_that_pretends_the_id_does_not_pass() -> None:
    other = Signer(ORIGIN, Ed25519PrivateKey.generate())
    blob = other.sign(NOTE.text).signatures[0].blob
    forged = Note(NOTE.text, (Signature(ORIGIN, SIGNER.key.id, blob),))
    with pytest.raises(NoteInvalid, match="is wrong"):
        open_checkpoint(str(forged), SIGNER.key)


def test_a_checkpoint_of_another_origin_is_not_signed_or_opened() -> None:
    with pytest.raises(NoteInvalid, match="its own"):
        sign_checkpoint(SIGNER, Checkpoint("vault.example/audit/other", 7, ROOT))
    foreign = SIGNER.sign(str(Checkpoint("vault.example/audit/other", 7, ROOT)))
    with pytest.raises(NoteInvalid, match="another log"):
        open_checkpoint(str(foreign), SIGNER.key)


@given(st.integers(0, len(str(NOTE)) - 1), st.characters(min_codepoint=1, codec="utf-8"))
def test_no_character_can_be_changed(at: int, other: str) -> None:
    data = str(NOTE)
    if data[at] == other:
        return
    with pytest.raises(NoteInvalid):
        open_checkpoint(data[:at] + other + data[at + 1 :], SIGNER.key)


@given(st.integers(0, len(str(NOTE)) - 1))
def test_no_end_can_be_cut_off(length: int) -> None:
    with pytest.raises(NoteInvalid):
        open_checkpoint(str(NOTE)[:length], SIGNER.key)


def test_a_cosignature_counts_beside_the_logs_own() -> None:
    private = Ed25519PrivateKey.generate()
    witness = VerifierKey("witness.example/w1", COSIGNATURE, private.public_key().public_bytes_raw())
    time = (1_679_315_147).to_bytes(8, "big")
    blob = time + private.sign(b"cosignature/v1\ntime 1679315147\n" + NOTE.text.encode())
    both = Note(NOTE.text, (*NOTE.signatures, Signature(witness.name, witness.id, blob)))
    _, note = open_checkpoint(str(both), SIGNER.key)
    assert note.is_signed_by(witness)
    assert not NOTE.is_signed_by(witness)
    later = Signature(witness.name, witness.id, (1_679_315_148).to_bytes(8, "big") + blob[8:])
    assert not Note(NOTE.text, (*NOTE.signatures, later)).is_signed_by(witness)


def test_published_checkpoints_are_found_among_others_and_after_a_cut() -> None:
    other = Signer("vault.example/audit/other", PRIVATE)
    notes = [sign_checkpoint(SIGNER, Checkpoint(ORIGIN, size, ROOT)) for size in (1, 5, 9)]
    foreign = sign_checkpoint(other, Checkpoint(other.key.name, 3, ROOT))
    for cut in range(len(str(notes[1])) - 1):
        file = f"{notes[0]}\n{foreign}\n{str(notes[1])[:cut]}\n\n{notes[2]}\n"
        assert [found.size for found in checkpoints_in(file, SIGNER.key)] == [1, 9], cut
    whole = "".join(f"{note}\n" for note in notes)
    assert [found.size for found in checkpoints_in(whole, SIGNER.key)] == [1, 5, 9]


@pytest.mark.parametrize("size", ["01", "-1", "+1", "1.0", "", str(2**63), "٣"])
def test_sizes_have_one_spelling(size: str) -> None:
    with pytest.raises(NoteInvalid):
        parse_checkpoint(str(Checkpoint(ORIGIN, 7, ROOT)).replace("\n7\n", f"\n{size}\n"))


def test_control_characters_and_unused_bits_are_refused() -> None:
    with pytest.raises(NoteInvalid, match="control"):
        parse_note(str(NOTE).replace("shop", "sh\top"))
    signature = str(NOTE).rsplit(" ", 1)[1].strip()
    assert signature.endswith("=")
    respelled = signature[:-2] + chr(ord(signature[-2]) + 1) + "="
    with pytest.raises(NoteInvalid):
        parse_note(str(NOTE).replace(signature, respelled))


@given(st.binary(max_size=200), st.integers(0, 2**62), st.lists(HASHES, max_size=63))
def test_proof_files_read_as_they_are_written(entry: bytes, index: int, proof: list[bytes]) -> None:
    written = ProofFile(entry, index, proof, str(NOTE))
    found = parse_proof_file(str(written))
    assert (found.entry, found.index, list(found.proof), found.checkpoint) == (entry, index, proof, str(NOTE))
