"""The blocking and the asynchronous vault: the same methods, the same behaviour, nothing shown that should not be."""

import inspect
import json
import typing
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from kin_client.async_vault import AsyncVault
from kin_client.audit import EventFilter
from kin_client.consents import Consent
from kin_client.errors import Unavailable, Unexpected
from kin_client.records import NewRecord
from kin_client.retry import Retries
from kin_client.vault import Vault

NAME = "Nguyễn Văn An"
RECORD, SUBJECT, CALLER, EVENT, BINDING, KEY = (
    f"{prefix}_{'0' * 26}" for prefix in ("rec", "sub", "clr", "evt", "bnd", "key")
)
RECEIPT: dict[str, Any] = {
    "event": EVENT,
    "outcome": "allowed",
    "clauses": {},
    "notice": None,
    "signature": "of a later vault",
}
DISCLOSED = {
    "id": RECORD,
    "subject": SUBJECT,
    "collection": "buyer",
    "version": 3,
    "fields": {"full_name": {"form": "plain", "value": NAME, "later": 1}, "email": {"form": "withheld"}},
    "receipt": RECEIPT,
    "later": True,
}
METHODS = sorted(
    name
    for name, member in vars(Vault).items()
    if inspect.isfunction(member) and not name.startswith("_") and name not in {"carry_out", "close"}
)
Handler = Callable[[httpx.Request], httpx.Response]


def answering(document: Any, seen: list[httpx.Request] | None = None) -> Handler:
    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return httpx.Response(200, json=document)

    return handle


def vault(handler: Handler, **options: Any) -> Vault:
    return Vault("http://vault.test", "kin_key", transport=httpx.MockTransport(handler), **options)


def async_vault(handler: Handler, **options: Any) -> AsyncVault:
    return AsyncVault("http://vault.test", "kin_key", transport=httpx.MockTransport(handler), **options)


def test_both_vaults_have_the_same_methods_with_the_same_arguments() -> None:
    assert {"store", "read_many", "resolve_tokens", "audit_events", "readiness"} <= set(METHODS)
    assert set(METHODS) - vars(AsyncVault).keys() == set()
    for name in METHODS:
        one, other = inspect.signature(getattr(Vault, name)), inspect.signature(getattr(AsyncVault, name))
        assert one.parameters == other.parameters, name
        assert getattr(Vault, name).__doc__ == getattr(AsyncVault, name).__doc__, name


def test_a_method_tells_what_it_takes_and_gives() -> None:
    assert str(inspect.signature(Vault.verify)).startswith(
        "(self, /, record: str, field: str, value: str, *, "
    )
    assert inspect.signature(Vault.list_tokens).return_annotation.__name__ == "tuple"
    assert typing.get_origin(inspect.signature(Vault.audit_events).return_annotation) is Iterator
    assert (Vault.read.__name__, Vault.read.__doc__ or "")[0] == "read"


@pytest.mark.parametrize(
    "name",
    [
        "store",
        "store_many",
        "read",
        "read_many",
        "search",
        "verify",
        "change",
        "delete",
        "issue_tokens",
        "resolve_tokens",
        "open_binding",
        "request_order",
        "export_subject",
        "export_page",
        "count_people",
    ],
)
def test_a_call_that_touches_data_cannot_forget_its_purpose(name: str) -> None:
    purpose = inspect.signature(getattr(Vault, name)).parameters["purpose"]
    assert purpose.kind is inspect.Parameter.KEYWORD_ONLY
    assert purpose.default is inspect.Parameter.empty


