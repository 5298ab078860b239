"""Where in a TOML document each key and value stands.

`tomllib` gives values without their lines. This walks the same text once more, knowing already that it is
valid TOML (v1.0.0), and notes the line of every table header, key and array item. Decides nothing about the
values.
"""

import re
import tomllib
from typing import Final

Path = tuple[str | int, ...]
"""Keys and array positions from the root: `("grants", 2, "reads", "buyer.email")`."""

_TOKEN: Final = re.compile(
    r"(?P<blank>[ \t\r]+|#[^\n]*)|(?P<newline>\n)|(?P<mark>[\[\]{}=,.])"
    r'|(?P<long>"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5})|(?P<quoted>"(?:\\.|[^"\\])*"|\'[^\']*\')|(?P<bare>[^\s\[\]{}=,.#"\']+)',
    re.DOTALL,
)


def places(source: str) -> dict[Path, int]:
    """The line (from 1) on which every path of a valid TOML document is first named."""
    return _Walk(source).document()


class _Walk:
    """Reads tokens from left to right; `_at` is the next one."""

    def __init__(self, source: str) -> None:
        self._tokens: list[tuple[str, str, int]] = []
        self._at = 0
        self._lines: dict[Path, int] = {}
        self._lengths: dict[Path, int] = {}
        line = 1
        for token in _TOKEN.finditer(source):
            kind, text = str(token.lastgroup), token.group()
            if kind != "blank":
                self._tokens.append((kind, text, line))
            line += text.count("\n")
        self._tokens.append(("end", "", line))

    def document(self) -> dict[Path, int]:
        table: Path = ()
        while self._peek() != "end":
            if self._peek() == "newline":
                self._at += 1
            elif self._text() == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _header(self) -> Path:
        line, opened = self._line(), self._at
        while self._text() == "[":
            self._at += 1
        array = self._at - opened == 2
        keys = self._keys()
        self._at += 2 if array else 1
        path: Path = ()
        for key in keys[:-1]:
            path = self._last_item((*path, key))
            self._lines.setdefault(path, line)
        path = (*path, keys[-1])
        if array:
            self._lines.setdefault(path, line)
            self._lengths[path] = self._lengths.get(path, 0) + 1
            path = self._last_item(path)
        self._lines.setdefault(path, line)
        return path

    def _last_item(self, path: Path) -> Path:
        """An array of tables means its last table, when a header goes on below it."""
        return (*path, self._lengths[path] - 1) if path in self._lengths else path

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table
        for key in self._keys():
            path = (*path, key)
            self._lines.setdefault(path, line)
        self._at += 1
        self._value(path)

    def _keys(self) -> list[str]:
        keys = [self._key()]
        while self._text() == ".":
            self._at += 1
            keys.append(self._key())
        return keys

    def _key(self) -> str:
        kind, text, _ = self._tokens[self._at]
        self._at += 1
        return str(tomllib.loads(f"key = {text}")["key"]) if kind == "quoted" else text

    def _value(self, path: Path) -> None:
        if self._text() == "[":
            self._array(path)
        elif self._text() == "{":
            self._inline_table(path)
        else:
            while self._peek() not in {"newline", "end"} and self._text() not in {",", "]", "}"}:
                self._at += 1

    def _array(self, path: Path) -> None:
        self._at += 1
        place = 0
        while self._text() != "]":
            if self._text() == "," or self._peek() == "newline":
                self._at += 1
                continue
            self._lines[*path, place] = self._line()
            self._value((*path, place))
            place += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while self._text() != "}":
            if self._text() == ",":
                self._at += 1
                continue
            self._pair(path)
        self._at += 1

    def _peek(self) -> str:
        return self._tokens[self._at][0]

    def _text(self) -> str:
        kind, text, _ = self._tokens[self._at]
        return text if kind == "mark" else ""

    def _line(self) -> int:
        return self._tokens[self._at][2]
