"""The vault's source, as the architecture tests read it."""

import ast
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
APP: Final = ROOT / "app"


def modules() -> dict[str, ast.Module]:
    """Every module of `app/`, by its path below it."""
    return {
        path.relative_to(APP).as_posix(): ast.parse(path.read_text(), path.name)
        for path in sorted(APP.rglob("*.py"))
    }


def calls(tree: ast.AST) -> list[ast.Call]:
    """Every call in a piece of source."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
