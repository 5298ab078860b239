"""The use cases of what a person asks for: requests with deadlines, and the account of what is held."""

from dataclasses import dataclass, replace

from app.audit.log import AuditLog
from app.identity.store import IdentityStore
from app.kernel.clock import Clock
from app.kernel.duration import Duration
from app.notice.active import ActiveNotices
from app.rights.deadline import PROFILES, Deadlines, RequestKind, Term
from app.rights.handle_request import RequestDesk
from app.rights.request_store import RequestStore
from app.rights.store import CertificateStore
from app.rights.subject_access import SubjectAccess
from app.rights.working_days import Calendar
from app.settings.deadlines import DeadlineSettings, TermSettings
from app.settings.settings import Settings
from app.storage.engine import Database
from app.subjects.store import SubjectStore
from app.vault.describe_subject import SubjectDescriber
from app.vault.disclose import Discloser
from app.vault.find_subject import SubjectFinder
from app.vault.record_list import RecordList


@dataclass(frozen=True, slots=True)
class PersonRequests:
    """What the doors use."""

    desk: RequestDesk
    access: SubjectAccess


def build_requests(
    settings: Settings,
    database: Database,
    subjects: SubjectStore,
    finder: SubjectFinder,
    identity: IdentityStore,
    describer: SubjectDescriber,
    discloser: Discloser,
    notices: ActiveNotices,
    audit: AuditLog,
    clock: Clock,
) -> PersonRequests:
    """The use cases over the parts that they share with others."""
    deadlines = deadlines_of(settings.deadlines)
    return PersonRequests(
        RequestDesk(
            database,
            RequestStore(database),
            CertificateStore(database),
            subjects,
            finder,
            deadlines,
            audit,
            clock,
        ),
        SubjectAccess(
            describer, RecordList(database), discloser, finder, identity, notices, deadlines, audit, clock
        ),
    )


def deadlines_of(settings: DeadlineSettings) -> Deadlines:
    """The terms in force: the profile's, with what the operator wrote over it."""
    base = PROFILES[settings.profile]
    given = {RequestKind(name): term for name, term in settings.terms.items()}
    return Deadlines(
        settings.acknowledge_working_days or base.acknowledge,
        {kind: _term(term, given.get(kind)) for kind, term in base.terms.items()},
        Calendar(settings.days_off, settings.working_days),
    )


def _term(base: Term, given: TermSettings | None) -> Term:
    if given is None:
        return base
    written = {name: Duration.parse(text) for name, text in given.model_dump(exclude_none=True).items()}
    return replace(base, **written)
