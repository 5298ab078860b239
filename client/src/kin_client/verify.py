"""Checks what the audit log proves, on the client's own side: a proof of one event, an export of the log, a mirror of it.

A second implementation, written from RFC 6962, the C2SP pages (signed-note, tlog-checkpoint, tlog-proof, tlog-tiles) and
docs/formats/audit-log.md; with `log_files` it shares no code with the vault and needs nothing but `cryptography`. Give it the
log's verifier key as it was given to you, not as the vault shows it, and checkpoints you have kept: they are what a log that
was cut short or told in two versions is caught with.
"""

import csv
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kin_client.log_files import WIDTH, Export, tile_name, unbundled
from kin_client.log_files import unbase64 as _unbase64

_ED25519: Final = b"\x01"
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
        """An export as NDJSON, CSV or OCSF, line by line, in constant memory."""
        verdict = Verdict()
        try:
            export = Export(lines)
            checkpoint = self._open(verdict, export.note)
            if checkpoint is None:
                return verdict
            (self._all if export.complete else self._some)(verdict, checkpoint, export)
            if export.has_end and export.ended != verdict.events:
                verdict.problems.append(Problem("missing"))
        except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError, csv.Error):
            verdict.problems.append(Problem("unreadable"))
        return verdict

    def mirror(self, read: Callable[[str], bytes | None]) -> Verdict:
        """A mirror of the whole log (C2SP tlog-tiles); `read` gives the file of a name below the log's prefix, or None."""
        verdict = Verdict()
        checkpoint = self._open(verdict, (read("checkpoint") or b"").decode(errors="replace"))
        if checkpoint is None:
            return verdict
        hashes: list[bytes] = []  # of the tiles that are full, for the level above
        tree = _Tree({checkpoint.size, *(kept.size for kept in self._kept)})
        for position in range(-(-checkpoint.size // WIDTH)):
            leaves = _leaves(verdict, read, position, min(WIDTH, checkpoint.size - position * WIDTH))
            for leaf in leaves:
                tree.add(leaf)
            hashes += [_perfect(leaves)] if len(leaves) == WIDTH else []
        self._conclude(verdict, checkpoint, tree)
        level = 1
        while hashes:
            hashes = _upper(verdict, read, level, hashes)
            level += 1
        return verdict

    def _all(self, verdict: Verdict, checkpoint: Checkpoint, export: Export) -> None:
        """Every event of the log: their hashes must lead to the root, and each event must have its hash."""
        tree = _Tree({checkpoint.size, *(kept.size for kept in self._kept)})
        expected = 0
        for leaf, held, _, body in export.entries:
            verdict.events += 1
            if leaf != expected:
                code = "missing" if leaf > expected else "out-of-order"
                verdict.problems.append(Problem(code, min(leaf, expected)))
            if hashlib.sha256(b"\x00" + body).digest() != held:
                verdict.problems.append(Problem("changed", leaf))
            expected = leaf + 1
            tree.add(held)
        self._conclude(verdict, checkpoint, tree)

    def _some(self, verdict: Verdict, checkpoint: Checkpoint, export: Export) -> None:
        """Some events, each with its own proof."""
        for leaf, _, path, body in export.entries:
            verdict.events += 1
            _check_event(verdict, checkpoint, body, leaf, path or [])
        self._compare(verdict, checkpoint, {})

    def _conclude(self, verdict: Verdict, checkpoint: Checkpoint, tree: "_Tree") -> None:
        """All leaves are in the tree: they must be as many as was signed, and lead to its root."""
        if tree.size < checkpoint.size:
            verdict.problems.append(Problem("missing", tree.size))
        elif checkpoint.size and tree.roots.get(checkpoint.size) != checkpoint.root:
            verdict.problems.append(Problem("tree"))
        self._compare(verdict, checkpoint, tree.roots)

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


class _Tree:
    """The roots over the leaves added so far, at the sizes that are wanted: keeps the perfect subtrees of the right edge."""

    def __init__(self, wanted: set[int]) -> None:
        self._wanted = wanted
        self._peaks: list[tuple[int, bytes]] = []
        self.size = 0
        self.roots: dict[int, bytes] = {}

    def add(self, leaf: bytes) -> None:
        """Adds a leaf; subtrees of equal size become one."""
        size = 1
        while self._peaks and self._peaks[-1][0] == size:
            leaf = _node(self._peaks.pop()[1], leaf)
            size *= 2
        self._peaks.append((size, leaf))
        self.size += 1
        if self.size in self._wanted:
            self.roots[self.size] = self._root()

    def _root(self) -> bytes:
        root = self._peaks[-1][1]
        for _, peak in self._peaks[-2::-1]:
            root = _node(peak, root)
        return root


def _leaves(verdict: Verdict, read: Callable[[str], bytes | None], position: int, width: int) -> list[bytes]:
    """The leaf hashes of one tile, compared with its bundle of events; those of the events where the tile is not whole."""
    first = position * WIDTH
    bodies = unbundled(_file(read, "entries", position, width))[:width]
    found = [hashlib.sha256(b"\x00" + body).digest() for body in bodies]
    held = _hashes(_file(read, "0", position, width))[:width]
    verdict.events += len(found)
    if len(held) < width:
        verdict.problems.append(Problem("tree", first + len(held)))
    if len(found) < width:
        verdict.problems.append(Problem("missing", first + len(found)))
    for offset, (own, kept) in enumerate(zip(found, held, strict=False)):
        if own != kept:
            verdict.problems.append(Problem("changed", first + offset))
    return held if len(held) == width else found


def _upper(
    verdict: Verdict, read: Callable[[str], bytes | None], level: int, hashes: list[bytes]
) -> list[bytes]:
    """Compares a level's tiles with the hashes that follow from the level below; the hashes for the next level."""
    above = []
    for start in range(0, len(hashes), WIDTH):
        own = hashes[start : start + WIDTH]
        if _hashes(_file(read, str(level), start // WIDTH, len(own)))[: len(own)] != own:
            verdict.problems.append(Problem("tree"))
        above += [_perfect(own)] if len(own) == WIDTH else []
    return above


def _file(read: Callable[[str], bytes | None], level: str, position: int, width: int) -> bytes:
    """A file of the mirror, empty when missing; the full one stands for a partial one too."""
    return read(tile_name(level, position, width)) or read(tile_name(level, position, WIDTH)) or b""


def _hashes(tile: bytes) -> list[bytes]:
    return [tile[at : at + 32] for at in range(0, len(tile) - 31, 32)]


def _perfect(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [_node(*hashes[at : at + 2]) for at in range(0, len(hashes), 2)]
    return hashes[0]


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


def _is_decimal(text: str) -> bool:
    return text.isascii() and text.isdecimal() and str(int(text)) == text and int(text) < _LARGEST
