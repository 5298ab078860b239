"""A log begins anew under another name: after its database was put back to an older state.

Checkpoints of what came after the backup were published and cannot be signed over again. The tree that is left is kept, leaf for
leaf, so that everything in it stays provable; the log's name gets the time of its new beginning, which no earlier name can have,
and its first event under that name says which log it continues and what was published of it last. When to do so is for
whoever restores to decide.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.audit.checkpoint import Checkpoint
from app.audit.event import Action, Event, Outcome
from app.audit.log import AuditLog
from app.audit.note import Signer
from app.audit.sequence import SignerOf
from app.audit.tree_store import TreeStore
from app.kernel.clock import Clock
from app.kernel.ids import new_uuid
from app.storage.engine import Database

Newest = Callable[[str, Signer], Awaitable[Checkpoint | None]]
"""The newest checkpoint of a tenant's log that is known outside the database (`publish.Publishing.newest`)."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """The log's new verifier key, how many leaves it has kept, and the newest checkpoint of its old name known outside."""

    key: str
    kept: int
    last: Checkpoint | None


class LogBeginner:
    """Begins logs anew; where nothing is signed, no signature can be contradicted, and there is nothing to begin."""

    def __init__(
        self,
        database: Database,
        store: TreeStore,
        audit: AuditLog,
        clock: Clock,
        signer_of: SignerOf | None,
        newest: Newest,
    ) -> None:
        self._database = database
        self._store = store
        self._audit = audit
        self._clock = clock
        self._signer_of = signer_of
        self._newest = newest

    async def begin(self, tenant: str) -> Beginning | None:
        """Gives the log its next name, durably, with the event `log.begin`; None where there is no signing key."""
        if self._signer_of is None:
            return None
        state = await self._store.state(tenant)
        old = self._signer_of(tenant, state.era if state else "")
        last = await self._newest(tenant, old)
        now = self._clock.now()
        era = now.strftime("%Y%m%dT%H%M%SZ")
        key = self._signer_of(tenant, era).key
        said = {"continues": old.key.name}
        if last:
            said |= {"size": str(last.size), "root": last.root.hex()}
        event = Event(
            id=new_uuid(),
            at=now,
            tenant=tenant,
            action=Action.LOG_BEGIN,
            outcome=Outcome.ALLOWED,
            inputs=said,
            about=key.name,
        )
        async with self._database.transaction(tenant) as work:
            kept = await self._store.begin_again(work, era, now)
            await self._audit.record(work, [event])
        return Beginning(str(key), kept, last)
