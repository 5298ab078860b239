"""Who a credential belongs to; a failure is put on record before it is answered.

An API key names its tenant, so that the look-up can; its keyed digest is looked up, never the key. A positive answer is
remembered for a few seconds (a setting that may be 0): a revoked key stops at once in the process that revokes it, and
within that time in every other. A customer's session is a credential of another kind (`session`) and is never remembered.
"""

import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

from app.audit.event import Action, Event, Outcome
from app.audit.log import AuditLog
from app.crypto.api_key import api_key_digest, parse_api_key
from app.crypto.session_key import PREFIX as SESSION_PREFIX
from app.crypto.session_key import parse_session_key
from app.identity.session_store import SessionStore
from app.identity.store import IdentityStore
from app.kernel.caller import Caller
from app.kernel.clock import Clock
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import new_uuid

DigestKey = Callable[[str], Awaitable[bytes | None]]
"""The key that digests a tenant's API keys; None for a tenant that does not exist."""

_MOST_REMEMBERED: Final = 10_000


class Authenticator:
    """Turns credentials into callers. Failures without a readable tenant are recorded in `home_tenant`'s log."""

    def __init__(
        self,
        store: IdentityStore,
        sessions: SessionStore,
        digest_key: DigestKey,
        audit: AuditLog,
        clock: Clock,
        *,
        home_tenant: str,
        remember_seconds: float,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._digest_key = digest_key
        self._audit = audit
        self._clock = clock
        self._home_tenant = home_tenant
        self._remember = remember_seconds
        self._remembered: dict[bytes, tuple[float, Caller]] = {}
        self._forgotten = 0

    async def authenticate(self, credential: str | None, request: str) -> Caller:
        """The caller; otherwise an event, and then `VaultError(unauthenticated)`."""
        if credential is None:
            await self._fail(self._home_tenant, "no-credential", request)
        if credential.startswith(SESSION_PREFIX):
            return await self._customer(credential, request)
        name = hashlib.sha256(credential.encode(errors="surrogateescape")).digest()
        remembered = self._remembered.get(name)
        if remembered is not None and remembered[0] > time.monotonic():
            return remembered[1]
        return await self._look_up(credential, name, request)

    def forget(self) -> None:
        """Drops what is remembered: a key was revoked or a caller disabled."""
        self._remembered.clear()
        self._forgotten += 1

    async def _customer(self, credential: str, request: str) -> Caller:
        """The customer of a session: asked for each time, so that signing out acts at once in every process."""
        try:
            parsed = parse_session_key(credential)
        except ValueError:
            return await self._fail(self._home_tenant, "malformed-credential", request)
        if await self._digest_key(parsed.tenant) is None:
            return await self._fail(self._home_tenant, "unknown-tenant", request)
        caller = await self._sessions.caller(parsed, self._clock.now())
        return caller or await self._fail(parsed.tenant, "unknown-or-ended-session", request)

    async def _look_up(self, credential: str, name: bytes, request: str) -> Caller:
        try:
            parsed = parse_api_key(credential)
        except ValueError:
            return await self._fail(self._home_tenant, "malformed-credential", request)
        key = await self._digest_key(parsed.tenant)
        if key is None:
            return await self._fail(self._home_tenant, "unknown-tenant", request)
        forgotten = self._forgotten
        caller = await self._store.by_digest(parsed.tenant, api_key_digest(key, parsed.secret))
        if caller is None:
            return await self._fail(parsed.tenant, "unknown-or-revoked-key", request)
        # What was found while a key was being revoked may be older than the revocation.
        if self._remember > 0 and forgotten == self._forgotten:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[name] = (time.monotonic() + self._remember, caller)
        return caller

    async def _fail(self, tenant: str, reason: str, request: str) -> NoReturn:
        event = Event(
            id=new_uuid(),
            at=self._clock.now(),
            tenant=tenant,
            action=Action.AUTH_FAIL,
            outcome=Outcome.DENIED,
            request=request,
            reason=reason,
        )
        await self._audit.append(event)
        raise VaultError(
            Kind.UNAUTHENTICATED,
            "send a valid API key as `Authorization: Bearer kin_…`; this one is missing, unknown or revoked",
        )
