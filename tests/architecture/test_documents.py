"""The documents say what the code does, where that can be read off both."""

import re
import tomllib
from pathlib import Path

import pytest

from app.audit.event import Action
from app.settings.settings import Settings
from tests.support.source import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FIRST_CELL = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def section(page: str, heading: str) -> str:
    return (ROOT / page).read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_into_the_repository_leads_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()) if link != "…"]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_operations_lists_every_setting() -> None:
    listed = FIRST_CELL.findall(section("docs/operations.md", "Settings"))
    assert sorted(listed) == sorted(f"KIN_{name.upper()}" for name in Settings.model_fields)


def test_the_format_of_events_lists_every_action() -> None:
    listed = FIRST_CELL.findall(section("docs/formats/audit-event.md", "Actions"))
    assert sorted(listed) == sorted(action.value for action in Action)


def test_the_picture_of_the_rooms_is_the_contract() -> None:
    picture = section("docs/architecture.md", "The rooms").split("```")[1].strip().splitlines()
    drawn = [re.split(r"\s{2,}", line)[0] for line in picture]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [
        " | ".join(
            room for room in line.split(" | ") if (ROOT / "app" / room.strip("()")).exists() or room == "main"
        )
        for line in contracts[0]["layers"]
    ]
    assert drawn == [re.sub(r"[()]", "", line) for line in layers if line]


def test_the_list_of_decision_records_is_complete() -> None:
    listed = re.findall(r"\((\d{4}-[^)]+\.md)\)", (ROOT / "docs/adr/README.md").read_text())
    assert listed == sorted(path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md"))
