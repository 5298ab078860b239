"""The use cases of the clock: looking ahead, the sweep, and removing what is past."""

from dataclasses import dataclass

from app.audit.log import AuditLog
from app.audit.query import AuditQuery
from app.kernel.clock import Clock
from app.notice.active import ActiveNotices
from app.notice.store import NoticeStore
from app.retention.find_due import DueFinder
from app.retention.preview import Previewer
from app.retention.store import DueStore
from app.retention.sweep import Sweeper
from app.rights.erase import Eraser
from app.storage.engine import Database
from app.subjects.store import SubjectStore
from app.vault.purge import Purger
from app.vault.record_list import RecordList


@dataclass(frozen=True, slots=True)
class Retention:
    """What the doors and the worker use."""

    previewer: Previewer
    sweeper: Sweeper
    purger: Purger


def build_retention(
    database: Database,
    people: SubjectStore,
    notices: ActiveNotices,
    versions: NoticeStore,
    eraser: Eraser,
    audit: AuditLog,
    log: AuditQuery,
    clock: Clock,
) -> Retention:
    """The use cases over the parts that they share with others."""
    finder = DueFinder(DueStore(database), RecordList(database), people, notices, versions)
    return Retention(
        Previewer(finder, audit), Sweeper(finder, eraser, log, audit, clock), Purger(database, clock)
    )
