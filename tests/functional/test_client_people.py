"""The Python client about people: consents, restriction, holds, staff, orders, sessions, requests, accounts, erasure, counts."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from app.audit.signing_key import create_signing_key
from kin_client.consents import Consent, ConsentLine
from kin_client.errors import Conflict, Denied, NotFound, Unauthenticated, VaultError
from kin_client.records import NewRecord, Stored
from kin_client.vault import Vault
from tests.support.servers import Server, server
from tests.support.vaults import SqliteStore, copied_keyring

NAME = "Trần Thị Bích"
SMS = Consent("marketing-sms", datetime(2025, 11, 22, 8, tzinfo=UTC), "checkbox", "shop/3#sms")


@pytest.fixture(scope="module")
def served(sqlite_store: SqliteStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("client-people")
    keyring, key = copied_keyring(sqlite_store, directory), directory / "audit.pem"
    create_signing_key(key)
    ledger = directory / "erasures"
    with (
        sqlite_store.copy(directory) as url,
        server(
            url, keyring, directory / "kin.log", audit_signing_key=str(key), erasure_ledger=str(ledger)
        ) as running,
    ):
        yield running


class People:
    """The callers of the prepared tenant, each with a vault of its own; and customers, who are numbered."""

    def __init__(self, served: Server, store: SqliteStore, stack: ExitStack) -> None:
        self.base_url = served.base_url
        self._store = store
        self._stack = stack

    def __call__(self, caller: str) -> Vault:
        return self._stack.enter_context(Vault(self.base_url, self._store.prepared.callers[caller].key))

    def id(self, caller: str) -> str:
        return self._store.prepared.callers[caller].id

    def stored(self, customer: str, **purposes: str) -> Stored:
        """A customer on record, with an order and whatever else they are on record for."""
        record = NewRecord(
            collection="buyer",
            customer=customer,
            fields={"full_name": NAME, "phone": "0903 123 456"},
            purposes={"order": customer, **purposes},
        )
        return self("checkout").store(record, purpose="order")


@pytest.fixture
def people(served: Server, sqlite_store: SqliteStore) -> Iterator[People]:
    with ExitStack() as stack:
        yield People(served, sqlite_store, stack)


def test_a_person_is_found_and_shown(people: People) -> None:
    stored, officer = people.stored("c-1"), people("privacy-officer")
    assert officer.find_subject("c-1").id == stored.subject
    with pytest.raises(NotFound):
        officer.find_subject("nobody")
    page = officer.subject(stored.subject)
    assert ([record.id for record in page.records], page.held) == ([stored.id], False)
    assert [(binding.purpose, binding.ref) for binding in page.bindings] == [("order", "c-1")]
    assert "c-1" not in repr(page)
    people("checkout").read(stored.id, purpose="order")
    (access,) = officer.accesses(stored.subject, page_size=1)
    assert (access.record, access.purpose, access.fields["full_name"].given) == (stored.id, "order", "plain")
    assert list(officer.recipients(stored.subject)) == []


def test_consents_are_given_imported_and_withdrawn(people: People) -> None:
    stored, officer, marketing = people.stored("c-2"), people("privacy-officer"), people("marketing")
    given = officer.give_consent(stored.subject, SMS)
    assert [binding.purpose for binding in given.opened] == ["marketing-sms"]
    assert marketing.read(stored.id, purpose="marketing-sms")["full_name"].value == NAME
    withdrawn = officer.withdraw_consent(given.id)
    assert (withdrawn.withdraws, [binding.state for binding in withdrawn.closed]) == (given.id, ["closed"])
    with pytest.raises(Conflict):
        officer.withdraw_consent(given.id)
    letter = Consent("marketing-letter", SMS.given_at, "form", "shop/3#letter")
    lines = [ConsentLine(consent=letter, customer="c-2"), ConsentLine(consent=letter, customer="nobody")]
    first, second = (people("checkout").import_consents(lines).items for _ in range(2))
    assert [isinstance(item, VaultError) or item.added for item in first + second] == [
        True,
        True,
        False,
        True,
    ]
    ended = officer.object_to(stored.subject, None)
    assert "marketing-letter" in ended.purposes
    assert len(ended.withdrawn) == 1


def test_processing_is_restricted_and_goes_on(people: People) -> None:
    stored, officer = people.stored("c-3"), people("privacy-officer")
    assert officer.restrict(stored.subject, reason="khách hàng yêu cầu").restricted
    with pytest.raises(Denied):
        people("checkout").read(stored.id, purpose="order")
    standing = officer.subject(stored.subject).restriction
    assert standing is not None
    assert (standing.reason, "yêu cầu" in repr(standing)) == ("khách hàng yêu cầu", False)
    assert not officer.lift_restriction(stored.subject).restricted
    people("checkout").read(stored.id, purpose="order")


def test_holds_and_assignments(people: People) -> None:
    care = people.stored("c-4", **{"customer-care": "ticket-1"})
    legal, officer, support = people("legal"), people("privacy-officer"), people("support")
    hold = legal.place_hold(care.subject, case="court/1", reason="tranh chấp")
    assert officer.subject(care.subject).held
    assert legal.release_hold(hold.id).state == "released"
    until = datetime.now(UTC) + timedelta(hours=1)
    made = officer.assign(people.id("support"), care.subject, until=until, case="ticket-1")
    read = support.read(care.id, purpose="customer-care", case="ticket-1")
    assert (made.case, read["phone"].form) == ("ticket-1", "plain")
    assert officer.end_assignments(people.id("support"), care.subject).ended == 1
    assert support.read(care.id, purpose="customer-care", case="ticket-1")["phone"].form == "masked"


def test_a_second_person_approves_a_disclosure(people: People) -> None:
    stored, legal, officer = people.stored("c-5"), people("legal"), people("privacy-officer")
    asked = legal.request_order(
        purpose="authority-request",
        case="police/1",
        subjects=[stored.subject],
        fields=["buyer.full_name"],
        expires_in=timedelta(days=2),
    )
    assert asked.id in {order.id for order in officer.list_orders("pending", page_size=1)}
    assert officer.approve_order(asked.id).state == "approved"
    with pytest.raises(Conflict):
        officer.reject_order(asked.id)
    read = legal.read(stored.id, purpose="authority-request", case="police/1", order=asked.id)
    assert read["full_name"].value == NAME


def test_a_customer_signs_in_and_out(people: People) -> None:
    stored, officer = people.stored("c-6"), people("privacy-officer")
    session = officer.start_session(stored.subject, expires_in=timedelta(minutes=5))
    assert session.credential not in repr(session)
    with Vault(people.base_url, session.credential) as own:
        assert own.read(stored.id, purpose="subject-request")["full_name"].value == NAME
        assert own.subject(stored.subject).holds is None
        assert own.sign_out().ended == 1
        with pytest.raises(Unauthenticated):
            own.subject(stored.subject)
    assert officer.end_sessions(stored.subject).ended == 0


def test_a_request_is_followed_to_its_end(people: People) -> None:
    stored, officer = people.stored("c-7"), people("privacy-officer")
    opened = officer.open_request(stored.subject, "erasure", words="xin xoá dữ liệu của tôi")
    assert opened.due_at > opened.received_at
    assert list((officer.request(opened.id).words or {}).values()) == ["xin xoá dữ liệu của tôi"]
    assert opened.words is None
    assert officer.acknowledge_request(opened.id).acknowledged_at is not None
    assert officer.extend_request(opened.id, reason="cần đối chiếu").due_at > opened.due_at
    assert opened.id in {one.id for one in officer.list_requests(state="open", subject=stored.subject)}
    certificate = officer.erase(stored.subject)
    assert (certificate.subject, certificate.key_destroyed) == (stored.subject, True)
    assert set(certificate.records[0].erased) == {"full_name", "phone"}
    assert officer.certificate(certificate.id).note == certificate.note
    with pytest.raises(NotFound):
        people("checkout").read(stored.id, purpose="order")
    other = officer.open_request(people.stored("c-8").subject, "access")
    assert officer.refuse_request(other.id, reason="không xác minh được").state == "refused"


def test_a_person_gets_their_account(people: People) -> None:
    stored, officer = people.stored("c-9"), people("privacy-officer")
    asked = officer.open_request(stored.subject, "access")
    (account,) = officer.export_subject(stored.subject, purpose="subject-request", case="request/9")
    assert (account.subject, account.records[0]["id"]) == (stored.subject, stored.id)
    assert NAME not in repr(account)
    page = officer.export_page(stored.subject, purpose="subject-request", case="request/9")
    assert NAME in page
    assert officer.complete_request(asked.id).ended_at is not None


def test_what_falls_due_and_how_many_there_are(people: People) -> None:
    stored, officer = people.stored("c-10"), people("privacy-officer")
    people("checkout").close_bindings(purpose="order", ref="c-10", reason="delivered")
    later = datetime.now(UTC) + timedelta(days=3 * 365)
    due = {one.record: one for one in officer.due_erasures(later, page_size=1)}
    assert due[stored.id].fields["phone"].purpose == "order"
    counted = people("research").count_people("buyer", ["gender"], purpose="market-research")
    assert (counted.groups, counted.by) == ((), ("gender",))
