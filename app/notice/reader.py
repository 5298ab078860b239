"""Reading TOML values with their types checked and every mistake noted where it stands.

A `Section` is one TOML table being read: each value is taken once, by key and expected shape; what is left
over at `close` is an unknown key. After a mistake the reading goes on with a neutral value, so that one pass
finds all of them. Which keys there are and what they mean is `parse`'s business.
"""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final, TypeVar

from app.kernel.duration import Duration
from app.notice.finding import Finding, Severity, did_you_mean, quoted
from app.notice.model import SearchMode
from app.notice.places import Path

_Member = TypeVar("_Member", bound=StrEnum)

_MOST_SUGGESTIONS: Final = 50

HYPHENATED: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
"""Names of clauses, purposes and roles: they appear in headers."""
UNDERSCORED: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*", re.ASCII)
"""Names of collections and fields: they appear as members of JSON objects."""


class Report:
    """The errors found so far, and the lines to put them on."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self._lines = lines
        self.findings: list[Finding] = []

    def line(self, path: Path) -> int | None:
        """The line of a path, or of the nearest thing around it that has one."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path)

    def error(self, code: str, path: Path, message: str) -> None:
        """Note a mistake at a path."""
        self.findings.append(
            Finding(Severity.ERROR, code, self.line(path), message, ".".join(map(str, path)) or None)
        )

    def known(self, what: str, name: str, known: Collection[str], path: Path) -> bool:
        """Whether the name is among those known; if not, that is noted, with the nearest one."""
        if name in known:
            return True
        self.error(
            f"unknown-{what}", path, f"there is no {what} {quoted(name)}{self.suggestion(name, known)}"
        )
        return False

    def suggestion(self, name: str, known: Collection[str]) -> str:
        """The nearest known name, in words. Only among the first errors: searching takes time, and a file full of errors
        would take minutes.
        """
        return did_you_mean(name, known) if len(self.findings) < _MOST_SUGGESTIONS else ""


