"""How often a request goes to the database: what tells nothing must not differ in this either."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from tests.support.vaults import Vault

_WAYS: Final = ("read", "fetch_hot", "insert_hot", "transaction")


@contextmanager
def database_calls(vault: Vault) -> Iterator[list[str]]:
    """The ways in which the database is used while the block runs, in order."""
    seen: list[str] = []

    def counting(way: str) -> Any:
        real = getattr(vault.parts.database, way)

        def call(*given: Any, **named: Any) -> Any:
            seen.append(way)
            return real(*given, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for way in _WAYS:
            patch.setattr(vault.parts.database, way, counting(way))
        yield seen
