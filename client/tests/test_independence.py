"""The client stands on its own: nothing of the server, nothing beyond what its distribution declares."""

import ast
import inspect
import re
import sys
import tomllib
from pathlib import Path

import pytest

from kin_client.vault import Vault

CLIENT = Path(__file__).resolve().parents[1]
MODULES = {
    path.name: ast.parse(path.read_text()) for path in sorted((CLIENT / "src/kin_client").glob("*.py"))
}
DECLARED = {"httpx", "pydantic", "kin_client"}


def imported(tree: ast.Module) -> set[str]:
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_imports_only_what_is_declared(name: str) -> None:
    """The verifier is for people who trust nobody: it needs `cryptography` and the reader of files, which needs nothing."""
    alone: dict[str, set[str]] = {"verify.py": {"cryptography", "kin_client"}, "log_files.py": set()}
    assert imported(MODULES[name]) <= alone.get(name, DECLARED)


def test_the_verifier_knows_nothing_else_of_the_client() -> None:
    modules = [node.module for node in ast.walk(MODULES["verify.py"]) if isinstance(node, ast.ImportFrom)]
    assert {module for module in modules if module and module.startswith("kin_client")} == {
        "kin_client.log_files"
    }


def test_the_distribution_declares_the_same() -> None:
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    assert {text.partition(">")[0] for text in project["dependencies"]} == DECLARED - {"kin_client"}


def test_every_module_says_what_it_decides() -> None:
    assert [name for name, tree in MODULES.items() if not ast.get_docstring(tree)] == []


README = (CLIENT / "README.md").read_text()


def test_the_readme_names_every_method() -> None:
    (table,) = re.findall(r"## Methods\n(.*?)\n\nEvery", README, re.DOTALL)
    methods = {
        name
        for name, member in vars(Vault).items()
        if inspect.isfunction(member) and not name.startswith("_") and name not in {"carry_out", "close"}
    }
    assert set(re.findall(r"`(\w+)`", table)) == methods
