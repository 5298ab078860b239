"""Settings become the running parts: built once, handed to the doors. Nothing else constructs a use case."""

from collections.abc import Callable
from dataclasses import dataclass

from app.approvals.store import OrderStore
from app.audit.facet_store import FacetStore
from app.audit.log import AuditLog
from app.audit.query import AuditQuery
from app.audit.store import AuditStore
from app.identity.authenticate import Authenticator
from app.identity.issue import CallerRegistry
from app.identity.session_store import SessionStore
from app.identity.store import IdentityStore
from app.kernel.clock import Clock, SystemClock
from app.keys.keyring import TenantKeyring, UnknownTenant
from app.keys.provider import KeyProvider
from app.keys.providers.local import LocalKeyProvider
from app.keys.store import KeyStore
from app.notice.active import ActiveNotices
from app.notice.store import NoticeStore
from app.settings.settings import Mode, Settings
from app.storage.engine import Database
from app.subjects.assignment_store import AssignmentStore
from app.subjects.store import SubjectStore
from app.vault.answer import Answerer
from app.vault.budget import Budget
from app.vault.budget_store import BudgetStore
from app.vault.change_record import RecordChanger
from app.vault.change_store import ChangeStore
from app.vault.circumstances import Circumstancer
from app.vault.count_people import PeopleCounter
from app.vault.disclose import Discloser
from app.vault.fields import FieldCatalogue
from app.vault.find_subject import SubjectFinder
from app.vault.issue_token import TokenIssuer
from app.vault.judge import Judge
from app.vault.keep_answer import AnswerKeeper
from app.vault.kept_store import KeptStore
from app.vault.key_fence import KeyFence
from app.vault.manage_token import TokenManager
from app.vault.population import Population
from app.vault.recipients import Recipients
from app.vault.resolve_token import TokenResolver
from app.vault.search import Searcher
from app.vault.store import VaultStore
from app.vault.store_record import RecordStorer
from app.vault.stored_rows import StoredRows
from app.vault.verify_field import FieldVerifier
from app.vault.verify_stored import StoredVerifier
from app.vault.write_record import RecordWriter
from app.wiring.audit_tree import AuditTree, build_audit_tree
from app.wiring.erasing import Erasing, build_erasing
from app.wiring.passwords import PasswordHasher
from app.wiring.people import People, build_people
from app.wiring.requests import PersonRequests, build_requests
from app.wiring.retention import Retention, build_retention


@dataclass(frozen=True, slots=True)
class Parts:
    """What the doors use."""

    settings: Settings
    clock: Clock
    database: Database
    provider: KeyProvider
    keyring: TenantKeyring
    audit: AuditLog
    audit_query: AuditQuery
    audit_tree: AuditTree
    stored_verifier: StoredVerifier
    identity: IdentityStore
    authenticator: Authenticator
    callers: CallerRegistry
    notices: ActiveNotices
    notice_versions: NoticeStore
    subjects: SubjectFinder
    people: People
    erasing: Erasing
    retention: Retention
    requests: PersonRequests
    storer: RecordStorer
    discloser: Discloser
    budget: Budget
    people_counter: PeopleCounter
    answers: AnswerKeeper
    key_fence: KeyFence
    changer: RecordChanger
    verifier: FieldVerifier
    searcher: Searcher
    tokens: TokenManager
    resolver: TokenResolver
    passwords: PasswordHasher


