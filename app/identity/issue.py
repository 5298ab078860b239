"""How a caller comes to be, gets a key, loses it, and is stopped; each with its event.

The key is shown once, in the value returned here; the database gets its keyed digest. Which roles exist is told by whoever
calls: that is the notice's matter.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from app.audit.event import Action, Event, Outcome
from app.audit.log import AuditLog
from app.crypto.api_key import api_key_digest, new_api_key, parse_api_key
from app.identity.authenticate import Authenticator, DigestKey
from app.identity.store import IdentityStore
from app.kernel.caller import Caller
from app.kernel.clock import Clock
from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.ids import new_uuid, text_of
from app.storage.engine import Database, UnitOfWork
from app.storage.failures import Conflict

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key. `secret` is shown to a person once and kept nowhere."""

    id: UUID
    caller: UUID
    secret: str

    def __repr__(self) -> str:
        return f"IssuedKey({self.id})"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it, and in which request; both None for the operator at the command line."""

    caller: Caller | None = None
    request: str | None = None


class CallerRegistry:
    """The use cases on callers and keys."""

    def __init__(
        self,
        database: Database,
        store: IdentityStore,
        digest_key: DigestKey,
        audit: AuditLog,
        authenticator: Authenticator,
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = store
        self._digest_key = digest_key
        self._audit = audit
        self._authenticator = authenticator
        self._clock = clock

    async def create(
        self, tenant: str, name: str, roles: Collection[str], known_roles: Collection[str], by: Actor
    ) -> Caller:
        """A new caller without a key. `invalid` for a bad name or unknown roles, `conflict` when the name is taken."""
        _check(name, roles, known_roles)
        caller = Caller(tenant, new_uuid(), name, frozenset(roles))
        try:
            async with self._database.transaction(tenant) as work:
                await self._store.add_caller(work, caller, self._clock.now())
                await self._record(work, Action.CALLER_CREATE, by, text_of("clr", caller.id))
        except Conflict:
            raise VaultError(Kind.CONFLICT, "a caller of this name exists; choose another name") from None
        return caller

    async def issue_key(self, tenant: str, caller: UUID, by: Actor) -> IssuedKey:
        """A key for a caller; `not-found` when there is no such caller."""
        if await self._store.caller(tenant, caller) is None:
            raise VaultError(Kind.NOT_FOUND, "there is no such caller")
        secret, key = new_api_key(tenant), new_uuid()
        digest_key = await self._digest_key(tenant)
        if digest_key is None:
            raise VaultError(Kind.NOT_FOUND, "there is no such tenant")
        digest = api_key_digest(digest_key, parse_api_key(secret).secret)
        async with self._database.transaction(tenant) as work:
            await self._store.add_key(work, key, caller, digest, self._clock.now())
            await self._record(work, Action.KEY_ISSUE, by, text_of("key", key))
        return IssuedKey(key, caller, secret)

    async def revoke_key(self, tenant: str, caller: UUID, key: UUID, by: Actor) -> None:
        """Ends a key at once; `not-found` when the caller has no such live key."""
        async with self._database.transaction(tenant) as work:
            if not await self._store.revoke_key(work, caller, key, self._clock.now()):
                raise VaultError(Kind.NOT_FOUND, "the caller has no such live key")
            await self._record(work, Action.KEY_REVOKE, by, text_of("key", key))
        self._authenticator.forget()

    async def disable(self, tenant: str, caller: UUID, by: Actor) -> None:
        """Stops a caller and all its keys; `not-found` when there is no such caller."""
        async with self._database.transaction(tenant) as work:
            if not await self._store.disable(work, caller):
                raise VaultError(Kind.NOT_FOUND, "there is no such caller")
            await self._record(work, Action.CALLER_DISABLE, by, text_of("clr", caller))
        self._authenticator.forget()

    async def _record(self, work: UnitOfWork, action: Action, by: Actor, about: str) -> None:
        event = Event(
            id=new_uuid(),
            at=self._clock.now(),
            tenant=work.tenant,
            action=action,
            outcome=Outcome.ALLOWED,
            request=by.request,
            caller=by.caller.id if by.caller else None,
            roles=tuple(by.caller.roles) if by.caller else (),
            about=about,
        )
        await self._audit.record(work, [event])


def _check(name: str, roles: Collection[str], known_roles: Collection[str]) -> None:
    errors = []
    if not _NAME.fullmatch(name):
        errors.append(FieldError("/name", "bad-name", "use 1 to 64 characters of a-z, 0-9, `.`, `_` and `-`"))
    if not roles:
        errors.append(FieldError("/roles", "empty", "name at least one role of the notice"))
    if any(role not in known_roles for role in roles):
        errors.append(
            FieldError(
                "/roles", "unknown-role", "use roles of the active notice: " + ", ".join(sorted(known_roles))
            )
        )
    if errors:
        raise VaultError(Kind.INVALID, "the caller cannot be created as described", errors=tuple(errors))
