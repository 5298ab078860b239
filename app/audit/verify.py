"""Checking the log without the vault: a proof, an export, a mirrored log, against the log's public key.

Pure, and needs nothing but `cryptography`: no settings, no database. It says what it found and at which leaf, and what it cannot
know: a log that was cut short or told in another version is only seen against a checkpoint that its owner cannot take back.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.audit.checkpoint import Checkpoint, open_checkpoint
from app.audit.export_format import ExportedEvent
from app.audit.export_read import ExportInvalid, read_export
from app.audit.note import NoteInvalid, VerifierKey
from app.audit.proof import ProofInvalid, check_inclusion
from app.audit.proof_file import ProofFileInvalid, parse_proof_file
from app.audit.tile import WIDTH, TileId, TilePath, hashes_of, path_of, width_of
from app.audit.tree import RootHasher, leaf_hash, perfect

_MOST_FINDINGS: Final = 10
_NO_PUBLISHED: Final = (
    "whether the log was cut short or told in another version: give a checkpoint published before"
)
_NO_WITNESS: Final = "whether anybody but the log's owner has seen this checkpoint: give a witness's key"
_LEFT_OUT: Final = "whether events that should be here were left out: export the whole log"
_CONSISTENT: Final = "whether this checkpoint continues the published one: ask for a consistency proof, or export the whole log"


class Code(StrEnum):
    """What can be wrong."""

    UNREADABLE = "unreadable"
    NOT_SIGNED = "not-signed"
    CHANGED = "changed"
    MISSING = "missing"
    OUT_OF_ORDER = "out-of-order"
    TREE = "tree"
    TRUNCATED = "truncated"
    FORKED = "forked"
    NOT_WITNESSED = "not-witnessed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, in words, and the leaf it is at."""

    code: Code
    detail: str
    leaf: int | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """What the verifier believes beforehand: the log's key, witnesses' keys, checkpoints that were published."""

    key: VerifierKey
    witnesses: Sequence[VerifierKey] = ()
    published: Sequence[Checkpoint] = ()


