"""A vault to test: the real application on a fresh database with the reference notice and one caller a role.

A database is prepared once a test process (migrated, tenant installed, callers with keys) and copied for each test, so a
test starts from the same rows for little time. The keyring is copied with it.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import httpx
from fastapi import FastAPI

from app.identity.issue import Actor
from app.kernel.clock import Clock
from app.kernel.ids import text_of
from app.keys.providers.local import create_keyring
from app.main import create_app_from
from app.notice.reference import reference_notice, reference_source
from app.settings.settings import Mode, Settings
from app.wiring.install import install_tenant
from app.wiring.migrate import migrate
from app.wiring.parts import Parts, build
from tests.support.postgres import PostgresServer

TENANT: Final = "shop"
EXTRA_CALLERS: Final = {"support-2": "support", "carrier-2": "carrier"}


@dataclass(frozen=True, slots=True)
class CallerKey:
    """A caller of the prepared tenant: its id as the API writes it, and its API key."""

    id: str
    key: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A database with a tenant in it, not in use; what its callers are and which keyring opens it."""

    url: str
    keyring: Path
    callers: Mapping[str, CallerKey]


class Store(Protocol):
    """Where databases come from: one prepared, any number copied from it."""

    prepared: Prepared

    def copy(self, directory: Path) -> AbstractContextManager[str]:
        """The URL of a copy of the prepared database, for as long as the block runs; `directory` is the test's."""
        ...


class SqliteStore:
    """Copies of a prepared file."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "prepared.db"
        self.prepared = prepare(f"sqlite:///{self._file}", directory)

    @contextmanager
    def copy(self, directory: Path) -> Iterator[str]:
        """A copy in the test's directory, which it goes with."""
        yield f"sqlite:///{shutil.copyfile(self._file, directory / 'kin.db')}"


class PostgresStore:
    """Copies of a prepared template database."""

    def __init__(self, directory: Path, server: PostgresServer) -> None:
        self._server = server
        self._copies = 0
        server.create("prepared")
        self.prepared = prepare(server.url("prepared"), directory)

    @contextmanager
    def copy(self, directory: Path) -> Iterator[str]:
        """A database of its own, removed in the end."""
        self._copies += 1
        name = f"copy_{self._copies}"
        self._server.create(name, "prepared")
        try:
            yield self._server.url(name)
        finally:
            self._server.drop(name)


@dataclass(slots=True)
class Vault:
    """A running vault and the hands to reach it."""

    app: FastAPI
    parts: Parts
    directory: Path
    database_url: str
    keyring: Path
    callers: Mapping[str, CallerKey]
    _stack: AsyncExitStack = field(repr=False)

    def client(
        self, caller: str | None, purpose: str | None = None, case: str | None = None
    ) -> httpx.AsyncClient:
        """A client that speaks as a caller (its role's name, `support-2`, `carrier-2`, or None for nobody)."""
        headers = {"Authorization": f"Bearer {self.callers[caller].key}"} if caller else {}
        if purpose:
            headers["Vault-Purpose"] = purpose
        if case:
            headers["Vault-Case"] = case
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://vault.test", headers=headers)
        self._stack.push_async_callback(client.aclose)
        return client


@asynccontextmanager
async def running_vault(
    store: Store, directory: Path, clock: Clock | None = None, **settings: object
) -> AsyncIterator[Vault]:
    """A vault on a fresh copy, its lifespan running; `settings` go over the test's own."""
    keyring = copied_keyring(store, directory)
    with store.copy(directory) as url:
        app = create_app_from(settings_for(url, keyring, **settings), clock)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(app.router.lifespan_context(app))
            yield Vault(app, app.state.parts, directory, url, keyring, store.prepared.callers, stack)


def copied_keyring(store: Store, directory: Path) -> Path:
    """The prepared keyring in the test's own directory, for tests that rotate or damage it."""
    return Path(shutil.copy(store.prepared.keyring, directory / "keyring.json"))


def settings_for(url: str, keyring: Path, **more: object) -> Settings:
    """Settings of a test vault: small pools, and keys that stop at once when revoked."""
    values: dict[str, object] = {
        "mode": Mode.DEVELOPMENT,
        "database_url": url,
        "keyring": keyring,
        "authentication_seconds": 0.0,
        "database_pool": 4,
        "database_hot_pool": 2,
    }
    return Settings.model_validate({**values, **more})


def prepare(url: str, directory: Path) -> Prepared:
    """Migrates the database and gives it a tenant with the reference notice and its callers."""
    keyring = directory / "keyring.json"
    create_keyring(keyring, development=True)
    return Prepared(url, keyring, asyncio.run(_prepare(build(settings_for(url, keyring)))))


async def _prepare(parts: Parts) -> dict[str, CallerKey]:
    await migrate(parts.database)
    await parts.database.open()
    try:
        await install_tenant(parts, TENANT, reference_source().decode())
        roles = frozenset(reference_notice().roles)
        names = {**{role: role for role in sorted(roles)}, **EXTRA_CALLERS}
        return {name: await _caller(parts, name, role, roles) for name, role in names.items()}
    finally:
        await parts.audit.drained()
        parts.passwords.close()
        await parts.database.close()


async def _caller(parts: Parts, name: str, role: str, roles: frozenset[str]) -> CallerKey:
    caller = await parts.callers.create(TENANT, name, [role], roles, Actor())
    issued = await parts.callers.issue_key(TENANT, caller.id, Actor())
    return CallerKey(text_of("clr", caller.id), issued.secret)
