"""The pictures of docs/states.md, drawn from the tables in the code: `python -m tests.support.diagrams` writes the page anew."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from app.approvals import approval
from app.rights import request
from app.subjects import binding
from tests.support.source import ROOT

PAGE: Final = ROOT / "docs" / "states.md"
_HEAD: Final = """# States

Each picture is drawn from the table of transitions that the code obeys, and a test compares them. Words at an arrow are
what moves the thing; nothing else does.
"""
_PICTURES: Final = (
    (
        "A purpose on a record",
        "`app/subjects/binding.py`. By `time` a purpose ends whose `closes-after` has passed; no row is changed.",
        binding.State.OPEN,
        binding.TRANSITIONS,
    ),
    (
        "An approved order",
        "`app/approvals/approval.py`. By `time` an order ends that nobody decided, or that was approved; no row is changed.",
        approval.State.PENDING,
        approval.TRANSITIONS,
    ),
    (
        "A person's request",
        "`app/rights/request.py`. Time moves none: that a request is late is seen from its deadline; an extension puts it off.",
        request.State.OPEN,
        request.TRANSITIONS,
    ),
)


def mermaid(start: StrEnum, transitions: Mapping[Any, Mapping[Any, Any]]) -> str:
    """A state diagram in Mermaid's text; several steps between the same states share an arrow."""
    lines = [f"    [*] --> {start}"]
    for state, steps in transitions.items():
        for target in dict.fromkeys(steps.values()):
            words = ", ".join(step for step, to in steps.items() if to == target)
            lines.append(f"    {state} --> {target}: {words}")
        if not steps:
            lines.append(f"    {state} --> [*]")
    return "\n".join(["stateDiagram-v2", *lines])


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for title, words, start, transitions in _PICTURES:
        parts.append(f"## {title}\n\n{words}\n\n```mermaid\n{mermaid(start, transitions)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
