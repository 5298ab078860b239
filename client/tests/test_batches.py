"""Many things in one call: every item once, in order, in requests the vault takes; each with its own fate."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kin_client.batch import MOST_BYTES, MOST_ITEMS, Batch, body, split
from kin_client.errors import Denied, NotFound, TooLarge, Unauthenticated, Unavailable, Unexpected
from kin_client.records import Disclosure, NewRecord
from kin_client.retry import Retries
from kin_client.vault import Vault

RECEIPT = {"event": "evt_1", "outcome": "allowed"}
Handler = Callable[[httpx.Request], httpx.Response]


def disclosure(record: str) -> dict[str, Any]:
    common = {"subject": "sub_1", "collection": "buyer", "version": 1, "receipt": RECEIPT}
    return {"id": record, "fields": {"full_name": {"form": "plain", "value": record}}, **common}


def problem(code: str, status: int) -> httpx.Response:
    document = {"code": code, "status": status, "detail": "words", "request_id": "req_1"}
    return httpx.Response(status, json=document, headers={"Content-Type": "application/problem+json"})


def read_all(request: httpx.Request) -> httpx.Response:
    ids = json.loads(request.content)["ids"]
    receipt = {"events": [f"evt_{i}" for i in ids], "outcome": "allowed", "purpose": "order"}
    return httpx.Response(200, json={"items": [disclosure(i) for i in ids], "receipt": receipt})


def failing(number: int, failure: httpx.Response, requests: list[httpx.Request]) -> Handler:
    """Reads all, but fails in the request of this number (from 0)."""

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return failure if len(requests) - 1 == number else read_all(request)

    return handle


def read_many(handler: Handler, records: list[str]) -> Batch[Disclosure]:
    transport = httpx.MockTransport(handler)
    with Vault("http://vault.test", "kin_key", retries=Retries(attempts=1), transport=transport) as vault:
        return vault.read_many(records, purpose="order", fields=["full_name"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 300_000), max_size=60), st.integers(0, 2500))
def test_a_split_keeps_every_item_in_order_within_both_limits(sizes: list[int], small: int) -> None:
    items = ["x" * size for size in sizes] + ["ă"] * small
    groups = list(split(items))
    assert [json.loads(item) for group in groups for item in group] == items
    for group in groups:
        assert 0 < len(group) <= MOST_ITEMS
        assert len(body("records", group, {"form": "masked"})) <= 1024 * 1024
    neighbours = itertools.pairwise(groups)
    assert all(
        len(group) == MOST_ITEMS or sum(map(len, [*group, following[0]])) + len(group) + 1 > MOST_BYTES
        for group, following in neighbours
    )


def test_a_body_is_json_with_and_without_more() -> None:
    assert json.loads(body("ids", [b"1", b'"a"'], {})) == {"ids": [1, "a"]}
    assert json.loads(body("ids", [b"1"], {"fields": ["x"]})) == {"ids": [1], "fields": ["x"]}


def test_2500_are_three_requests_and_one_answer() -> None:
    requests: list[httpx.Request] = []
    records = [f"rec_{n}" for n in range(2500)]
    found = read_many(failing(-1, httpx.Response(500), requests), records)
    assert [item.id for item in found.results()] == records
    assert [len(json.loads(r.content)["ids"]) for r in requests] == [1000, 1000, 500]
    assert len({r.headers["Idempotency-Key"] for r in requests}) == 3
    assert all(r.headers["Vault-Purpose"] == "order" for r in requests)
    assert [len(receipt.events) for receipt in found.receipts] == [1000, 1000, 500]


def test_nothing_asked_nothing_sent() -> None:
    requests: list[httpx.Request] = []
    assert read_many(failing(-1, httpx.Response(500), requests), []) == Batch((), ())
    assert requests == []


def test_items_fail_alone() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        missing = problem("not-found", 404).json()
        denied = problem("disclosure-denied", 403).json() | {"reasons": {"full_name": "needs-case"}}
        items = [missing, disclosure("rec_b"), {"id": "rec_c", "problem": denied}, {"id": "rec_d"}]
        return httpx.Response(200, json={"items": items})

    first, second, third, fourth = read_many(handle, ["rec_a", "rec_b", "rec_c", "rec_d"]).items
    assert isinstance(first, NotFound)
    assert isinstance(second, Disclosure)
    assert second["full_name"].value == "rec_b"
    assert isinstance(third, Denied)
    assert third.reasons == {"full_name": "needs-case"}
    assert isinstance(fourth, Unexpected)


def test_results_raises_the_first_error() -> None:
    def handle(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"items": [disclosure("rec_a"), problem("not-found", 404).json()]})

    with pytest.raises(NotFound):
        read_many(handle, ["rec_a", "rec_b"]).results()


def test_an_answer_of_another_length_is_not_taken() -> None:
    def handle(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"items": [disclosure("rec_a")]})

    with pytest.raises(Unexpected):
        read_many(handle, ["rec_a", "rec_b"])


def test_a_request_that_fails_does_not_take_the_others_with_it() -> None:
    requests: list[httpx.Request] = []
    found = read_many(failing(1, problem("too-large", 413), requests), ["rec_x"] * 2500)
    assert len(requests) == 3
    assert list(fates(found)) == [Disclosure] * 1000 + [TooLarge] * 1000 + [Disclosure] * 500


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [("unavailable", 503, Unavailable), ("unauthenticated", 401, Unauthenticated)],
)
def test_what_would_fail_for_the_rest_too_ends_the_sending(code: str, status: int, error: type) -> None:
    requests: list[httpx.Request] = []
    found = read_many(failing(1, problem(code, status), requests), ["rec_x"] * 3500)
    assert len(requests) == 2
    assert list(fates(found)) == [Disclosure] * 1000 + [error] * 2500


def test_what_failed_altogether_is_raised() -> None:
    with pytest.raises(Unauthenticated):
        read_many(lambda _: problem("unauthenticated", 401), ["rec_x"] * 2500)


def test_a_given_key_gives_each_request_its_own() -> None:
    keys: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Idempotency-Key"])
        return problem("conflict", 409)

    record = NewRecord(collection="buyer", customer="c", fields={})
    with Vault("http://vault.test", "kin_key", transport=httpx.MockTransport(handle)) as vault:
        for _ in range(2):
            with pytest.raises(Exception, match="conflict"):
                vault.store_many([record] * 1001, purpose="order", idempotency_key="import-7")
    assert keys == ["import-7.0", "import-7.1"] * 2


def test_what_can_never_be_sent_is_found_before_anything_is() -> None:
    requests: list[httpx.Request] = []
    ids = ["rec_x"] * (MOST_ITEMS + 1) + ["half of a pair: \ud800"]
    with pytest.raises(ValueError, match="surrogate"):
        read_many(failing(-1, httpx.Response(500), requests), ids)
    assert requests == []


def fates(found: Batch[Disclosure]) -> Iterator[type]:
    return (type(item) for item in found.items)
