"""`AsyncVault`: the client for asyncio, with the methods of `vault.Vault`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Concatenate, ParamSpec, Self, TypeVar

import httpx

from kin_client import (
    audit,
    bindings,
    callers,
    consents,
    counts,
    erasures,
    exports,
    health,
    holds,
    notice,
    orders,
    records,
    requests,
    sessions,
    subjects,
    tokens,
)
from kin_client.connection import arguments, client_options, described
from kin_client.operation import Operation, Pages, Request
from kin_client.retry import Outcome, Retries, Wait, persistent

P = ParamSpec("P")
T = TypeVar("T")


def _call(build: Callable[P, Operation[T]]) -> Callable[Concatenate["AsyncVault", P], Awaitable[T]]:
    async def method(self: "AsyncVault", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.carry_out(build(*args, **kwargs))

    described(method, build)
    return method


def _listing(build: Callable[P, Pages[T]]) -> Callable[Concatenate["AsyncVault", P], AsyncIterator[T]]:
    async def method(self: "AsyncVault", /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        pages, cursor = build(*args, **kwargs), None
        while True:
            page = await self.carry_out(pages.fetch(cursor))
            for item in page.items:
                yield item
            if page.next is None:
                return
            cursor = page.next

    described(method, build, AsyncIterator)
    return method


class AsyncVault:
    """The vault at `base_url`, as the caller whose API key is `key`.

    `timeout` is in seconds, for each attempt. Methods raise `VaultError` (see `errors`); ValueError or TypeError for what
    could never be sent.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        timeout: float = 10.0,
        retries: Retries | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._retries = retries or Retries()
        self._http = httpx.AsyncClient(transport=transport, **client_options(base_url, key, timeout))

    store = _call(records.store)
    store_many = _call(records.store_many)
    read = _call(records.read)
    read_many = _call(records.read_many)
    search = _call(records.search)
    verify = _call(records.verify)
    change = _call(records.change)
    delete = _call(records.delete)

    issue_tokens = _call(tokens.issue_tokens)
    resolve_tokens = _call(tokens.resolve_tokens)
    revoke_tokens = _call(tokens.revoke_tokens)
    list_tokens = _call(tokens.list_tokens)

    open_binding = _call(bindings.open_binding)
    close_binding = _call(bindings.close_binding)
    close_bindings = _call(bindings.close_bindings)

    find_subject = _call(subjects.find_subject)
    subject = _call(subjects.subject)
    accesses = _listing(subjects.accesses)
    recipients = _listing(subjects.recipients)
    restrict = _call(subjects.restrict)
    lift_restriction = _call(subjects.lift_restriction)
    object_to = _call(subjects.object_to)

    give_consent = _call(consents.give_consent)
    withdraw_consent = _call(consents.withdraw_consent)
    import_consents = _call(consents.import_consents)

    place_hold = _call(holds.place_hold)
    release_hold = _call(holds.release_hold)
    assign = _call(holds.assign)
    end_assignments = _call(holds.end_assignments)

    request_order = _call(orders.request_order)
    approve_order = _call(orders.approve_order)
    reject_order = _call(orders.reject_order)
    list_orders = _listing(orders.list_orders)

    start_session = _call(sessions.start_session)
    end_sessions = _call(sessions.end_sessions)
    sign_out = _call(sessions.sign_out)

    open_request = _call(requests.open_request)
    request = _call(requests.request)
    list_requests = _listing(requests.list_requests)
    acknowledge_request = _call(requests.acknowledge_request)
    extend_request = _call(requests.extend_request)
    complete_request = _call(requests.complete_request)
    refuse_request = _call(requests.refuse_request)

    export_subject = _listing(exports.export_subject)
    export_page = _call(exports.export_page)
    erase = _call(erasures.erase)
    certificate = _call(erasures.certificate)
    due_erasures = _listing(erasures.due_erasures)
    count_people = _call(counts.count_people)

    audit_events = _listing(audit.audit_events)
    audit_event = _call(audit.audit_event)
    audit_summary = _call(audit.audit_summary)

    active_notice = _call(notice.active_notice)
    check_notice = _call(notice.check_notice)
    notice_matrix = _call(notice.notice_matrix)
    explain = _call(notice.explain)

    list_callers = _listing(callers.list_callers)
    create_caller = _call(callers.create_caller)
    issue_key = _call(callers.issue_key)
    revoke_key = _call(callers.revoke_key)
    disable_caller = _call(callers.disable_caller)

    readiness = _call(health.readiness)

    async def carry_out(self, operation: Operation[T]) -> T:
        """The result of an operation, with the waiting and repeating it needs."""
        steps = persistent(operation, self._retries)
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as done:
                result: T = done.value
                return result
            if isinstance(step, Wait):
                outcome = None
                await asyncio.sleep(step.seconds)
            else:
                outcome = await self._sent(step)

    async def _sent(self, request: Request) -> Outcome:
        try:
            return await self._http.request(**arguments(request))
        except httpx.RequestError as failure:
            return failure

    async def close(self) -> None:
        """Close the connections; the vault cannot be used any more."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncVault({self._http.base_url.host!r})"
