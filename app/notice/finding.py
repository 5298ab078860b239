"""What is wrong with a notice, in words that say where and what to do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps a notice from being activated, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark; `code` is for programs, `line` is in the source, `subject` the key or cell it is about."""

    severity: Severity
    code: str
    line: int | None
    message: str
    subject: str | None = None


class NoticeInvalid(Exception):
    """The source is not a notice; `findings` holds every error, in the order of the lines."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(f"the notice has {len(findings)} error(s); correct the lines that the findings name")
        self.findings = tuple(findings)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings by line, each once."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: (finding.line or 0, finding.code)))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether any of them keeps the notice from being activated."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def quoted(name: str) -> str:
    """A name as a message may show it: short, and without characters that steer a terminal."""
    short = name if len(name) <= 64 else name[:61] + "..."
    return f"'{short}'" if short.isprintable() else ascii(short)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'delivery'?`, or nothing when no known name is near."""
    near = get_close_matches(name, list(known), n=1) if len(name) <= 64 else []
    return f"; did you mean {quoted(near[0])}?" if near else ""
