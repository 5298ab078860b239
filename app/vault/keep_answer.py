"""One effect an idempotency key, and the same answer again for a day (docs/adr/0005-idempotency-keys.md).

A key belongs to its caller. Who comes second gets the kept answer, `idempotency-mismatch` for another request, or
`idempotency-in-flight` while the first is under way. A request that never came back is taken over unless it took effect, which
its row says (`key_fence`). What an answer says about a person is sealed under that person's key and dies with it; the rest,
and whom it is about, under a key of the tenant.
"""

import base64
import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from app.audit.query import AuditQuery
from app.crypto.associated_data import Place
from app.crypto.blind_index import blind_index
from app.crypto.field_cipher import FieldCipher
from app.crypto.refused import Refused
from app.kernel.clock import Clock
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import text_of
from app.keys.hierarchy import SubjectKeyRow
from app.keys.keyring import TenantKeyring
from app.storage.engine import Database, UnitOfWork
from app.storage.failures import Conflict
from app.subjects.store import SubjectStore
from app.vault.kept_store import KeptRow, KeptStore
from app.vault.key_fence import Begun, KeyLost

KEPT_FOR: Final = timedelta(hours=24)
IN_FLIGHT: Final = timedelta(minutes=5)  # longer than any request takes; a thousand passwords take a minute
PURGED_AT_ONCE: Final = 500
_NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of an answer's body, and the person it is about, if it is about one."""

    owner: UUID | None
    text: bytes


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was given. A segment is None when the person it was about is gone."""

    status: int
    headers: Mapping[str, str]
    segments: Sequence[Segment | None]


class AnswerKeeper:
    """Begins requests that carry a key, keeps their answers, and gives them again."""

    def __init__(
        self,
        database: Database,
        store: KeptStore,
        subjects: SubjectStore,
        keyring: TenantKeyring,
        audit: AuditQuery,
        clock: Clock,
    ) -> None:
        self._database = database
        self._store = store
        self._subjects = subjects
        self._keyring = keyring
        self._audit = audit
        self._clock = clock

    async def begin(
        self, tenant: str, caller: UUID, key: str, said: bytes, request: str
    ) -> Begun | KeptAnswer:
        """The right to go on, or the answer that was given; `said` is all that makes the request what it is."""
        keys = (await self._keyring.tenant(tenant)).answers
        begun = Begun(tenant, blind_index(keys, f"{caller.hex}:{key}"), request)
        body = blind_index(keys, hashlib.sha256(said).hexdigest())
        try:
            async with self._database.bookkeeping(tenant) as work:
                await self._store.add(work, begun.digest, body, request, self._clock.now(), KEPT_FOR)
        except Conflict:
            return await self._second(begun, body)
        return begun

    async def keep(
        self, work: UnitOfWork, kept: KeptAnswer, begun: Begun, known: Mapping[UUID, bytes]
    ) -> None:
        """Keeps the answer in the transaction of its effect; `KeyLost` when another request has taken over.

        `known` are the field keys of people who are not stored before this transaction is.
        """
        ciphers = {owner: FieldCipher(key) for owner, key in known.items()}
        sealed = await self._sealed(begun, kept, ciphers)
        if not await self._store.answer(work, begun.digest, begun.request, sealed):
            raise KeyLost

    async def finish(self, begun: Begun, kept: KeptAnswer) -> None:
        """Keeps the answer after its effect, unless it was kept with it."""
        sealed = await self._sealed(begun, kept, {})
        async with self._database.bookkeeping(begun.tenant) as work:
            await self._store.answer(work, begun.digest, begun.request, sealed)

    async def abandon(self, begun: Begun) -> None:
        """Gives the key back unless the request took effect: also when nobody can say whether its commit came through."""
        async with self._database.bookkeeping(begun.tenant) as work:
            await self._store.remove(work, begun.digest, begun.request)

    async def purge(self, tenant: str) -> int:
        """Deletes every answer that has expired, a few at a time; how many there were."""
        purged = 0
        while True:
            async with self._database.bookkeeping(tenant) as work:
                count = await self._store.purge(work, self._clock.now(), PURGED_AT_ONCE)
            purged += count
            if count < PURGED_AT_ONCE:
                return purged

    async def _second(self, begun: Begun, body: bytes) -> Begun | KeptAnswer:
        row = await self._store.find(begun.tenant, begun.digest)
        if row is None:
            raise _in_flight()  # it was given back this very moment
        if row.body != body:
            raise VaultError(
                Kind.IDEMPOTENCY_MISMATCH, "this Idempotency-Key was used for another request; use a new one"
            )
        if row.answer is not None:
            return await self._opened(begun, row.answer)
        if self._clock.now() - row.begun_at < IN_FLIGHT:
            raise _in_flight()
        return await self._taken_over(begun, row)

    async def _taken_over(self, begun: Begun, row: KeptRow) -> Begun:
        """The request of somebody who never came back, unless it took effect: then the log has the event."""
        if row.effected:
            effect = await self._audit.effect_of(begun.tenant, row.request, row.begun_at)
            see = "the audit log" if effect is None else f"the event {text_of('evt', effect)}"
            raise VaultError(
                Kind.CONFLICT, f"the first request took effect and its answer was lost; see {see}"
            )
        async with self._database.bookkeeping(begun.tenant) as work:
            if not await self._store.take_over(
                work, begun.digest, row.request, begun.request, self._clock.now()
            ):
                raise _in_flight()
        return begun

    async def _sealed(self, begun: Begun, kept: KeptAnswer, known: Mapping[UUID, FieldCipher]) -> bytes:
        segments = [segment for segment in kept.segments if segment is not None]
        unknown = {segment.owner for segment in segments if segment.owner} - known.keys()
        ciphers = await self._ciphers(begun.tenant, unknown)
        for owner, cipher in known.items():
            ciphers[owner] = cipher
        owners = [segment.owner and segment.owner.hex for segment in segments]
        head = Segment(None, json.dumps([kept.status, dict(kept.headers), owners]).encode())
        parts = []
        for number, segment in enumerate([head, *segments]):
            if segment.owner not in ciphers:
                raise VaultError(
                    Kind.UNAVAILABLE, "this person's key does not pass its check; tell the operator"
                )
            envelope = ciphers[segment.owner].seal(_place(begun, segment.owner, number), segment.text)
            parts.append(base64.b64encode(envelope).decode())
        return json.dumps(parts).encode()

    async def _opened(self, begun: Begun, answer: bytes) -> KeptAnswer:
        head, *parts = [base64.b64decode(part) for part in json.loads(answer)]
        of_tenant = (await self._ciphers(begun.tenant, set()))[None]
        try:
            status, headers, names = json.loads(of_tenant.open_sealed(_place(begun, None, 0), head))
        except Refused:
            raise VaultError(
                Kind.UNAVAILABLE, "the kept answer does not pass its integrity check; tell the operator"
            ) from None
        owners = [UUID(hex=name) if name else None for name in names]
        ciphers = await self._ciphers(begun.tenant, {owner for owner in owners if owner})
        opened: list[Segment | None] = []
        for number, (owner, envelope) in enumerate(zip(owners, parts, strict=True), 1):
            try:
                text = ciphers[owner].open_sealed(_place(begun, owner, number), envelope)
            except (Refused, KeyError):
                opened.append(None)  # the person, and with them the key, is gone
            else:
                opened.append(Segment(owner, text))
        return KeptAnswer(status, headers, opened)

    async def _ciphers(self, tenant: str, owners: set[UUID]) -> dict[UUID | None, FieldCipher]:
        """Of the tenant, and of those people whose key is there and passes its check."""
        ciphers: dict[UUID | None, FieldCipher] = {
            None: FieldCipher((await self._keyring.tenant(tenant)).answers)
        }
        for owner, row in (await self._subjects.wrapped_keys(tenant, owners)).items():
            with contextlib.suppress(Refused):
                keys = await self._keyring.subject(tenant, owner, SubjectKeyRow.of(*row))
                ciphers[owner] = FieldCipher(keys.field)
        return ciphers


def _place(begun: Begun, owner: UUID | None, number: int) -> Place:
    return Place(begun.tenant, owner or _NOBODY, _NOBODY, f"answer.{begun.digest.hex()}", number)


def _in_flight() -> VaultError:
    return VaultError(
        Kind.IDEMPOTENCY_IN_FLIGHT, "a request with this Idempotency-Key is under way; ask again in a moment"
    )