@dataclass(slots=True)
class Report:
    """What was checked, found, and could not be known."""

    kind: str
    size: int | None = None
    events: int = 0
    findings: list[Finding] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    more_findings: int = 0

    @property
    def fine(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def find(self, code: Code, detail: str, leaf: int | None = None) -> None:
        """Adds a finding; of many with one code, the first ten are kept and the rest counted."""
        if sum(finding.code is code for finding in self.findings) < _MOST_FINDINGS:
            self.findings.append(Finding(code, detail, leaf))
        else:
            self.more_findings += 1


def verify_proof(text: str, trust: Trust) -> Report:
    """A proof file (C2SP tlog-proof) of one event."""
    report = Report("proof")
    try:
        proof = parse_proof_file(text)
    except ProofFileInvalid as invalid:
        report.find(Code.UNREADABLE, str(invalid))
        return report
    checkpoint = _opened(report, proof.checkpoint, trust)
    if checkpoint is None:
        return report
    report.events = 1
    _included(report, proof.entry, proof.index, proof.proof, checkpoint)
    _same_size_only(report, checkpoint, trust)
    return report


def verify_export(lines: Iterable[bytes], trust: Trust) -> Report:
    """An export in any of its forms, line by line, in constant memory."""
    report = Report("export")
    try:
        export = read_export(lines)
        checkpoint = _opened(report, export.checkpoint, trust)
        if checkpoint is None:
            return report
        if export.complete:
            _whole_export(report, export.events(), checkpoint, trust)
        else:
            for event in export.events():
                report.events += 1
                _included(report, event.body, event.leaf, event.proof or (), checkpoint)
            report.unknown.append(_LEFT_OUT)
            _same_size_only(report, checkpoint, trust)
        if export.counted not in {None, report.events}:
            report.find(Code.MISSING, "the export does not hold as many events as it says at its end")
        elif export.counted is None and export.has_end:
            report.find(Code.MISSING, "the export breaks off before its end")
    except ExportInvalid as invalid:
        report.find(Code.UNREADABLE, str(invalid), invalid.leaf)
    return report


def verify_log(read: Callable[[str], bytes | None], trust: Trust) -> Report:
    """A mirrored log (C2SP tlog-tiles); `read` gives the file of a path below the log's prefix, or None."""
    report = Report("log")
    checkpoint = _opened(report, (read("checkpoint") or b"").decode(errors="replace"), trust)
    if checkpoint is not None:
        roots = _Roots(checkpoint, trust)
        level = []
        for tile in _tiles_of_level(0, checkpoint.size):
            hashes = _entries(report, read, tile, width_of(tile, checkpoint.size))
            for one in hashes:
                roots.add(one)
            report.events += len(hashes)
            level += [perfect(hashes)] if len(hashes) == WIDTH else []
        roots.check(report)
        _upper_levels(report, read, checkpoint.size, level)
    return report


class _Roots:
    """The roots that the leaves lead to, at the checkpoint's size and at the published ones'."""

    def __init__(self, checkpoint: Checkpoint, trust: Trust) -> None:
        self._checkpoint = checkpoint
        self._published = trust.published
        self._wanted = {one.size for one in (checkpoint, *trust.published)}
        self._hasher = RootHasher()
        self._roots: dict[int, bytes] = {0: self._hasher.root()}

    def add(self, leaf: bytes) -> None:
        """The next leaf hash."""
        self._hasher.add(leaf)
        if self._hasher.size in self._wanted:
            self._roots[self._hasher.size] = self._hasher.root()

    def check(self, report: Report) -> None:
        """Finds what does not agree."""
        size = self._checkpoint.size
        if self._hasher.size < size:
            report.find(Code.MISSING, "the checkpoint is of more events than are here", self._hasher.size)
        elif self._roots.get(size) != self._checkpoint.root:
            report.find(Code.TREE, "the hashes do not lead to the checkpoint's root")
        for published in self._published:
            _compare(report, self._checkpoint, published, self._roots.get(published.size))
        if not self._published:
            report.unknown.append(_NO_PUBLISHED)


def _opened(report: Report, note: str, trust: Trust) -> Checkpoint | None:
    try:
        checkpoint, opened = open_checkpoint(note, trust.key)
    except NoteInvalid as invalid:
        report.find(Code.NOT_SIGNED, f"the checkpoint does not count: {invalid}")
        return None
    report.size = checkpoint.size
    for witness in trust.witnesses:
        if not opened.is_signed_by(witness):
            report.find(Code.NOT_WITNESSED, "a witness whose key was given has not signed this checkpoint")
    if not trust.witnesses:
        report.unknown.append(_NO_WITNESS)
    return checkpoint


def _included(report: Report, body: bytes, leaf: int, proof: Sequence[bytes], checkpoint: Checkpoint) -> None:
    try:
        check_inclusion(leaf_hash(body), leaf, checkpoint.size, checkpoint.root, proof)
    except ProofInvalid as invalid:
        report.find(Code.CHANGED, f"the event is not what the checkpoint covers: {invalid}", leaf)


def _whole_export(
    report: Report, events: Iterator[ExportedEvent], checkpoint: Checkpoint, trust: Trust
) -> None:
    roots = _Roots(checkpoint, trust)
    expected = 0
    for event in events:
        report.events += 1
        if event.leaf > expected:
            report.find(Code.MISSING, f"{event.leaf - expected} events are missing from here on", expected)
        elif event.leaf < expected:
            report.find(Code.OUT_OF_ORDER, "a leaf stands here a second time or too late", event.leaf)
        expected = event.leaf + 1
        if leaf_hash(event.body) != event.hash:
            report.find(Code.CHANGED, "the event is not what the tree holds", event.leaf)
        roots.add(event.hash)
    roots.check(report)


def _compare(report: Report, checkpoint: Checkpoint, published: Checkpoint, root: bytes | None) -> None:
    if published.origin != checkpoint.origin:
        report.find(Code.FORKED, "a published checkpoint is of another log")
    elif published.size > checkpoint.size:
        report.find(
            Code.TRUNCATED,
            f"a checkpoint of {published.size} events was published, this log has {checkpoint.size}: it was cut short or is old",
            checkpoint.size,
        )
    elif root is not None and root != published.root:
        report.find(
            Code.FORKED,
            f"the first {published.size} events are not those of the published checkpoint: the log was told in two versions",
        )


def _same_size_only(report: Report, checkpoint: Checkpoint, trust: Trust) -> None:
    """Without all hashes, a published checkpoint of another size can only show that this one is older."""
    for published in trust.published:
        _compare(
            report, checkpoint, published, checkpoint.root if published.size == checkpoint.size else None
        )
    if not trust.published:
        report.unknown.append(_NO_PUBLISHED)
    elif all(published.size != checkpoint.size for published in trust.published):
        report.unknown.append(_CONSISTENT)


def _tiles_of_level(level: int, size: int) -> Iterator[TileId]:
    position = 0
    while width_of(TileId(level, position), size):
        yield TileId(level, position)
        position += 1


def _file(read: Callable[[str], bytes | None], asked: TilePath) -> bytes | None:
    """A tile's file; a partial one may have been replaced by the full one."""
    return read("tile/" + path_of(asked)) or read("tile/" + path_of(asked._replace(width=WIDTH)))


def _entries(report: Report, read: Callable[[str], bytes | None], tile: TileId, width: int) -> list[bytes]:
    """The leaf hashes that a tile holds, compared with the entries; those of the entries where there is no tile."""
    first = tile.position * WIDTH
    kept = hashes_of(_file(read, TilePath(tile, width, entries=False)) or b"")[:width]
    entries = list(_unbundled(_file(read, TilePath(tile, width, entries=True)) or b""))[:width]
    if len(kept) < width:
        report.find(Code.TREE, "a tile is missing or too short", first + len(kept))
    if len(entries) < width:
        report.find(Code.MISSING, "events are missing from here on", first + len(entries))
    found = [leaf_hash(entry) for entry in entries]
    for offset, (one, held) in enumerate(zip(found, kept, strict=False)):
        if one != held:
            report.find(Code.CHANGED, "the event is not what the tree holds", first + offset)
    return kept if len(kept) == width else found


def _unbundled(bundle: bytes) -> Iterator[bytes]:
    at = 0
    while at + 2 <= len(bundle):
        end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        if end > len(bundle):
            return
        yield bundle[at + 2 : end]
        at = end


def _upper_levels(
    report: Report, read: Callable[[str], bytes | None], size: int, hashes: list[bytes]
) -> None:
    level = 1
    while hashes:
        above = []
        for tile in _tiles_of_level(level, size):
            width = width_of(tile, size)
            own = hashes[tile.position * WIDTH :][:width]
            kept = _file(read, TilePath(tile, width, entries=False)) or b""
            if hashes_of(kept)[:width] != own:
                report.find(
                    Code.TREE, f"a tile of level {level} is missing or does not follow from the one below"
                )
            above += [perfect(own)] if len(own) == WIDTH else []
        level, hashes = level + 1, above
