"""The use cases on people: built here, so that `parts` stays readable."""

from dataclasses import dataclass

from app.approvals.decide import OrderDecider
from app.approvals.store import OrderStore
from app.audit.log import AuditLog
from app.audit.query import AuditQuery
from app.identity.session import SessionKeeper
from app.identity.session_store import SessionStore
from app.kernel.clock import Clock
from app.keys.keyring import TenantKeyring
from app.notice.active import ActiveNotices
from app.storage.engine import Database
from app.subjects.assign import Assigner
from app.subjects.assignment_store import AssignmentStore
from app.subjects.hold_store import HoldStore
from app.subjects.place_hold import HoldKeeper
from app.subjects.restrict import Restrictor
from app.subjects.store import SubjectStore
from app.vault.describe_subject import SubjectDescriber
from app.vault.find_subject import SubjectFinder
from app.vault.give_consent import ConsentKeeper
from app.vault.import_consents import ConsentImporter
from app.vault.open_binding import BindingKeeper
from app.vault.record_list import RecordList
from app.vault.request_order import OrderRequester
from app.vault.store import VaultStore


@dataclass(frozen=True, slots=True)
class People:
    """What the doors use to carry out what concerns a person as a whole."""

    describer: SubjectDescriber
    consents: ConsentKeeper
    consent_importer: ConsentImporter
    bindings: BindingKeeper
    restrictor: Restrictor
    holds: HoldKeeper
    assigner: Assigner
    order_requester: OrderRequester
    order_decider: OrderDecider
    orders: OrderStore
    sessions: SessionKeeper


def build_people(
    database: Database,
    subjects: SubjectStore,
    records: VaultStore,
    finder: SubjectFinder,
    notices: ActiveNotices,
    keyring: TenantKeyring,
    audit: AuditLog,
    log: AuditQuery,
    clock: Clock,
) -> People:
    """The use cases over the parts that they share with others."""
    holds, assignments, orders = HoldStore(database), AssignmentStore(database), OrderStore(database)
    heads = RecordList(database)
    consents = ConsentKeeper(database, subjects, heads, finder, notices, audit, clock)
    return People(
        describer=SubjectDescriber(subjects, heads, holds, assignments, finder, notices, audit, log, clock),
        consents=consents,
        consent_importer=ConsentImporter(finder, consents),
        bindings=BindingKeeper(database, subjects, records, heads, finder, notices, keyring, audit, clock),
        restrictor=Restrictor(database, subjects, finder.person, audit, clock),
        holds=HoldKeeper(database, subjects, holds, finder.person, audit, clock),
        assigner=Assigner(database, subjects, assignments, finder.person, audit, clock),
        order_requester=OrderRequester(database, orders, subjects, finder, notices, audit, clock),
        order_decider=OrderDecider(database, orders, finder.people, audit, clock),
        orders=orders,
        sessions=SessionKeeper(database, SessionStore(database), finder.person, audit, clock),
    )
