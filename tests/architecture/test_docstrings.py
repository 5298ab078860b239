"""Every module says what it decides; an `__init__.py` says what its room promises, and holds nothing else."""

import ast

import pytest

from tests.support.source import modules

MODULES = modules()


@pytest.mark.parametrize("name", MODULES)
def test_a_module_opens_with_a_docstring(name: str) -> None:
    assert ast.get_docstring(MODULES[name])


@pytest.mark.parametrize("name", [name for name in MODULES if name.endswith("__init__.py")])
def test_a_room_opens_with_its_contract_and_nothing_else(name: str) -> None:
    assert len(MODULES[name].body) == 1
