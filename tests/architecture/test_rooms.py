"""The rooms stand in one order: pyproject's contract is kept, and nobody imports around it inside a function."""

import ast
import subprocess
import sysconfig

from tests.support.source import ROOT, modules


def imports_in_functions(tree: ast.Module) -> list[int]:
    return [
        node.lineno
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def test_the_contract_is_kept() -> None:
    command = [f"{sysconfig.get_path('scripts')}/lint-imports", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_every_import_stands_at_the_top() -> None:
    assert imports_in_functions(ast.parse("def f():\n    async def g():\n        from os import sep\n")) != []
    assert {name: lines for name, tree in modules().items() if (lines := imports_in_functions(tree))} == {}
