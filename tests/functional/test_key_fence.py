"""A process that was paused, and comes back after its idempotency key was taken over, changes nothing any more (I9)."""

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import update

from app.storage.engine import Database, UnitOfWork
from app.vault.tables import kept_answers
from tests.support.erasing import erasing_vault
from tests.support.orders import EVIDENCE, buyer, delivery, events, problem
from tests.support.people import done, in_days, stored_buyer, stored_delivery
from tests.support.vaults import TENANT, Store, Vault


@dataclass(frozen=True, slots=True)
class Call:
    """A POST as somebody makes it, and the action of the event that its effect leaves."""

    caller: str
    path: str
    body: Any
    action: str
    purpose: str | None = None


async def _store(_: Vault) -> Call:
    return Call("checkout", "/v1/records", delivery(), "record.store", "order")


async def _store_many(_: Vault) -> Call:
    many = {"records": [delivery("customer-1"), {"broken": True}]}
    return Call("checkout", "/v1/records/store", many, "record.store", "order")


async def _issue_tokens(vault: Vault) -> Call:
    record = (await stored_delivery(vault))["id"]
    body = {"record": record, "fields": ["address"], "purpose": "delivery"}
    return Call("shipping", "/v1/tokens", body, "token.issue")


async def _revoke_tokens(vault: Vault) -> Call:
    issued = await _issue_tokens(vault)
    await done(vault, "shipping", "POST", "/v1/tokens", issued.body)
    return Call("shipping", "/v1/tokens/revoke", {"record": issued.body["record"]}, "token.revoke")


async def _open_binding(vault: Vault) -> Call:
    record = (await stored_buyer(vault))["id"]
    return Call("checkout", f"/v1/records/{record}/bindings", {"purpose": "payment"}, "binding.open")


async def _close_bindings(vault: Vault) -> Call:
    await stored_buyer(vault)
    body = {"purpose": "order", "ref": "order-1001"}
    return Call("checkout", "/v1/bindings/close", body, "binding.close")


async def _give_consent(vault: Vault) -> Call:
    subject = (await stored_buyer(vault))["subject"]
    body = {"purpose": "marketing-sms", **EVIDENCE}
    return Call("privacy-officer", f"/v1/subjects/{subject}/consents", body, "consent.give")


async def _withdraw_consent(vault: Vault) -> Call:
    given = await _give_consent(vault)
    consent = (await done(vault, given.caller, "POST", given.path, given.body))["id"]
    return Call("privacy-officer", f"/v1/consents/{consent}/withdraw", None, "consent.withdraw")


async def _object(vault: Vault) -> Call:
    subject = (await stored_buyer(vault, consents=("marketing-sms",)))["subject"]
    return Call("privacy-officer", f"/v1/subjects/{subject}/objection", {}, "subject.object")


async def _place_hold(vault: Vault) -> Call:
    subject = (await stored_buyer(vault))["subject"]
    body = {"subject": subject, "case": "court/1", "reason": "tranh chấp"}
    return Call("legal", "/v1/holds", body, "hold.place")


async def _release_hold(vault: Vault) -> Call:
    placed = await _place_hold(vault)
    hold = (await done(vault, placed.caller, "POST", placed.path, placed.body))["id"]
    return Call("legal", f"/v1/holds/{hold}/release", None, "hold.release")


async def _assign(vault: Vault) -> Call:
    subject = (await stored_buyer(vault))["subject"]
    body = {"caller": vault.callers["support"].id, "subject": subject, "case": "t-1", "until": in_days(1)}
    return Call("privacy-officer", "/v1/assignments", body, "assignment.make")


async def _request_order(vault: Vault) -> Call:
    subject = (await stored_buyer(vault))["subject"]
    body = {
        "purpose": "authority-request",
        "case": "police/1",
        "subjects": [subject],
        "fields": ["buyer.full_name"],
    }
    return Call("legal", "/v1/orders", body, "order.request")


async def _approve_order(vault: Vault) -> Call:
    asked = await _request_order(vault)
    order = (await done(vault, asked.caller, "POST", asked.path, asked.body))["id"]
    return Call("privacy-officer", f"/v1/orders/{order}/approve", None, "order.approve")


