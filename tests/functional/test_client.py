"""The Python client against a served vault: what it sends is understood, and it understands what comes back."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from datetime import timedelta

import pytest

from kin_client.async_vault import AsyncVault
from kin_client.audit import EventFilter
from kin_client.errors import (
    Denied,
    Invalid,
    NotCovered,
    NotFound,
    NotPermitted,
    PreconditionFailed,
    Unauthenticated,
    VaultError,
)
from kin_client.records import NewRecord
from kin_client.vault import Vault
from tests.support.servers import Server, server
from tests.support.source import ROOT
from tests.support.vaults import SqliteStore, copied_keyring

NAME, PHONE = "Trần Thị Bích", "0903 123 456"
ADDRESS = {"lines": ["12 Nguyễn Huệ"], "province": "Thành phố Hồ Chí Minh", "country": "VN"}


@pytest.fixture(scope="module")
def served(sqlite_store: SqliteStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory = tmp_path_factory.mktemp("client")
    keyring = copied_keyring(sqlite_store, directory)
    with sqlite_store.copy(directory) as url, server(url, keyring, directory / "kin.log") as running:
        yield running


class Callers:
    """The callers of the prepared tenant, each with a vault of its own."""

    def __init__(self, served: Server, store: SqliteStore, stack: ExitStack) -> None:
        self._served = served
        self._store = store
        self._stack = stack

    def __call__(self, caller: str) -> Vault:
        return self._stack.enter_context(
            Vault(self._served.base_url, self._store.prepared.callers[caller].key)
        )

    def id(self, caller: str) -> str:
        return self._store.prepared.callers[caller].id


@pytest.fixture
def callers(served: Server, sqlite_store: SqliteStore) -> Iterator[Callers]:
    with ExitStack() as stack:
        yield Callers(served, sqlite_store, stack)


def buyer(customer: str, **fields: str) -> NewRecord:
    return NewRecord(
        collection="buyer",
        customer=customer,
        fields={"full_name": NAME, **fields},
        purposes={"order": f"order-of-{customer}"},
    )


def parcel(customer: str) -> NewRecord:
    return NewRecord(
        collection="delivery",
        customer=customer,
        fields={"recipient": NAME, "phone": PHONE, "address": ADDRESS},
        purposes={"order": f"order-of-{customer}", "delivery": f"order-of-{customer}"},
    )


def test_a_record_is_stored_and_read_in_the_forms_of_the_notice(callers: Callers) -> None:
    stored = callers("checkout").store(parcel("c-1"), purpose="order")
    assert (stored.fields, stored.version) == (("address", "phone", "recipient"), 1)
    assert {binding.purpose for binding in stored.bindings} == {"order", "delivery"}
    label = callers("shipping").read(stored.id, purpose="delivery", recipient=callers.id("carrier"))
    assert label["recipient"].value == NAME
    assert label["phone"].value == "+84 90••• ••56"
    assert (label["address"].form, label["note"].reason) == ("token", "not-granted")
    assert label.receipt.notice is not None
    assert label.receipt.clauses["address"] == "third-parties"
    assert callers("shipping").read(stored.id, purpose="delivery", fields=["phone"]).fields.keys() == {
        "phone"
    }


def test_refusals_come_as_their_classes(callers: Callers, served: Server) -> None:
    checkout = callers("checkout")
    stored = checkout.store(buyer("c-2"), purpose="order")
    with pytest.raises(Denied) as denied:
        callers("marketing").read(stored.id, purpose="marketing-sms")
    assert set(denied.value.reasons.values()) == {"purpose-not-open", "not-granted"}
    assert (denied.value.event or "").startswith("evt_")
    with pytest.raises(NotFound):
        checkout.read(f"rec_{'0' * 26}", purpose="order")
    with pytest.raises(Invalid) as invalid:
        checkout.store(buyer("c-2", phone="12"), purpose="order")
    assert [error.pointer for error in invalid.value.errors] == ["/fields/phone"]
    with pytest.raises(NotCovered):
        checkout.store(buyer("c-2", birth_date="1990-01-02"), purpose="order")
    with pytest.raises(NotPermitted):
        next(checkout.audit_events())
    with Vault(served.base_url, "kin_shop_nobody") as nobody, pytest.raises(Unauthenticated):
        nobody.read(stored.id, purpose="order")


def test_many_are_stored_and_read_each_for_itself(callers: Callers) -> None:
    checkout = callers("checkout")
    given = [buyer(f"many-{n}", **({"phone": "12"} if n == 3 else {})) for n in range(1050)]
    stored = checkout.store_many(given, purpose="order")
    assert [n for n, item in enumerate(stored.items) if isinstance(item, VaultError)] == [3]
    assert isinstance(stored.items[3], Invalid)
    ids = [item.id for item in stored.items if not isinstance(item, VaultError)]
    read = checkout.read_many([*ids, f"rec_{'0' * 26}"], purpose="order", fields=["full_name"])
    assert [item["full_name"].value for item in read.items[:-1] if not isinstance(item, VaultError)] == [
        NAME
    ] * 1049
    assert isinstance(read.items[-1], NotFound)
    assert len(read.receipts) == 2


def test_a_record_is_found_by_its_telephone_number(callers: Callers) -> None:
    checkout = callers("checkout")
    stored = checkout.store(buyer("c-4", phone="0912 345 678"), purpose="order")
    found = checkout.search("buyer", "phone", "+84912345678", purpose="order", fields=["full_name"])
    assert [item.id for item in found.items] == [stored.id]
    assert found.more is False
    with pytest.raises(Denied):
        callers("compliance").search("buyer", "phone", "+84912345678", purpose="order")


def test_the_readme_is_true(served: Server, sqlite_store: SqliteStore) -> None:
    """Its programs run, and each expression with a comment has the value that the comment shows."""
    text = (ROOT / "client/README.md").read_text()
    program = "".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    for words, given in {
        "https://vault.example": served.base_url,
        "key of the checkout": sqlite_store.prepared.callers["checkout"].key,
        "key of shipping": sqlite_store.prepared.callers["shipping"].key,
    }.items():
        program = program.replace(words, given)
    program = re.sub(r"^( *)(\S.*?) +# (.*)$", _recorded, program, flags=re.MULTILINE)
    seen: list[tuple[object, str]] = []
    names: dict[str, object] = {"seen": seen}
    try:
        exec(compile(program, "README.md", "exec"), names)
    finally:
        for vault in (value for value in names.values() if isinstance(value, Vault)):
            vault.close()
    assert len(seen) == 7
    for value, comment in seen:
        if comment.endswith("evt_…"):
            assert str(value).startswith("evt_")
        else:
            assert repr(value) == comment


def _recorded(line: re.Match[str]) -> str:
    return f"{line[1]}seen.append(({line[2]}, {line[3]!r}))"


def test_a_record_is_changed_from_the_version_that_was_read(callers: Callers) -> None:
    checkout = callers("checkout")
    stored = checkout.store(buyer("c-9", phone=PHONE), purpose="order")
    changed = checkout.change(
        stored.id, {"phone": None, "email": "b@example.com"}, etag=stored.etag, purpose="order"
    )
    assert (changed.version, changed.fields) == (2, ("email", "full_name"))
    with pytest.raises(PreconditionFailed):
        checkout.change(stored.id, {"phone": PHONE}, etag=stored.etag, purpose="order")
    assert checkout.read(stored.id, purpose="order").etag == changed.etag
    with pytest.raises(PreconditionFailed):
        checkout.delete(stored.id, etag=stored.etag, purpose="order")
    checkout.delete(stored.id, etag=changed.etag, purpose="order")
    with pytest.raises(NotFound):
        checkout.read(stored.id, purpose="order")


def test_a_password_is_checked_and_never_read(callers: Callers) -> None:
    checkout = callers("checkout")
    account = NewRecord(
        collection="account",
        customer="c-10",
        fields={"username": "bich", "password": "correct horse battery"},
        purposes={"account": None},
    )
    stored = checkout.store(account, purpose="account")
    right = checkout.verify(stored.id, "password", "correct horse battery", purpose="account")
    assert right.matches
    assert right.receipt.clauses == {"password": "account"}
    assert not checkout.verify(stored.id, "password", "correct horse", purpose="account").matches
    assert checkout.read(stored.id, purpose="account")["password"].value is None


def test_tokens_go_to_their_recipient_until_they_are_used_or_revoked(callers: Callers) -> None:
    stored = callers("checkout").store(parcel("c-5"), purpose="order")
    shipping, carrier = callers("shipping"), callers("carrier")
    (issued,) = shipping.issue_tokens(
        stored.id,
        ["address"],
        purpose="delivery",
        recipient=callers.id("carrier"),
        expires_in=timedelta(hours=30),
        uses=1,
    ).items
    assert issued.token is not None
    assert [(t.field, t.uses) for t in shipping.list_tokens(stored.id)] == [("address", 1)]
    (stranger,) = callers("carrier-2").resolve_tokens([issued.token], purpose="delivery").items
    assert isinstance(stranger, NotFound)
    (resolved,) = carrier.resolve_tokens([issued.token], purpose="delivery").results()
    assert (resolved.collection, resolved.field, resolved.form) == ("delivery", "address", "plain")
    assert resolved.value == ADDRESS
    assert isinstance(carrier.resolve_tokens([issued.token], purpose="delivery").items[0], NotFound)

    again = shipping.read(stored.id, purpose="delivery")["address"].value
    assert shipping.revoke_tokens(tokens=[again]).revoked == 1
    assert isinstance(carrier.resolve_tokens([again], purpose="delivery").items[0], NotFound)
    assert shipping.revoke_tokens(record=stored.id).revoked == 0


def test_a_purpose_is_opened_and_closed(callers: Callers) -> None:
    checkout, desk = callers("checkout"), callers("order-desk")
    stored = checkout.store(buyer("c-11"), purpose="order")
    with pytest.raises(Denied):
        desk.read(stored.id, purpose="order-notice")
    opened = desk.open_binding(stored.id, purpose="order-notice", ref="order-11")
    assert (opened.record, opened.purpose, opened.state) == (stored.id, "order-notice", "open")
    assert desk.read(stored.id, purpose="order-notice")["full_name"].value == NAME
    closed = desk.close_bindings(purpose="order-notice", ref="order-11", reason="delivered").closed
    assert [(binding.id, binding.state) for binding in closed] == [(opened.id, "closed")]
    with pytest.raises(Denied):
        desk.read(stored.id, purpose="order-notice")
    (order,) = stored.bindings
    assert [binding.id for binding in desk.close_binding(order.id, reason="returned").closed] == [order.id]


def test_compliance_walks_through_the_log(callers: Callers) -> None:
    stored = callers("checkout").store(buyer("c-6"), purpose="order")
    compliance = callers("compliance")
    where = EventFilter(subject=stored.subject)
    (event,) = compliance.audit_events(where)
    assert (event.id, event.action, event.roles) == (stored.receipt.event, "record.store", ("checkout",))
    assert event == compliance.audit_event(event.id)
    assert event.fields["full_name"].clause == "trade"
    assert compliance.audit_summary("outcome", where).items[0].events == 1
    own = EventFilter(caller=callers.id("compliance"))
    earlier = [compliance.audit_summary("day", own).items[0].events for _ in range(5)]
    asked = [event.id for event in compliance.audit_events(own, page_size=3)]
    assert len(asked) == len(set(asked)) > max(earlier) > 3


def test_the_notice_is_shown_checked_and_asked(callers: Callers) -> None:
    compliance = callers("compliance")
    notice = compliance.active_notice()
    assert compliance.check_notice(notice.source).fine
    broken = compliance.check_notice("[notice]\nid = 1")
    assert (broken.fine, broken.items[0].severity) == (False, "error")
    columns = {
        (column.role, column.purpose, column.channel): column for column in compliance.notice_matrix().columns
    }
    assert columns["shipping", "delivery", "direct"].cells["delivery.address"][0].form == "token"
    assert compliance.notice_matrix(notice.version) == compliance.notice_matrix()
    asked = compliance.explain(
        ["shipping"], purpose="delivery", collection="delivery", fields=["address", "note"]
    )
    assert (asked.outcome, asked.fields["address"].form) == ("partial", "token")
    assert asked.fields["note"].considered[-1].decides


def test_callers_come_and_go(callers: Callers, served: Server) -> None:
    admin = callers("admin")
    created = admin.create_caller("till-7", ["checkout"])
    first, second = admin.issue_key(created.id), admin.issue_key(created.id)
    (known,) = [caller for caller in admin.list_callers() if caller.id == created.id]
    assert {key.id for key in known.keys} == {first.id, second.id}
    with Vault(served.base_url, second.key) as till:
        till.store(buyer("c-7"), purpose="order")
    admin.revoke_key(created.id, first.id)
    admin.disable_caller(created.id)
    (known,) = [caller for caller in admin.list_callers() if caller.id == created.id]
    assert (known.state, sum(key.revoked_at is not None for key in known.keys)) == ("disabled", 1)


def test_the_vault_is_ready(callers: Callers) -> None:
    found = callers("checkout").readiness()
    assert found.ready
    assert found.parts["database"] == "ok"


@pytest.fixture
async def checkout(served: Server, sqlite_store: SqliteStore) -> AsyncIterator[AsyncVault]:
    async with AsyncExitStack() as stack:
        key = sqlite_store.prepared.callers["checkout"].key
        yield await stack.enter_async_context(AsyncVault(served.base_url, key))


async def test_the_asynchronous_vault_does_the_same(checkout: AsyncVault) -> None:
    stored = await checkout.store(buyer("c-8"), purpose="order", idempotency_key="order-8")
    read = await checkout.read(stored.id, purpose="order")
    assert read["full_name"].value == NAME
    with pytest.raises(Denied):
        await checkout.read(stored.id, purpose="sale")
