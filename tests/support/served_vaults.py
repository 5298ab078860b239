"""Vaults that erase, served by as many processes as their database allows, and the hands to reach each of them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from tests.support.erasing import erasing_settings
from tests.support.servers import Server, server
from tests.support.vaults import Store, copied_keyring


@dataclass(frozen=True, slots=True)
class ServedVault:
    """One vault in several processes (one on SQLite), its database, and the log that they share."""

    processes: list[Server]
    url: str
    log: Path


@contextmanager
def served_erasing_vault(store: Store, directory: Path) -> Iterator[ServedVault]:
    """A vault that signs, sequences and keeps an erasure ledger in `directory`, on a fresh copy of the prepared database."""
    keyring, log = copied_keyring(store, directory), directory / "kin.log"
    given: dict[str, Any] = {name: str(value) for name, value in erasing_settings(directory).items()}
    with store.copy(directory) as url, ExitStack() as stack:
        number = 1 if url.startswith("sqlite") else 2
        processes = [stack.enter_context(server(url, keyring, log, **given)) for _ in range(number)]
        yield ServedVault(processes, url, log)


class Hands:
    """Clients of one process of the vault, one a role."""

    def __init__(self, base_url: str, store: Store) -> None:
        self._base_url, self._callers = base_url, store.prepared.callers
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def send(
        self, caller: str, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """One call as a caller."""
        if caller not in self._clients:
            key = {"Authorization": f"Bearer {self._callers[caller].key}"}
            self._clients[caller] = httpx.AsyncClient(
                base_url=self._base_url, headers=key, timeout=60, trust_env=False
            )
        return await self._clients[caller].request(method, path, json=body, headers=headers)