CALLS: list[tuple[Callable[[Any], Any], str, str, dict[str, str], Any]] = [
    (
        lambda v: v.read(RECORD, purpose="delivery", fields=["a", "b"], form="masked", recipient=CALLER),
        "GET",
        f"/v1/records/{RECORD}?fields=a%2Cb&form=masked&recipient={CALLER}",
        {"vault-purpose": "delivery"},
        None,
    ),
    (
        lambda v: v.read(RECORD, purpose="legal-claim", case="case/7", order=f"ord_{'0' * 26}"),
        "GET",
        f"/v1/records/{RECORD}",
        {"vault-purpose": "legal-claim", "vault-case": "case/7", "vault-order": f"ord_{'0' * 26}"},
        None,
    ),
    (
        lambda v: v.search("buyer", "phone", "0903123456", purpose="order", fields=["phone"]),
        "POST",
        "/v1/records/search",
        {"vault-purpose": "order", "content-type": "application/json"},
        {"collection": "buyer", "field": "phone", "equals": "0903123456", "fields": ["phone"], "limit": 100},
    ),
    (
        lambda v: v.search("buyer", "full_name", prefix="Ng", purpose="order", limit=5, form="masked"),
        "POST",
        "/v1/records/search",
        {"vault-purpose": "order"},
        {"collection": "buyer", "field": "full_name", "prefix": "Ng", "form": "masked", "limit": 5},
    ),
    (
        lambda v: v.verify(RECORD, "password", "secret", purpose="account"),
        "POST",
        f"/v1/records/{RECORD}/verify",
        {"vault-purpose": "account"},
        {"field": "password", "value": "secret"},
    ),
    (
        lambda v: v.change(
            RECORD, {"note": None, "born": date(1990, 1, 2)}, etag='"3"', purpose="order", case="c"
        ),
        "PATCH",
        f"/v1/records/{RECORD}",
        {"vault-purpose": "order", "vault-case": "c", "if-match": '"3"'},
        {"fields": {"note": None, "born": "1990-01-02"}},
    ),
    (
        lambda v: v.delete(RECORD, purpose="order", etag='"3"'),
        "DELETE",
        f"/v1/records/{RECORD}",
        {"vault-purpose": "order", "if-match": '"3"'},
        None,
    ),
    (
        lambda v: v.issue_tokens(
            RECORD, ["address"], purpose="delivery", recipient=CALLER, expires_in=timedelta(days=1.5), uses=1
        ),
        "POST",
        "/v1/tokens",
        {"vault-purpose": "delivery"},
        {
            "record": RECORD,
            "fields": ["address"],
            "purpose": "delivery",
            "recipient": CALLER,
            "expires_in": "P1DT12H",
            "uses": 1,
        },
    ),
    (
        lambda v: v.resolve_tokens(["tok_1"], purpose="delivery"),
        "POST",
        "/v1/tokens/resolve",
        {"vault-purpose": "delivery"},
        {"tokens": ["tok_1"]},
    ),
    (lambda v: v.revoke_tokens(tokens=["tok_1"]), "POST", "/v1/tokens/revoke", {}, {"tokens": ["tok_1"]}),
    (lambda v: v.revoke_tokens(record=RECORD), "POST", "/v1/tokens/revoke", {}, {"record": RECORD}),
    (lambda v: v.list_tokens(RECORD), "GET", f"/v1/tokens?record={RECORD}", {}, None),
    (
        lambda v: v.open_binding(RECORD, purpose="delivery", ref="order-1"),
        "POST",
        f"/v1/records/{RECORD}/bindings",
        {},
        {"purpose": "delivery", "ref": "order-1"},
    ),
    (
        lambda v: v.close_binding(BINDING, reason="delivered"),
        "POST",
        "/v1/bindings/close",
        {},
        {"id": BINDING, "reason": "delivered"},
    ),
    (
        lambda v: v.close_bindings(purpose="delivery", ref="order-1", reason="delivered"),
        "POST",
        "/v1/bindings/close",
        {},
        {"purpose": "delivery", "ref": "order-1", "reason": "delivered"},
    ),
    (lambda v: v.audit_event(EVENT), "GET", f"/v1/audit/events/{EVENT}", {}, None),
    (
        lambda v: v.audit_summary(
            "purpose",
            EventFilter(subject=SUBJECT, notice_version=1, since=datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ),
        "GET",
        f"/v1/audit/summary?subject={SUBJECT}&notice_version=1&since=2026-11-22T08%3A00%3A00%2B00%3A00&by=purpose",
        {},
        None,
    ),
    (lambda v: v.active_notice(), "GET", "/v1/notice", {}, None),
    (lambda v: v.check_notice("[notice]"), "POST", "/v1/notice/check", {}, {"source": "[notice]"}),
    (lambda v: v.notice_matrix(2), "GET", "/v1/notice/matrix?version=2", {}, None),
    (
        lambda v: v.create_caller("till", ["checkout"]),
        "POST",
        "/v1/callers",
        {},
        {"name": "till", "roles": ["checkout"]},
    ),
    (lambda v: v.issue_key(CALLER), "POST", f"/v1/callers/{CALLER}/keys", {}, {}),
    (lambda v: v.revoke_key(CALLER, KEY), "POST", f"/v1/callers/{CALLER}/keys/{KEY}/revoke", {}, {}),
    (lambda v: v.disable_caller(CALLER), "POST", f"/v1/callers/{CALLER}/disable", {}, {}),
]


@pytest.mark.parametrize(("call", "method", "target", "headers", "document"), CALLS)
def test_a_call_is_the_request_of_the_contract(
    call: Callable[[Any], Any], method: str, target: str, headers: dict[str, str], document: Any
) -> None:
    seen: list[httpx.Request] = []
    with vault(answering([], seen)) as asked:
        try:
            call(asked)
        except Unexpected as error:  # the answer is of no operation; only the request matters here
            assert error.code == "unexpected"  # noqa: PT017  # an assertion on why the answer was refused
    (request,) = seen
    assert (request.method, request.url.raw_path.decode()) == (method, target)
    assert headers.items() <= dict(request.headers).items()
    assert request.headers["authorization"] == "Bearer kin_key"
    assert ("idempotency-key" in request.headers) == (method == "POST")
    assert ("vault-purpose" in request.headers) == ("vault-purpose" in headers)
    assert (json.loads(request.content) if request.content else None) == document


def test_a_record_is_stored_as_the_contract_has_it() -> None:
    seen: list[httpx.Request] = []
    record = NewRecord(
        collection="buyer",
        customer="customer-1",
        fields={"full_name": NAME},
        purposes={"order": "order-1", "customer-care": None},
        consents=[Consent("marketing-sms", datetime(2026, 11, 22, tzinfo=UTC), "checkbox", "shop/3#sms")],
    )
    stored = DISCLOSED | {
        "fields": ["full_name"],
        "bindings": [{"id": "b", "purpose": "order", "state": "open"}],
    }
    with vault(answering(stored, seen)) as asked:
        answer = asked.store(record, purpose="order", idempotency_key="order-1")
    assert json.loads(seen[0].content) == {
        "collection": "buyer",
        "subject": {"ref": "customer-1"},
        "purposes": [{"purpose": "order", "ref": "order-1"}, {"purpose": "customer-care"}],
        "consents": [
            {
                "purpose": "marketing-sms",
                "given_at": "2026-11-22T00:00:00+00:00",
                "method": "checkbox",
                "wording": "shop/3#sms",
            }
        ],
        "fields": {"full_name": NAME},
    }
    assert seen[0].headers["idempotency-key"] == "order-1"
    assert (answer.etag, answer.fields, answer.bindings[0].state) == ('"3"', ("full_name",), "open")


async def test_both_read_the_same() -> None:
    with vault(answering(DISCLOSED)) as asked:
        one = asked.read(RECORD, purpose="order")
    async with async_vault(answering(DISCLOSED)) as asked_too:
        other = await asked_too.read(RECORD, purpose="order")
    assert one == other
    assert one["full_name"].value == NAME
    assert (one["email"].form, one["email"].value) == ("withheld", None)


async def test_both_try_again_with_the_same_key() -> None:
    for run in (blocking_retry, asynchronous_retry):
        seen: list[httpx.Request] = []
        await run(seen)
        assert len(seen) == 3
        assert len({request.headers["idempotency-key"] for request in seen}) == 1
        assert len({request.content for request in seen}) == 1


async def blocking_retry(seen: list[httpx.Request]) -> None:
    with vault(twice_down(seen), retries=Retries(first_wait=0.0)) as asked:
        assert asked.verify(RECORD, "password", "x", purpose="account").matches


async def asynchronous_retry(seen: list[httpx.Request]) -> None:
    async with async_vault(twice_down(seen), retries=Retries(first_wait=0.0)) as asked:
        assert (await asked.verify(RECORD, "password", "x", purpose="account")).matches


def twice_down(seen: list[httpx.Request]) -> Handler:
    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if len(seen) == 1:
            raise httpx.ConnectError("refused")
        if len(seen) == 2:
            return httpx.Response(503)
        return httpx.Response(200, json={"matches": True, "receipt": RECEIPT})

    return handle


async def test_both_walk_through_all_pages() -> None:
    with vault(three_pages) as asked:
        one = [event.id for event in asked.audit_events(EventFilter(purpose="order"), page_size=2)]
    async with async_vault(three_pages) as asked_too:
        other = [
            event.id async for event in asked_too.audit_events(EventFilter(purpose="order"), page_size=2)
        ]
    assert one == other == ["evt_0", "evt_1", "evt_2", "evt_3", "evt_4", "evt_5"]


def three_pages(request: httpx.Request) -> httpx.Response:
    params = request.url.params
    assert (params["purpose"], params["limit"]) == ("order", "2")
    first = int(params.get("cursor", "0"))
    items = [
        {"id": f"evt_{n}", "at": "2026-11-22T08:00:00Z", "action": "record.store", "outcome": "allowed"}
        for n in (first, first + 1)
    ]
    return httpx.Response(200, json={"items": items, "next": str(first + 2) if first < 4 else None})


def test_pages_are_fetched_as_they_are_needed() -> None:
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.params.get("cursor", "first"))
        return three_pages(request)

    with vault(handle) as asked:
        events = asked.audit_events(EventFilter(purpose="order"), page_size=2)
        assert seen == []
        assert next(events).id == "evt_0"
    assert seen == ["first"]


