"""A proof as one file (C2SP tlog-proof): an event's bytes, its index, its inclusion proof and the checkpoint it leads to.

The event travels as the format's `extra` data; it is believed because its hash is what the proof proves.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.audit.tree import HASH_BYTES

FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)
_MOST_HASHES: Final = 63


class ProofFileInvalid(ValueError):
    """A text is not a tlog-proof; the text says why, and carries no value."""


@dataclass(frozen=True, slots=True)
class ProofFile:
    """What a proof file holds; nothing of it is checked against anything yet."""

    entry: bytes
    index: int
    proof: Sequence[bytes]
    checkpoint: str

    def __str__(self) -> str:
        lines = [FIRST_LINE, f"extra {b64encode(self.entry).decode()}", f"index {self.index}"]
        lines += [b64encode(one).decode() for one in self.proof]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def parse_proof_file(text: str) -> ProofFile:
    """The proof in `text`; `ProofFileInvalid` for any other text."""
    head, separator, checkpoint = text.partition("\n\n")
    first, *lines = head.split("\n")
    if first != FIRST_LINE or not separator:
        raise ProofFileInvalid(f"the file does not begin as {FIRST_LINE}")
    entry = b""
    if lines and lines[0].startswith("extra "):
        entry = _base64(lines.pop(0).removeprefix("extra "))
    index = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if index is None:
        raise ProofFileInvalid("the proof has no index of its entry")
    hashes = [_base64(line) for line in lines]
    if len(hashes) > _MOST_HASHES or any(len(one) != HASH_BYTES for one in hashes):
        raise ProofFileInvalid("the proof has too many hashes, or one that does not have 32 bytes")
    return ProofFile(entry, int(index[1]), hashes, checkpoint)


def _base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise ProofFileInvalid("what should be base64 is not") from None
