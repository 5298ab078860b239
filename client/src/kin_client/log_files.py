"""The files that the audit log leaves the vault in, as events: three forms of an export, and the names in a mirror of the log.

Decides what the files say; whether it is true is `verify`'s. Written from docs/formats/audit-log.md and C2SP tlog-tiles, with
nothing but the standard library.
"""

import base64
import binascii
import csv
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final, NamedTuple

_EXPORT: Final = "kin-audit-export/1"
_LARGEST_CELL: Final = 1 << 20
WIDTH: Final = 256


class Entry(NamedTuple):
    """An event of the log: its leaf, the hash the tree is said to hold, its path where it has one, its own bytes."""

    leaf: int
    held: bytes
    path: list[bytes] | None
    body: bytes


class Export:
    """An export being read: take all `entries`, then `ended` is the number its end says, None where there was no end."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.ended: int | None = None
        self.has_end = True
        rows = iter(lines)
        first = next(rows, b"")
        if first.startswith(b'"leaf",'):
            self._read_csv(first, rows)
            return
        head: dict[str, Any] = json.loads(first)
        if head.get("format") == _EXPORT:
            self.note, self.complete = str(head["checkpoint"]), head["complete"] is True
            self.entries = self._ndjson(rows)
        else:
            unmapped = head["unmapped"]
            self.note, self.complete, self.has_end = (
                str(unmapped["checkpoint"]),
                "proof" not in unmapped,
                False,
            )
            self.entries = self._ocsf(chain([first], rows))

    def _ndjson(self, rows: Iterator[bytes]) -> Iterator[Entry]:
        for row in rows:
            head, found, body = row.partition(b',"event":')
            if not found:
                self.ended = _end(json.loads(row))
                return
            outside: dict[str, Any] = json.loads(head + b"}")
            if not body.endswith(b"}\n") or not outside.keys() <= {"leaf", "hash", "proof"}:
                raise ValueError("not an event")
            path = [unbase64(one) for one in outside["proof"]] if "proof" in outside else None
            yield Entry(int(outside["leaf"]), unbase64(outside["hash"]), path, body[:-2])

    def _ocsf(self, rows: Iterator[bytes]) -> Iterator[Entry]:
        for row in rows:
            event = json.loads(row)
            unmapped = event["unmapped"]
            path = [unbase64(one) for one in unmapped["proof"]] if "proof" in unmapped else None
            leaf = int(event["metadata"]["sequence"])
            yield Entry(leaf, unbase64(unmapped["hash"]), path, event["raw_data"].encode())

    def _read_csv(self, first: bytes, rows: Iterator[bytes]) -> None:
        csv.field_size_limit(_LARGEST_CELL)
        cells = csv.reader(line.decode() for line in chain([first], rows))
        names = next(cells)
        table = (dict(zip(names, row, strict=True)) for row in cells)
        head = next(table)
        self.note, self.complete = head["checkpoint"], head["leaf"].startswith("all of ")
        self.entries = self._csv(table)

    def _csv(self, table: Iterator[dict[str, str]]) -> Iterator[Entry]:
        for row in table:
            if row["leaf"].startswith("end of "):
                self.ended = int(row["leaf"].removeprefix("end of "))
                return
            hashes = row["proof"].replace("none", "").split()
            path = [bytes.fromhex(one) for one in hashes] if row["proof"] else None
            yield Entry(int(row["leaf"]), bytes.fromhex(row["hash"]), path, row["event"].encode())


def tile_name(level: str, position: int, width: int) -> str:
    """Where a tile of `width` hashes, or a bundle (`entries`) of as many events, is below the log's prefix (C2SP tlog-tiles)."""
    parts: list[str] = []
    number = position
    while True:
        number, last = divmod(number, 1000)
        parts.insert(0, f"{last:03}" if not parts else f"x{last:03}")
        if not number:
            break
    return f"tile/{level}/" + "/".join(parts) + (f".p/{width}" if width < WIDTH else "")


def unbundled(bundle: bytes) -> list[bytes]:
    """The events of a bundle, each behind its length in two bytes; what is cut short is left out."""
    found, at = [], 0
    while at + 2 <= len(bundle):
        end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        if end > len(bundle):
            break
        found.append(bundle[at + 2 : end])
        at = end
    return found


def unbase64(text: str) -> bytes:
    """The bytes; ValueError for what is not base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError):
        raise ValueError("not base64") from None


def _end(document: dict[str, Any]) -> int:
    if document["end"] is not True:
        raise ValueError("not the end")
    return int(document["events"])
