"""The fence of idempotency keys: a change is committed only while its request still holds the key under which it came.

A request that holds a key is known here for as long as it is carried out. The audit log asks for the proof in the transaction
of every change (`audit/log`), so no use case can forget it. A process that was paused and comes back after another request
has taken its key over cannot commit any more (docs/adr/0005-idempotency-keys.md).
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.kernel.errors import Kind, VaultError
from app.storage.engine import UnitOfWork
from app.vault.kept_store import KeptStore


@dataclass(frozen=True, slots=True)
class Begun:
    """The right to carry out the request of an idempotency key, once."""

    tenant: str
    digest: bytes
    request: str


class KeyLost(VaultError):
    """The request's key belongs to another request by now, or to none."""

    def __init__(self) -> None:
        super().__init__(
            Kind.IDEMPOTENCY_IN_FLIGHT,
            "another request took this Idempotency-Key over meanwhile; ask again in a moment",
        )


class KeyFence:
    """Which requests of this process hold a key, by request id."""

    def __init__(self, store: KeptStore) -> None:
        self._store = store
        self._held: dict[str, Begun] = {}

    @contextmanager
    def holding(self, begun: Begun) -> Iterator[None]:
        """For as long as the block runs, what the request changes is fenced."""
        self._held[begun.request] = begun
        try:
            yield
        finally:
            del self._held[begun.request]

    async def prove(self, work: UnitOfWork, requests: Collection[str]) -> None:
        """Returns when those of the requests that came with a key hold it until this transaction ends; else `KeyLost`."""
        for request in requests:
            begun = self._held.get(request)
            if begun is not None and not await self._store.effect(work, begun.digest, request):
                raise KeyLost
