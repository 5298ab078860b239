"""Checks what the audit log proves, on the client's own side: a proof of one event, an export of the log.

A second implementation, written from RFC 6962, the C2SP pages (signed-note, tlog-checkpoint, tlog-proof) and
docs/formats/audit-log.md; it shares no code with the vault and needs nothing but `cryptography`. Give it the log's
verifier key as it was given to you, not as the vault shows it, and checkpoints you have kept: they are what a log that
was cut short or told in two versions is caught with.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_ED25519: Final = b"\x01"
_EXPORT: Final = "kin-audit-export/1"
_PROOF: Final = "c2sp.org/tlog-proof@v1"
_LARGEST: Final = 2**63


class CheckpointRefused(ValueError):
    """The checkpoint is not one of this log, or not signed by its key."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the log said of itself: its name, its size, its root."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and at which leaf.

    `unreadable`, `not-signed`, `changed`, `missing`, `out-of-order`, `tree`, `truncated` or `forked`.
    """

    code: str
    leaf: int | None = None


@dataclass(slots=True)
class Verdict:
    """What was found; good when there is no problem. `checkpoint` is the one to keep for the next time."""

    checkpoint: Checkpoint | None = None
    events: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


class LogVerifier:
    """Verifies one log: `key` is its verifier key (`name+id+key`), `kept` are checkpoints known before."""

    def __init__(self, key: str, kept: Sequence[Checkpoint] = ()) -> None:
        name, _, rest = key.partition("+")
        key_id, _, material = rest.partition("+")
        public = _unbase64(material)
        if public[:1] != _ED25519 or len(public) != 33:
            raise ValueError("not an Ed25519 verifier key")
        if hashlib.sha256(name.encode() + b"\n" + public).hexdigest()[:8] != key_id:
            raise ValueError("the verifier key's id does not fit it")
        self._name = name
        self._id = bytes.fromhex(key_id)
        self._public = Ed25519PublicKey.from_public_bytes(public[1:])
        self._kept = tuple(kept)

    def checkpoint(self, note: str) -> Checkpoint:
        """The checkpoint of a note; `CheckpointRefused` unless this log has signed it."""
        text, gap, signatures = note.rpartition("\n\n")
        text += "\n"
        if not gap or not self._signed(text, signatures):
            raise CheckpointRefused("not signed by the log's key")
        lines = text.split("\n")
        if len(lines) < 4 or lines[0] != self._name or not _is_decimal(lines[1]):
            raise CheckpointRefused("not a checkpoint of this log")
        root = _unbase64(lines[2])
        if len(root) != 32:
            raise CheckpointRefused("its root is not a SHA-256 hash")
        return Checkpoint(lines[0], int(lines[1]), root)

    def proof(self, text: str) -> Verdict:
        """A proof file of one event."""
        verdict = Verdict()
        try:
            entry, index, path, note = _read_proof(text)
        except (ValueError, IndexError):
            verdict.problems.append(Problem("unreadable"))
            return verdict
        checkpoint = self._open(verdict, note)
        if checkpoint is not None:
            verdict.events = 1
            _check_event(verdict, checkpoint, entry, index, path)
            self._compare(verdict, checkpoint, {})
        return verdict

    def export(self, lines: Iterable[bytes]) -> Verdict:
        """An NDJSON export, line by line, in constant memory."""
        verdict, rows = Verdict(), iter(lines)
        try:
            head = json.loads(next(rows, b"{}"))
            note = head["checkpoint"] if head["format"] == _EXPORT else ""
            checkpoint = self._open(verdict, note)
            if checkpoint is None:
                return verdict
            check = self._all if head["complete"] is True else self._some
            if check(verdict, checkpoint, rows) != verdict.events:
                verdict.problems.append(Problem("missing"))
        except (ValueError, KeyError, TypeError, RecursionError):
            verdict.problems.append(Problem("unreadable"))
        return verdict

    def _all(self, verdict: Verdict, checkpoint: Checkpoint, rows: Iterator[bytes]) -> int | None:
        """Every event of the log: their hashes must lead to the root, and each event must have its hash."""
        wanted = {checkpoint.size, *(kept.size for kept in self._kept)}
        roots: dict[int, bytes] = {}
        peaks: list[tuple[int, bytes]] = []
        expected, ended = 0, None
        for row in rows:
            event = _read_event(row)
            if event is None:
                ended = _read_end(row)
                break
            leaf, held, _, body = event
            verdict.events += 1
            if leaf != expected:
                code = "missing" if leaf > expected else "out-of-order"
                verdict.problems.append(Problem(code, min(leaf, expected)))
            if hashlib.sha256(b"\x00" + body).digest() != held:
                verdict.problems.append(Problem("changed", leaf))
            expected = leaf + 1
            _add(peaks, held)
            if verdict.events in wanted:
                roots[verdict.events] = _bagged(peaks)
        if verdict.events < checkpoint.size:
            verdict.problems.append(Problem("missing", verdict.events))
        elif checkpoint.size and roots.get(checkpoint.size) != checkpoint.root:
            verdict.problems.append(Problem("tree"))
        self._compare(verdict, checkpoint, roots)
        return ended

    def _some(self, verdict: Verdict, checkpoint: Checkpoint, rows: Iterator[bytes]) -> int | None:
        """Some events, each with its own proof."""
        ended = None
        for row in rows:
            event = _read_event(row)
            if event is None:
                ended = _read_end(row)
                break
            leaf, _, path, body = event
            verdict.events += 1
            _check_event(verdict, checkpoint, body, leaf, path or [])
        self._compare(verdict, checkpoint, {})
        return ended

    def _compare(self, verdict: Verdict, checkpoint: Checkpoint, roots: dict[int, bytes]) -> None:
        """With the checkpoints kept from before; `roots` are those that could be computed."""
        roots = {**roots, checkpoint.size: checkpoint.root}
        for kept in self._kept:
            if kept.size > checkpoint.size:
                verdict.problems.append(Problem("truncated", checkpoint.size))
            elif roots.get(kept.size, kept.root) != kept.root:
                verdict.problems.append(Problem("forked"))

    def _open(self, verdict: Verdict, note: str) -> Checkpoint | None:
        try:
            verdict.checkpoint = self.checkpoint(note)
        except ValueError:
            verdict.problems.append(Problem("not-signed"))
        return verdict.checkpoint

    def _signed(self, text: str, signatures: str) -> bool:
        good = False
        for line in signatures.split("\n")[:-1]:
            dash, _, rest = line.partition(" ")
            name, _, encoded = rest.partition(" ")
            if dash != "—":
                return False
            if name == self._name and (blob := _unbase64(encoded))[:4] == self._id:
                try:
                    self._public.verify(blob[4:], text.encode())
                except InvalidSignature:
                    return False
                good = True
        return good and signatures.endswith("\n")


def _check_event(verdict: Verdict, checkpoint: Checkpoint, body: bytes, leaf: int, path: list[bytes]) -> None:
    hashed = hashlib.sha256(b"\x00" + body).digest()
    if _root_of(leaf, checkpoint.size, hashed, path) != checkpoint.root:
        verdict.problems.append(Problem("changed", leaf))


def _root_of(index: int, size: int, leaf: bytes, path: list[bytes]) -> bytes | None:
    """The root that an inclusion path leads to (RFC 6962 section 2.1.1, read backwards); None when it does not fit the tree."""
    if not 0 <= index < size:
        return None
    if size == 1:
        return None if path else leaf
    if not path or len(path[-1]) != 32:
        return None
    left = 1 << (size - 1).bit_length() - 1
    if index < left:
        below = _root_of(index, left, leaf, path[:-1])
        return below and _node(below, path[-1])
    below = _root_of(index - left, size - left, leaf, path[:-1])
    return below and _node(path[-1], below)


def _add(peaks: list[tuple[int, bytes]], leaf: bytes) -> None:
    """Adds a leaf to the perfect subtrees at the right edge; equal ones become one."""
    size = 1
    while peaks and peaks[-1][0] == size:
        leaf = _node(peaks.pop()[1], leaf)
        size *= 2
    peaks.append((size, leaf))


def _bagged(peaks: list[tuple[int, bytes]]) -> bytes:
    root = peaks[-1][1]
    for _, peak in peaks[-2::-1]:
        root = _node(peak, root)
    return root


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _read_proof(text: str) -> tuple[bytes, int, list[bytes], str]:
    """The event's bytes, its index, its path and the note; ValueError or IndexError for what is no proof of an event."""
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    (extra, entry), (index, number) = (line.split(" ") for line in lines[1:3])
    if (lines[0], extra, index) != (_PROOF, "extra", "index") or not _is_decimal(number):
        raise ValueError("not a proof of an event")
    return _unbase64(entry), int(number), [_unbase64(line) for line in lines[3:]], note


def _read_event(row: bytes) -> tuple[int, bytes, list[bytes] | None, bytes] | None:
    """Leaf, held hash, path and the event's own bytes, which end the line; None for a line that is no event."""
    head, found, body = row.partition(b',"event":')
    if not found:
        return None
    outside: dict[str, Any] = json.loads(head + b"}")
    if not body.endswith(b"}\n") or not outside.keys() <= {"leaf", "hash", "proof"}:
        raise ValueError("not an event")
    path = [_unbase64(one) for one in outside["proof"]] if "proof" in outside else None
    return int(outside["leaf"]), _unbase64(outside["hash"]), path, body[:-2]


def _read_end(row: bytes) -> int:
    document = json.loads(row)
    if document["end"] is not True:
        raise ValueError("not the end")
    return int(document["events"])


def _is_decimal(text: str) -> bool:
    return text.isascii() and text.isdecimal() and str(int(text)) == text and int(text) < _LARGEST


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError):
        raise ValueError("not base64") from None