class Section:
    """One TOML table, taken apart key by key."""

    def __init__(self, values: Mapping[str, object], path: Path, report: Report) -> None:
        self.path = path
        self.report = report
        self._values = values
        self._taken: set[str] = set()

    @property
    def line(self) -> int | None:
        """Where the table begins."""
        return self.report.line(self.path)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def error(self, code: str, key: str, message: str) -> None:
        """Note a mistake at one of the keys."""
        self.report.error(code, (*self.path, key), message)

    def text(self, key: str) -> str:
        """A required text that is not empty."""
        if key not in self._values:
            self._taken.add(key)
            self.error("missing-key", key, f"{key} is missing here; every entry of this kind needs it")
            return ""
        return self.optional_text(key) or ""

    def optional_text(self, key: str) -> str | None:
        """A text that is not empty, or None when the key is absent."""
        value = self._take(key)
        if value is None or (isinstance(value, str) and value.strip()):
            return value
        self._wrong(key, "a text that is not empty")
        return None

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self._take(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self._wrong(key, "true or false")
        return default

    def count(self, key: str) -> int | None:
        """A whole number from 1 to a million, or None when the key is absent."""
        value = self._take(key)
        if value is None or (
            isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1_000_000
        ):
            return value
        self._wrong(key, "a whole number from 1 to 1000000")
        return None

    def duration(self, key: str) -> Duration | None:
        """An ISO 8601 duration, or None when the key is absent."""
        text = self.optional_text(key)
        if text is None:
            return None
        try:
            return Duration.parse(text)
        except ValueError as wrong:
            self.error("bad-duration", key, f"{key}: {wrong}")
            return None

    def texts(self, key: str) -> list[tuple[str, Path]]:
        """A list of different texts, each with its path; empty when the key is absent."""
        value = self._take(key)
        path: Path = (*self.path, key)
        if not isinstance(value, list):
            if value is not None:
                self._wrong(key, "a list of texts")
            return []
        found: dict[str, Path] = {}
        for place, item in enumerate(value):
            if not isinstance(item, str) or not item:
                self.report.error("wrong-type", (*path, place), f"{key} wants texts that are not empty")
            elif item in found:
                self.report.error(
                    "duplicate", (*path, place), f"{quoted(item)} stands twice in {key}; remove one"
                )
            else:
                found[item] = (*path, place)
        return list(found.items())

    def one_of(self, key: str, members: type[_Member], default: _Member) -> _Member:
        """A word of a closed list."""
        text = self.optional_text(key)
        if text is None:
            return default
        found = self.word(key, text, members, (*self.path, key))
        return default if found is None else found

    def several_of(self, key: str, members: type[_Member]) -> frozenset[_Member]:
        """Words of a closed list; empty when the key is absent."""
        found = (self.word(key, text, members, path) for text, path in self.texts(key))
        return frozenset(member for member in found if member is not None)

    def word(self, what: str, text: str, members: type[_Member], path: Path) -> _Member | None:
        """The member that the word names; None, and noted, when there is none."""
        words = [member.value for member in members]
        if text in words:
            return members(text)
        message = f"{what} cannot be {quoted(text)}; it is one of {', '.join(words)}{self.report.suggestion(text, words)}"
        self.report.error("unknown-word", path, message)
        return None

    def name(self, key: str, known: Collection[str], what: str) -> str:
        """The required name of something that the notice defines."""
        name = self.text(key)
        if name:
            self.report.known(what, name, known, (*self.path, key))
        return name

    def words(self, key: str) -> dict[str, str]:
        """A required table of texts."""
        section = self.section(key, required=True)
        return {name: section.text(name) for name in section.names()}

    def section(self, key: str, *, required: bool = False) -> "Section":
        """A table; an empty one when the key is absent."""
        if required and key not in self._values:
            self.error("missing-key", key, f"{key} is missing here; every entry of this kind needs it")
        value = self._take(key)
        if value is not None and not isinstance(value, dict):
            self._wrong(key, "a table")
        return Section(value if isinstance(value, dict) else {}, (*self.path, key), self.report)

    def sections(self, key: str) -> list["Section"]:
        """An array of tables; empty when the key is absent."""
        value = self._take(key)
        path: Path = (*self.path, key)
        if not isinstance(value, list):
            if value is not None:
                self._wrong(key, f"a list of tables, each beginning with [[{key}]]")
            return []
        for place, item in enumerate(value):
            if not isinstance(item, dict):
                self.report.error("wrong-type", (*path, place), f"{key} wants tables")
        return [
            Section(v, (*path, place), self.report) for place, v in enumerate(value) if isinstance(v, dict)
        ]

    def search_mode(self, key: str) -> SearchMode:
        """True, false or "prefix"; false when the key is absent."""
        value = self._take(key)
        if isinstance(value, bool) or value is None:
            return SearchMode.EXACT if value else SearchMode.NONE
        if value != "prefix":
            self._wrong(key, 'true, false or "prefix"')
            return SearchMode.NONE
        return SearchMode.PREFIX

    def is_empty_list(self, key: str) -> bool:
        """Whether the key is there and lists nothing."""
        return self._values.get(key) == []

    def names(self) -> list[str]:
        """The keys of a table whose keys the notice chooses."""
        return list(self._values)

    def named(self, pattern: re.Pattern[str]) -> list[tuple[str, "Section"]]:
        """The tables of a table whose keys are names; one that does not fit is noted, and read."""
        for name in self._values:
            if len(name) > 64 or not pattern.fullmatch(name):
                joint = "-" if pattern is HYPHENATED else "_"
                message = (
                    f"{quoted(name)} is no name; use up to 64 small letters and digits, joined by {joint!r}"
                )
                self.error("bad-name", name, message)
        return [(name, self.section(name)) for name in self._values]

    def close(self) -> None:
        """Whatever has not been taken has no meaning here."""
        for key in self._values:
            if key not in self._taken:
                message = (
                    f"the key {quoted(key)} has no meaning here{self.report.suggestion(key, self._taken)}"
                )
                self.error("unknown-key", key, message)

    def _take(self, key: str) -> object | None:
        self._taken.add(key)
        return self._values.get(key)

    def _wrong(self, key: str, wanted: str) -> None:
        self.error("wrong-type", key, f"{quoted(key)} wants {wanted}")