async def _reject_order(vault: Vault) -> Call:
    approved = await _approve_order(vault)
    return Call("privacy-officer", approved.path.replace("approve", "reject"), None, "order.reject")


async def _start_session(vault: Vault) -> Call:
    subject = (await stored_buyer(vault))["subject"]
    return Call("privacy-officer", f"/v1/subjects/{subject}/sessions", {}, "session.start")


async def _end_sessions(vault: Vault) -> Call:
    started = await _start_session(vault)
    await done(vault, started.caller, "POST", started.path, {})
    return Call("privacy-officer", f"{started.path}/end", None, "session.end")


async def _create_caller(_: Vault) -> Call:
    return Call("admin", "/v1/callers", {"name": "till-7", "roles": ["checkout"]}, "caller.create")


async def _issue_key(vault: Vault) -> Call:
    return Call("admin", f"/v1/callers/{vault.callers['support'].id}/keys", None, "api-key.issue")


async def _revoke_key(vault: Vault) -> Call:
    path = f"/v1/callers/{vault.callers['support'].id}/keys"
    key = (await done(vault, "admin", "POST", path))["id"]
    return Call("admin", f"{path}/{key}/revoke", None, "api-key.revoke")


async def _disable_caller(vault: Vault) -> Call:
    return Call("admin", f"/v1/callers/{vault.callers['support'].id}/disable", None, "caller.disable")


async def _import_consents(vault: Vault) -> Call:
    subject = (await stored_buyer(vault))["subject"]
    line = {"subject": {"id": subject}, "purpose": "marketing-sms", **EVIDENCE}
    return Call("checkout", "/v1/consents/import", {"items": [line]}, "consent.give")


async def _erase_subject(vault: Vault) -> Call:
    subject = (await stored_buyer(vault))["subject"]
    return Call("privacy-officer", f"/v1/subjects/{subject}/erase", None, "subject.erase")


async def _open_request(vault: Vault) -> Call:
    body = {"subject": (await stored_buyer(vault))["subject"], "kind": "access"}
    return Call("privacy-officer", "/v1/requests", body, "request.open")


async def _request(vault: Vault, step: str, body: Any = None) -> Call:
    opened = await _open_request(vault)
    request = (await done(vault, opened.caller, "POST", opened.path, opened.body))["id"]
    return Call("privacy-officer", f"/v1/requests/{request}/{step}", body, f"request.{step}")


async def _acknowledge_request(vault: Vault) -> Call:
    return await _request(vault, "acknowledge")


async def _extend_request(vault: Vault) -> Call:
    return await _request(vault, "extend", {"reason": "cần đối chiếu"})


async def _complete_request(vault: Vault) -> Call:
    return await _request(vault, "complete")


async def _refuse_request(vault: Vault) -> Call:
    return await _request(vault, "refuse", {"reason": "không xác minh được"})


CALLS: Final[dict[str, Callable[[Vault], Awaitable[Call]]]] = {
    "store_record": _store,
    "store_records": _store_many,
    "issue_tokens": _issue_tokens,
    "revoke_tokens": _revoke_tokens,
    "open_binding": _open_binding,
    "close_bindings": _close_bindings,
    "give_consent": _give_consent,
    "withdraw_consent": _withdraw_consent,
    "object_to_purposes": _object,
    "place_hold": _place_hold,
    "release_hold": _release_hold,
    "assign": _assign,
    "request_order": _request_order,
    "approve_order": _approve_order,
    "reject_order": _reject_order,
    "start_session": _start_session,
    "end_sessions": _end_sessions,
    "create_caller": _create_caller,
    "issue_key": _issue_key,
    "revoke_key": _revoke_key,
    "disable_caller": _disable_caller,
    "import_consents": _import_consents,
    "erase_subject": _erase_subject,
    "open_request": _open_request,
    "acknowledge_request": _acknowledge_request,
    "extend_request": _extend_request,
    "complete_request": _complete_request,
    "refuse_request": _refuse_request,
}
GIVEN_AGAIN: Final = {"issue_tokens", "import_consents", "erase_subject"}
"""What finds that it is done, changes nothing, and answers the same."""
SAME_USE_CASE: Final = {"sign_out"}
"""Routes that change nothing but through the use case of one above."""