def test_an_event_keeps_what_this_version_does_not_know() -> None:
    event = {"id": EVENT, "at": "2026-11-22T08:00:00Z", "action": "a", "outcome": "b", "later": {"x": 1}}
    with vault(answering(event)) as asked:
        assert asked.audit_event(EVENT).model_extra == {"later": {"x": 1}}


@pytest.mark.parametrize("status", [200, 503])
def test_a_vault_that_is_not_ready_is_an_answer(status: int) -> None:
    seen: list[httpx.Request] = []
    states = {"status": "ok" if status == 200 else "unavailable", "database": "ok", "keys": "unavailable"}

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status, json=states)

    with vault(handle) as asked:
        found = asked.readiness()
    assert (found.ready, found.parts) == (status == 200, {"database": "ok", "keys": "unavailable"})
    assert len(seen) == 1


def test_a_proxy_without_a_vault_behind_it_is_not_an_answer() -> None:
    with vault(lambda _: httpx.Response(503, html="<p>no upstream</p>")) as asked, pytest.raises(Unavailable):
        asked.readiness()


MISUSES: list[Callable[[Vault], Any]] = [
    lambda v: v.read("0903123456", purpose="order"),
    lambda v: v.read("../callers", purpose="order"),
    lambda v: v.read(SUBJECT, purpose="order"),
    lambda v: v.read(RECORD, purpose="vì 0903123456"),
    lambda v: v.read(RECORD, purpose="order", case="0903123456\r\nVault-Order: x"),
    lambda v: v.read(RECORD, purpose="order", order="0903123456"),
    lambda v: v.read(RECORD, purpose="order", recipient="0903123456"),
    lambda v: v.verify(RECORD, "password", "0903123456\ud800", purpose="account"),
    lambda v: v.store(
        NewRecord(collection="b", customer="c", fields={"phone": b"0903123456"}), purpose="order"
    ),
    lambda v: v.store(NewRecord(collection="b", customer="c", fields={"n": float("nan")}), purpose="order"),
    lambda v: v.store(
        NewRecord(collection="b", customer="c", fields={}), purpose="order", idempotency_key="số 0903123456"
    ),
    lambda v: v.search("buyer", "phone", purpose="order"),
    lambda v: v.search("buyer", "phone", "0903123456", prefix="0903123456", purpose="order"),
    lambda v: v.revoke_tokens(),
    lambda v: v.revoke_tokens(tokens=["tok_0903123456"], record=RECORD),
    lambda v: v.issue_tokens(RECORD, ["a"], purpose="order", expires_in=timedelta(seconds=-1)),
    lambda v: v.audit_summary("day", EventFilter(subject="0903123456")),
    lambda v: v.audit_summary("day", EventFilter(since=datetime(2026, 1, 1))),  # noqa: DTZ001  # the misuse
    lambda _: NewRecord(collection="b", fields={}),
    lambda _: NewRecord(collection="b", fields={}, customer="0903123456", subject=SUBJECT),
    lambda _: Consent("marketing-sms", datetime(2026, 1, 1), "m", "w"),  # noqa: DTZ001  # the misuse
    lambda _: Vault("vault.test", "key"),
    lambda _: Vault("ftp://vault.test", "key"),
    lambda _: Vault("http://vault.test", "key 0903123456"),
]


