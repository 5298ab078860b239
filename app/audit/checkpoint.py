"""Checkpoints: the log's statement "at this size my root is this", signed (C2SP tlog-checkpoint).

Pure: text in, text out. When a checkpoint may be signed is decided by `sequence`, where it goes by `publish`.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from app.audit.note import Note, NoteInvalid, Signer, VerifierKey, parse_note
from app.audit.tree import HASH_BYTES

_TEXT: Final = re.compile(
    r"(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>[A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*", re.ASCII
)
_IN_A_FILE: Final = re.compile(r"[^\n]+\n[0-9]+\n[A-Za-z0-9+/=]+\n\n(?:— [^\n]+\n)+")
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Which log, how many leaves, and the root over them."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text says; `NoteInvalid` for any other text. Extension lines are read over."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise NoteInvalid("a checkpoint is an origin, a size and a root, a line each")
    root = b64decode(found["root"])
    if len(root) != HASH_BYTES or b64encode(root).decode() != found["root"] or int(found["size"]) > _LARGEST:
        raise NoteInvalid("a checkpoint's size or root is out of range")
    return Checkpoint(found["origin"], int(found["size"]), root)


def sign_checkpoint(signer: Signer, checkpoint: Checkpoint) -> Note:
    """The checkpoint as a note; its origin is the signer's name."""
    if checkpoint.origin != signer.key.name:
        raise NoteInvalid("a log signs its own checkpoints only")
    return signer.sign(str(checkpoint))


def open_checkpoint(data: str, key: VerifierKey) -> tuple[Checkpoint, Note]:
    """The checkpoint of a note that this log key has signed for its own origin; `NoteInvalid` otherwise."""
    note = parse_note(data)
    note.verify(key)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != key.name:
        raise NoteInvalid("the checkpoint is of another log")
    return checkpoint, note


def notes_in(published: str) -> Iterator[tuple[str, int]]:
    """The notes in a file of published checkpoints, and where each ends; what a crash has cut short is passed over."""
    for found in _IN_A_FILE.finditer(published):
        yield found[0], found.end()


def checkpoints_in(published: str, key: VerifierKey) -> Iterator[Checkpoint]:
    """The checkpoints in a file of published ones that this log key has signed, in the file's order."""
    for note, _ in notes_in(published):
        try:
            yield open_checkpoint(note, key)[0]
        except NoteInvalid:
            continue
