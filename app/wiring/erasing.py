"""The use cases of erasure: built here, so that `parts` stays readable."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.approvals.store import OrderStore
from app.audit.log import AuditLog
from app.audit.query import AuditQuery
from app.identity.session_store import SessionStore
from app.kernel.clock import Clock
from app.kernel.errors import VaultError
from app.notice.active import ActiveNotices
from app.rights.erase import Eraser
from app.rights.ledger import Ledger
from app.rights.person_rows import PersonRows
from app.rights.replay import Replayer
from app.rights.store import CertificateStore
from app.settings.settings import Settings
from app.storage.engine import Database
from app.subjects.assignment_store import AssignmentStore
from app.subjects.store import SubjectStore
from app.vault.change_store import ChangeStore
from app.vault.find_subject import SubjectFinder
from app.wiring.audit_tree import AuditTree


@dataclass(frozen=True, slots=True)
class Erasing:
    """What erases, what keeps the ledger of it, and what replays one."""

    eraser: Eraser
    ledger: Ledger
    replayer: Replayer
    tenants: Callable[[], Awaitable[Sequence[str]]]
    trouble: str | None

    async def begin(self, report: Callable[[Exception], None]) -> None:
        """Before anything is served: what a stopped process left unwritten is written; `report` is told when it cannot be."""
        await self.catch_up(report)

    async def catch_up(self, report: Callable[[Exception], None]) -> None:
        """Writes to the ledger what is not in it yet."""
        try:
            for tenant in await self.tenants():
                await self.ledger.catch_up(tenant)
        except VaultError as error:
            report(error)


def build_erasing(
    settings: Settings,
    database: Database,
    subjects: SubjectStore,
    records: ChangeStore,
    finder: SubjectFinder,
    notices: ActiveNotices,
    audit: AuditLog,
    log: AuditQuery,
    tree: AuditTree,
    tenants: Callable[[], Awaitable[Sequence[str]]],
    clock: Clock,
) -> Erasing:
    """The use cases over the parts that they share with others."""
    rows = PersonRows(
        subjects, records, SessionStore(database), AssignmentStore(database), OrderStore(database)
    )
    certificates = CertificateStore(database)
    ledger = Ledger(settings.erasure_ledger, certificates, clock)
    eraser = Eraser(
        database, rows, certificates, ledger, finder, notices, audit, log, tree.store, tree.signing, clock
    )
    replayer = Replayer(database, rows, certificates, finder, notices, audit, tenants, clock)
    trouble = None if settings.erasure_ledger else "no-ledger"
    return Erasing(eraser, ledger, replayer, tenants, "no-key" if tree.signing is None else trouble)