@pytest.mark.parametrize("misuse", MISUSES)
def test_what_could_never_be_right_is_not_sent_and_not_repeated(misuse: Callable[[Vault], Any]) -> None:
    seen: list[httpx.Request] = []
    with vault(answering({}, seen)) as asked, pytest.raises((ValueError, TypeError)) as caught:
        misuse(asked)
    assert seen == []
    assert (
        "0903123456"
        not in f"{caught.value} {caught.value!r} {caught.value.__context__!r} {caught.value.args}"
    )


def test_values_do_not_show() -> None:
    record = NewRecord(collection="buyer", customer=NAME, fields={"full_name": NAME})
    resolved = {"token": "tok_secret", "collection": "b", "field": "f", "form": "plain", "value": NAME}
    with vault(answering(DISCLOSED)) as asked:
        disclosed = asked.read(RECORD, purpose="order")
        shown = f"{asked!r} {asked} {disclosed!r} {disclosed} {disclosed['full_name']} {record!r} {record}"
    with vault(answering({"items": [resolved]})) as asked:
        shown += repr(asked.resolve_tokens(["tok_secret"], purpose="delivery"))
    with vault(answering({"id": "key_1", "caller": CALLER, "key": "kin_shop_secret"})) as asked:
        shown += repr(asked.issue_key(CALLER))
    assert "full_name" in shown
    assert not {word for word in (NAME, "kin_key", "tok_secret", "kin_shop_secret") if word in shown}


def test_an_answer_that_cannot_be_read_is_not_repeated() -> None:
    with vault(answering({"id": NAME, "version": NAME})) as asked, pytest.raises(Unexpected) as caught:
        asked.read(RECORD, purpose="order")
    error = caught.value
    assert NAME not in f"{error} {error!r} {error.__context__!r} {error.__cause__!r}"


async def test_the_asynchronous_vault_is_awaited() -> None:
    async with async_vault(answering(DISCLOSED)) as asked:
        waiting: Awaitable[Any] = asked.read(RECORD, purpose="order")
        assert inspect.isawaitable(waiting)
        await waiting
