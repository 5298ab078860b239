"""Reading an export back, in any of its forms, a line at a time. Pure; believes nothing it reads."""

import csv
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

from app.audit.export_format import CSV_COLUMNS, FORMAT, ExportedEvent

_EVENT: Final = re.compile(
    rb'\{"leaf":(0|[1-9][0-9]{0,18}),"hash":"([A-Za-z0-9+/]*={0,2})"(?:,"proof":\[([A-Za-z0-9+/=",]*)\])?,"event":(\{.*\})\}\n'
)
_CSV_END: Final = re.compile(r"end of ([0-9]{1,19})", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-f]*")


class ExportInvalid(ValueError):
    """What is read is not an export; the text says why and carries no value, `leaf` says after which event."""

    def __init__(self, words: str, leaf: int | None = None) -> None:
        super().__init__(words)
        self.leaf = leaf


@dataclass(slots=True)
class ReadExport:
    """An export being read: `counted` is what its end says, once all events have been taken; a form without an end has none."""

    checkpoint: str
    complete: bool
    has_end: bool
    events: Callable[[], Iterator[ExportedEvent]]
    counted: int | None = field(default=None)


def read_export(lines: Iterable[bytes]) -> ReadExport:
    """The export that these lines are; `ExportInvalid` when they are none, at once or when the bad line is reached."""
    source = iter(lines)
    first = next(source, b"")
    if first.startswith(b'"leaf",'):
        return _csv(chain([first], source))
    document = _json(first)
    if document.get("format") == FORMAT:
        return _ndjson(document, source)
    if document.get("class_uid") is not None:
        return _ocsf(document, first, source)
    raise ExportInvalid("the file is neither a proof nor an export")


def _ndjson(head: dict[str, Any], lines: Iterator[bytes]) -> ReadExport:
    def events() -> Iterator[ExportedEvent]:
        for line in lines:
            found = _EVENT.fullmatch(line)
            if found is None:
                export.counted = _end(line)
                return
            proof = (
                None
                if found[3] is None
                else [b64decode(one.strip(b'"')) for one in found[3].split(b",") if one]
            )
            yield ExportedEvent(int(found[1]), b64decode(found[2]), proof, found[4])

    export = ReadExport(str(head.get("checkpoint", "")), head.get("complete") is True, True, _guarded(events))
    return export


def _end(line: bytes) -> int:
    document = _json(line)
    if document.get("end") is not True or not isinstance(document.get("events"), int):
        raise ExportInvalid("a line is neither an event nor the end")
    return int(document["events"])


def _csv(lines: Iterator[bytes]) -> ReadExport:
    csv.field_size_limit(1 << 20)
    rows = csv.reader(line.decode(errors="replace") for line in lines)
    if tuple(next(rows)) != CSV_COLUMNS:
        raise ExportInvalid("the columns are not those of an export")
    head = _row(next(rows, []))

    def events() -> Iterator[ExportedEvent]:
        for cells in rows:
            row = _row(cells)
            end = _CSV_END.fullmatch(row["leaf"])
            if end:
                export.counted = int(end[1])
                return
            proof = (
                None
                if not row["proof"]
                else [bytes.fromhex(one) for one in row["proof"].split() if one != "none"]
            )
            yield ExportedEvent(int(row["leaf"]), bytes.fromhex(row["hash"]), proof, row["event"].encode())

    export = ReadExport(head["checkpoint"], head["leaf"].startswith("all of "), True, _guarded(events))
    return export


def _row(cells: list[str]) -> dict[str, str]:
    if len(cells) != len(CSV_COLUMNS):
        raise ExportInvalid("a row does not have as many cells as the first")
    return dict(zip(CSV_COLUMNS, cells, strict=True))


def _ocsf(first: dict[str, Any], line: bytes, lines: Iterator[bytes]) -> ReadExport:
    def events() -> Iterator[ExportedEvent]:
        for each in chain([line], lines):
            document = _json(each)
            unmapped = document["unmapped"]
            proof = [b64decode(one) for one in unmapped["proof"]] if "proof" in unmapped else None
            yield ExportedEvent(
                int(document["metadata"]["sequence"]),
                b64decode(unmapped["hash"]),
                proof,
                document["raw_data"].encode(),
            )

    unmapped = first.get("unmapped", {})
    return ReadExport(str(unmapped.get("checkpoint", "")), "proof" not in unmapped, False, _guarded(events))


def _guarded(events: Callable[[], Iterator[ExportedEvent]]) -> Callable[[], Iterator[ExportedEvent]]:
    """Whatever a hostile file makes the readers stumble over becomes `ExportInvalid` with the place."""

    def guarded() -> Iterator[ExportedEvent]:
        leaf: int | None = None
        try:
            for event in events():
                leaf = event.leaf
                yield event
        except ExportInvalid as invalid:
            raise ExportInvalid(str(invalid), leaf) from None
        except (ValueError, KeyError, TypeError, AttributeError, csv.Error, RecursionError):
            raise ExportInvalid("a line cannot be read", leaf) from None

    return guarded


def _json(line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        raise ExportInvalid("a line is not JSON") from None
    if not isinstance(document, dict):
        raise ExportInvalid("a line is not a JSON object")
    return document
