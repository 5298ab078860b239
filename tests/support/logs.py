"""An audit log without a vault around it: events, a sequencer and a signing key on a database of its own."""

import hashlib
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.audit.checkpoint import Checkpoint, open_checkpoint
from app.audit.event import Action, Ciphertext, Event, FieldTrace, NoticeRef, Outcome
from app.audit.leaf_store import LeafStore
from app.audit.note import VerifierKey
from app.audit.prove import LogProver
from app.audit.publish import CheckpointFile, Publishing
from app.audit.sequence import Sequencer
from app.audit.signing_key import SigningKey, create_signing_key, load_signing_key
from app.audit.store import AuditStore
from app.audit.tables import audit_events
from app.audit.tree_store import TreeStore
from app.audit.waiting import ids_in
from app.kernel.clock import SystemClock
from app.kernel.ids import new_uuid
from app.storage.engine import Database
from tests.support.vaults import TENANT, Store

ORIGIN: Final = "vault.test/audit"
_PURPOSES: Final = ("delivery", "customer-care", "order")
_FIELDS: Final = ("recipient", "phone", "address", "note", "email", "full_name")


@dataclass(slots=True)
class Clockwork:
    """A clock that a test moves."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 11, 22, 8, tzinfo=UTC))

    def now(self) -> datetime:
        return self.moment

    def go(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass(slots=True)
class Log:
    """A log of the tenant `shop`, and the hands to fill, sequence and damage it."""

    database: Database
    store: AuditStore
    tree: TreeStore
    prover: LogProver
    signing: SigningKey
    published: CheckpointFile
    directory: Path
    url: str

    @property
    def key(self) -> VerifierKey:
        """The log's public key."""
        return self.signing.signer(TENANT).key

    def sequencer(self, clock: Any = None, batch: int = 64) -> Sequencer:
        """Another sequencer of this log, which takes so many waiting rows at a time."""
        return Sequencer(
            self.database,
            self.tree,
            clock or SystemClock(),
            self.signing.signer,
            Publishing([self.published], None).known,
            largest_batch=batch,
        )

    async def append(self, events: Sequence[Event]) -> list[UUID]:
        """Events in one commit; their ids."""
        if events:
            await self.store.insert_alone(TENANT, events)
        return [event.id for event in events]

    async def sequence(self, sequencer: Sequencer | None = None) -> None:
        """Until there is nothing left to sequence or sign; published too."""
        worker = sequencer or self.sequencer(batch=512)
        while (step := await worker.step(TENANT)).events or step.signed:
            pass
        await worker.let_go()
        await self.published.publish(TENANT, self.key)

    async def checkpoint(self) -> Checkpoint:
        """The newest checkpoint, its signature checked."""
        newest = await self.tree.latest(TENANT)
        assert newest is not None
        return open_checkpoint(str(newest), self.key)[0]

    async def sql(self, statement: str, **values: Any) -> Sequence[Any]:
        """One statement straight into the database, as its owner might; its rows."""
        return await self.script([statement], **values)

    async def script(self, statements: Sequence[str], **values: Any) -> Sequence[Any]:
        """Several in one transaction; the rows of the last."""
        engine: AsyncEngine = self.database._engine
        given = {name: self._bound(value) for name, value in values.items()}
        async with engine.begin() as connection:
            if not self.database.is_sqlite:
                await connection.execute(text("SELECT set_config('kin.tenant', 'shop', true)"))
            for statement in statements:
                result = await connection.execute(text(statement), given)
            return result.all() if result.returns_rows else ()

    def _bound(self, value: Any) -> Any:
        return value.bytes if isinstance(value, UUID) and self.database.is_sqlite else value


@asynccontextmanager
async def running_log(store: Store, directory: Path) -> AsyncIterator[Log]:
    """A log on a fresh copy of the prepared database; it holds the events of its preparation already."""
    key_file = directory / "audit-signing.pem"
    create_signing_key(key_file)
    with store.copy(directory) as url:
        database = Database(url)
        await database.open()
        tree = TreeStore(database)
        try:
            yield Log(
                database,
                AuditStore(database),
                tree,
                LogProver(tree),
                load_signing_key(key_file, ORIGIN),
                CheckpointFile(directory / "checkpoints", tree),
                directory,
                url,
            )
        finally:
            await database.close()


async def order(log: Log) -> list[UUID]:
    """Which events the leaves are, as the rows of the database say."""
    rows = await log.sql("SELECT ids FROM audit_leaves WHERE tenant = 'shop' ORDER BY position")
    return [UUID(bytes=one) for row in rows for one in ids_in(row.ids)]


async def put_in_order(log: Log, events: Sequence[UUID]) -> None:
    """Other places for the events, by the database owner's hand."""
    await log.sql("DELETE FROM audit_leaves WHERE tenant = 'shop'")
    if events:
        async with log.database.bookkeeping(TENANT) as work:
            await LeafStore(log.database).put(work, 0, [event.bytes for event in events])


async def cut(log: Log, size: int) -> None:
    """Removes the events from a leaf on."""
    events = await order(log)
    async with log.database.bookkeeping(TENANT) as work:
        await work.execute(delete(audit_events).where(audit_events.c.id.in_(events[size:])))
    await put_in_order(log, events[:size])


def invented(count: int, seed: int = 1, at: datetime | None = None) -> list[Event]:
    """Disclosures as the vault records them, invented; the same for the same seed but for ids and time."""
    dice = random.Random(seed)
    return [_invented(dice, at or datetime.now(UTC)) for _ in range(count)]


def _invented(dice: random.Random, at: datetime) -> Event:
    granted = dice.random() < 0.8
    names = dice.sample(_FIELDS, dice.randint(1, 4))
    return Event(
        id=new_uuid(),
        at=at,
        tenant=TENANT,
        action=Action.RECORD_DISCLOSE,
        outcome=Outcome.ALLOWED if granted else Outcome.DENIED,
        caller=UUID(int=dice.randrange(20) + 1),
        roles=(dice.choice(("shipping", "support", "marketing")),),
        purpose=dice.choice(_PURPOSES),
        subject=hashlib.sha256(str(dice.randrange(500)).encode()).hexdigest()[:32],
        record=hashlib.sha256(str(dice.randrange(900)).encode()).hexdigest()[:32],
        collection="delivery",
        notice=NoticeRef("shop", 1, "sha256:" + "9" * 64),
        fields={
            name: FieldTrace(
                "plain" if granted else "withheld", "granted" if granted else "not-granted", "third-parties"
            )
            for name in names
        },
        written={names[0]: Ciphertext(1, "a" * 64)} if dice.random() < 0.1 else {},
        inputs={"binding": "open", "case": False},
    )
