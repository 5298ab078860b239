"""Where a value can be found in files, however it was written there: raw, in UTF-16, base64, hexadecimal, JSON, a URL."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

_PATIENT: Final = 64 * 2**20


def spellings(value: str) -> dict[str, bytes]:
    """Name → bytes to look for. Base64 depends on what stands before: three alignments, without the characters it shares."""
    raw = value.encode()
    found = {
        "utf-8": raw,
        "utf-16-le": value.encode("utf-16-le"),
        "utf-16-be": value.encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "json": json.dumps(value)[1:-1].encode(),
        "url": quote(value, safe="").encode(),
        "url of a form": quote(value, safe=" ").replace(" ", "+").encode(),
        "url, small": re.sub("%..", lambda octet: octet[0].lower(), quote(value, safe="")).encode(),
    }
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw)
        # The first characters hold bits of what stands before, the last ones bits of what follows.
        inner = whole.rstrip(b"=")[-(-before * 8 // 6) : -1 if (before + len(raw)) % 3 else None]
        found[f"base64+{before}"] = inner
        found[f"base64url+{before}"] = inner.replace(b"+", b"-").replace(b"/", b"_")
    return {name: spelt for name, spelt in found.items() if len(spelt) >= 6}


def leaks(roots: Iterable[Path], values: Iterable[str]) -> list[str]:
    """`file: spelling of a value (its number)` for each file below `roots` that holds a value. Never the value itself."""
    wanted = {
        spelt: f"{name} of value {number}"
        for number, value in enumerate(values)
        for name, spelt in spellings(value).items()
    }
    return [f"{file}: {what}" for file in _files(roots) for what in _in_file(file, wanted)]


def _files(roots: Iterable[Path]) -> Iterator[Path]:
    for root in roots:
        yield from (path for path in sorted(root.rglob("*")) if path.is_file()) if root.is_dir() else [root]


def _in_file(file: Path, wanted: dict[bytes, str]) -> list[str]:
    longest, found, tail = max(map(len, wanted)), set(), b""
    with file.open("rb") as opened:
        while block := opened.read(_PATIENT):
            whole = tail + block
            found |= {what for spelt, what in wanted.items() if spelt in whole}
            tail = whole[-longest:]
    return sorted(found)