PAUSED: Final[ContextVar[bool]] = ContextVar("PAUSED", default=False)


@pytest.fixture
async def vault(store: Store, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault that can also erase."""
    async with erasing_vault(store, tmp_path) as running:
        yield running


@contextmanager
def pausing(database: Database) -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    """The first transaction of a `paused_post` waits before it begins; events: it has come there, it may go on."""
    real, reached, go_on = copy.copy(database), asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def transaction(tenant: str) -> AsyncIterator[UnitOfWork]:
        if PAUSED.get() and not reached.is_set():
            reached.set()
            await go_on.wait()
        async with real.transaction(tenant) as work:
            yield work

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database, "transaction", transaction)
        patched.setattr(database, "bookkeeping", real.bookkeeping)  # it keeps the keys: it goes on
        yield reached, go_on


async def post(vault: Vault, call: Call, key: str = "k") -> httpx.Response:
    client = vault.client(call.caller, call.purpose)
    return await client.post(call.path, json=call.body, headers={"Idempotency-Key": key})


async def paused_post(vault: Vault, call: Call, key: str = "k") -> httpx.Response:
    PAUSED.set(True)  # for this task and those that it begins
    return await post(vault, call, key)


async def long_ago(vault: Vault) -> None:
    """Every request that is under way was begun long ago."""
    async with vault.parts.database.bookkeeping(TENANT) as work:
        then = vault.parts.clock.now().replace(year=2020)
        await work.execute(update(kept_answers).where(kept_answers.c.answer.is_(None)).values(begun_at=then))


async def effects(vault: Vault, action: str) -> int:
    return len(await events(vault, action=action, outcome="allowed"))


@pytest.mark.parametrize("name", sorted(CALLS.keys() - GIVEN_AGAIN))
async def test_a_paused_request_whose_key_was_taken_over_has_no_effect(vault: Vault, name: str) -> None:
    call = await CALLS[name](vault)
    before = await effects(vault, call.action)
    with pausing(vault.parts.database) as (reached, go_on):
        paused = asyncio.create_task(paused_post(vault, call))
        await asyncio.wait_for(reached.wait(), 30)
        assert problem(await post(vault, call)) == (409, "idempotency-in-flight")
        await long_ago(vault)
        second = await post(vault, call)
        assert second.is_success, second.text
        go_on.set()
        # What the second has done can also stand in the way by itself: an order is decided once, a key revoked once.
        assert problem(await paused) in {
            (409, "idempotency-in-flight"),
            (409, "conflict"),
            (404, "not-found"),
        }
    assert await effects(vault, call.action) == before + 1
    third = await post(vault, call)
    assert third.headers["idempotency-replayed"] == "true"
    assert (third.status_code, third.content) == (second.status_code, second.content)


@pytest.mark.parametrize("name", sorted(GIVEN_AGAIN - {"issue_tokens"}))
async def test_what_is_done_already_is_not_done_again(vault: Vault, name: str) -> None:
    call = await CALLS[name](vault)
    before = await effects(vault, call.action)
    with pausing(vault.parts.database) as (reached, go_on):
        paused = asyncio.create_task(paused_post(vault, call))
        await asyncio.wait_for(reached.wait(), 30)
        await long_ago(vault)
        second = await post(vault, call)
        assert second.is_success, second.text
        go_on.set()
        first = await paused
    assert first.is_success or problem(first) == (409, "idempotency-in-flight")
    assert await effects(vault, call.action) == before + 1
    assert (await post(vault, call)).content == second.content


async def test_a_token_is_issued_once(vault: Vault) -> None:
    """Who comes back finds the token issued, and gives it again: nothing is changed."""
    call = await _issue_tokens(vault)
    with pausing(vault.parts.database) as (reached, go_on):
        paused = asyncio.create_task(paused_post(vault, call))
        await asyncio.wait_for(reached.wait(), 30)
        await long_ago(vault)
        second = await post(vault, call)
        go_on.set()
        first = await paused
    assert first.json()["items"] == second.json()["items"]
    listed = await done(vault, "shipping", "GET", f"/v1/tokens?record={call.body['record']}")
    assert len(listed["items"]) == 1


@pytest.mark.parametrize("name", ["store_record", "store_records", "give_consent", "close_bindings"])
async def test_it_is_the_fence_that_stops_it(vault: Vault, name: str) -> None:
    """Operations that would succeed twice: only the key can be what stands in their way."""
    call = await CALLS[name](vault)
    with pausing(vault.parts.database) as (reached, go_on):
        paused = asyncio.create_task(paused_post(vault, call))
        await asyncio.wait_for(reached.wait(), 30)
        await long_ago(vault)
        assert (await post(vault, call)).is_success
        go_on.set()
        assert problem(await paused) == (409, "idempotency-in-flight")


def test_every_route_that_takes_a_key_is_tried(sqlite_vault: Vault) -> None:
    """What wraps an endpoint is `repeatable`; a new one needs a line in CALLS."""
    taking = {
        context.name
        for context in iter_route_contexts(sqlite_vault.app.routes)
        if hasattr(getattr(context, "endpoint", None), "__wrapped__")
    }
    assert taking == set(CALLS) | SAME_USE_CASE


async def test_neighbours_of_a_lost_key_are_stored(vault: Vault) -> None:
    """Creates that share a transaction: one that lost its key goes without the others."""
    lost = Call("checkout", "/v1/records", delivery("customer-1"), "record.store", "order")
    with pausing(vault.parts.database) as (reached, go_on):
        held_up = asyncio.create_task(paused_post(vault, lost, "other"))
        await asyncio.wait_for(reached.wait(), 30)
        await long_ago(vault)
        bodies = [buyer(f"customer-{n}") for n in range(2, 6)]
        assert (await post(vault, lost, "other")).is_success
        beside = [
            asyncio.create_task(post(vault, Call("checkout", "/v1/records", body, "", "order"), f"k-{n}"))
            for n, body in enumerate(bodies)
        ]
        go_on.set()
        answers = await asyncio.gather(*beside)
    assert problem(await held_up) == (409, "idempotency-in-flight")
    assert [answer.status_code for answer in answers] == [201] * 4


async def test_a_batch_keeps_its_answer_with_its_effect(vault: Vault) -> None:
    """A crash right after the commit: who asks again gets the ids, not a problem."""
    call = await _store_many(vault)
    with pytest.MonkeyPatch.context() as patched:

        async def never(*_: object) -> None:
            raise asyncio.CancelledError

        patched.setattr(type(vault.parts.answers), "finish", never)
        crashed = asyncio.create_task(post(vault, call))
        with pytest.raises(asyncio.CancelledError):
            await crashed
    again = await post(vault, call)
    assert again.headers["idempotency-replayed"] == "true"
    first, second = again.json()["items"]
    assert (first["version"], second["code"]) == (1, "invalid")
    assert await effects(vault, "record.store") == 1


async def test_expired_answers_are_purged_and_no_others(vault: Vault) -> None:
    for n in range(3):
        await post(vault, Call("checkout", "/v1/records", buyer(f"customer-{n}"), "", "order"), f"k-{n}")
    async with vault.parts.database.bookkeeping(TENANT) as work:
        now = vault.parts.clock.now()
        await work.execute(update(kept_answers).values(expires_at=now.replace(year=now.year - 1)))
    kept = Call("checkout", "/v1/records", buyer("customer-9"), "", "order")
    await post(vault, kept, "k-9")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("app.vault.keep_answer.PURGED_AT_ONCE", 2)
        assert await vault.parts.answers.purge("another-tenant") == 0
        assert await vault.parts.answers.purge(TENANT) == 3
        assert await vault.parts.answers.purge(TENANT) == 0
    assert (await post(vault, kept, "k-9")).headers["idempotency-replayed"] == "true"
