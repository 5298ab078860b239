"""How often a request goes to the database: what tells nothing must not differ in this either.

Only what the block's own context does is counted, with the tasks it starts: the vault's work in the background looks into the
database when it likes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import pytest

from tests.support.vaults import Vault

_WAYS: Final = ("read", "fetch_hot", "insert_hot", "transaction")
_COUNTED: Final = ContextVar("_COUNTED", default=False)


@contextmanager
def database_calls(vault: Vault) -> Iterator[list[str]]:
    """The ways in which the database is used while the block runs, in order."""
    seen: list[str] = []

    def counting(way: str) -> Any:
        real = getattr(vault.parts.database, way)

        def call(*given: Any, **named: Any) -> Any:
            if _COUNTED.get():
                seen.append(way)
            return real(*given, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for way in _WAYS:
            patch.setattr(vault.parts.database, way, counting(way))
        before = _COUNTED.set(True)
        yield seen
        _COUNTED.reset(before)
