"""A process to kill: it appends events, sequences, signs and publishes at once, and prints the ids that were acknowledged.

`python -m tests.support.log_process URL SIGNING_KEY CHECKPOINT_FILE`
"""

import asyncio
import sys
from pathlib import Path

from app.audit.keep import LogKeeper
from app.audit.log import AuditLog
from app.audit.note import VerifierKey
from app.audit.publish import CheckpointFile, Publishing
from app.audit.sequence import Sequencer
from app.audit.signing_key import load_signing_key
from app.audit.store import AuditStore
from app.audit.tree_store import TreeStore
from app.kernel.clock import SystemClock
from app.storage.engine import Database
from tests.support.logs import ORIGIN, invented
from tests.support.vaults import TENANT


async def _append(log: AuditLog) -> None:
    while True:
        for event in invented(50, seed=len(asyncio.all_tasks())):
            receipt = await log.append(event)
            print(receipt.event.id.hex, flush=True)


async def _tenants() -> list[str]:
    return [TENANT]


async def main(url: str, key: Path, checkpoints: Path) -> None:
    """Works until it is killed."""
    database = Database(url)
    await database.open()
    tree, signing = TreeStore(database), load_signing_key(key, ORIGIN)
    file = CheckpointFile(checkpoints, tree)

    async def key_of(tenant: str) -> VerifierKey:
        return signing.signer(tenant).key

    publishing = Publishing([file], key_of)
    sequencer = Sequencer(database, tree, SystemClock(), signing.signer, publishing.known, largest_batch=40)
    keeper = LogKeeper(sequencer, publishing, _tenants)
    log = AuditLog(AuditStore(database), lambda _: None)

    def report(error: Exception) -> None:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)

    await asyncio.gather(keeper.run(report), *(_append(log) for _ in range(4)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