def build(
    settings: Settings,
    *,
    observe_commit: Callable[[int], None] = lambda _: None,
    clock: Clock | None = None,
) -> Parts:
    """All parts, nothing opened yet; `KeyringRefused` or `InvalidDatabaseURL` when a setting cannot be used."""
    clock = clock or SystemClock()
    database = Database(
        settings.database_url,
        pool_size=settings.database_pool,
        hot_pool_size=settings.database_hot_pool,
        patience=settings.database_patience,
    )
    provider = LocalKeyProvider.load(settings.keyring, production=settings.mode is Mode.PRODUCTION)
    keyring = TenantKeyring(provider, KeyStore(database), clock)
    audit_store = AuditStore(database)
    kept = KeptStore(database)
    fence = KeyFence(kept)
    audit = AuditLog(audit_store, observe_commit, fence.prove)
    identity = IdentityStore(database)

    async def digest_key(tenant: str) -> bytes | None:
        try:
            return (await keyring.tenant(tenant)).api_keys
        except UnknownTenant:
            return None

    authenticator = Authenticator(
        identity,
        SessionStore(database),
        digest_key,
        audit,
        clock,
        home_tenant=settings.home_tenant,
        remember_seconds=settings.authentication_seconds,
    )
    notice_versions = NoticeStore(database)
    notices = ActiveNotices(notice_versions)
    catalogue = FieldCatalogue()
    vault_store = VaultStore(database)
    subjects = SubjectStore(database)
    finder = SubjectFinder(subjects, keyring)
    audit_query = AuditQuery(audit_store, FacetStore(database))
    passwords = PasswordHasher()
    judge = Judge(
        catalogue, keyring, Circumstancer(AssignmentStore(database), OrderStore(database), clock), clock
    )
    answers = AnswerKeeper(database, kept, subjects, keyring, audit_query, clock)
    writer = RecordWriter(database, vault_store, subjects, catalogue, keyring, answers, audit, clock)
    budget = Budget(
        database,
        BudgetStore(),
        audit,
        clock,
        people=settings.people_per_hour,
        searches=settings.searches_per_hour,
        statistics=settings.statistics_per_hour,
    )
    answerer = Answerer(database, TokenIssuer(vault_store, keyring, clock), budget, audit)
    recipients = Recipients(identity)
    changes = ChangeStore()
    people = build_people(
        database, subjects, vault_store, finder, notices, keyring, audit, audit_query, clock
    )
    discloser = Discloser(vault_store, notices, recipients, judge, answerer)
    audit_tree = build_audit_tree(settings, database, audit, clock, identity.tenants)
    erasing = build_erasing(
        settings,
        database,
        subjects,
        changes,
        finder,
        notices,
        audit,
        audit_query,
        audit_tree,
        identity.tenants,
        clock,
    )
    return Parts(
        settings=settings,
        clock=clock,
        database=database,
        provider=provider,
        keyring=keyring,
        audit=audit,
        audit_query=audit_query,
        audit_tree=audit_tree,
        stored_verifier=StoredVerifier(StoredRows(database), keyring, audit_query),
        identity=identity,
        authenticator=authenticator,
        callers=CallerRegistry(database, identity, digest_key, audit, authenticator, clock),
        notices=notices,
        notice_versions=notice_versions,
        subjects=finder,
        erasing=erasing,
        retention=build_retention(
            database, subjects, notices, notice_versions, erasing.eraser, audit, audit_query, clock
        ),
        people=people,
        requests=build_requests(
            settings, database, subjects, finder, identity, people.describer, discloser, notices, audit, clock
        ),
        storer=RecordStorer(notices, catalogue, writer, audit, clock, passwords.hash),
        discloser=discloser,
        budget=budget,
        people_counter=PeopleCounter(
            Population(database),
            vault_store,
            notices,
            judge,
            budget,
            audit,
            clock,
            threshold=settings.statistics_threshold,
        ),
        answers=answers,
        key_fence=fence,
        changer=RecordChanger(
            database,
            vault_store,
            changes,
            subjects,
            notices,
            catalogue,
            keyring,
            judge,
            audit,
            clock,
            passwords.hash,
        ),
        verifier=FieldVerifier(
            database,
            vault_store,
            changes,
            notices,
            catalogue,
            judge,
            audit,
            clock,
            passwords.verify,
            passwords.renewed,
        ),
        searcher=Searcher(
            vault_store, notices, catalogue, keyring, judge, answerer, recipients, budget, audit, clock
        ),
        tokens=TokenManager(
            database, vault_store, notices, keyring, recipients, judge, answerer, audit, clock
        ),
        resolver=TokenResolver(database, vault_store, notices, keyring, judge, budget, audit, clock),
        passwords=passwords,
    )
