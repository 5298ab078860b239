"""`Vault`: the blocking client. One object serves all threads of a program and keeps its connections open."""

import time
from collections.abc import Callable, Iterator
from typing import Concatenate, ParamSpec, Self, TypeVar

import httpx

from kin_client import audit, bindings, callers, health, notice, records, tokens
from kin_client.connection import arguments, client_options, described
from kin_client.operation import Operation, Pages, Request
from kin_client.retry import Outcome, Retries, Wait, persistent

P = ParamSpec("P")
T = TypeVar("T")


def _call(build: Callable[P, Operation[T]]) -> Callable[Concatenate["Vault", P], T]:
    def method(self: "Vault", /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.carry_out(build(*args, **kwargs))

    described(method, build)
    return method


def _listing(build: Callable[P, Pages[T]]) -> Callable[Concatenate["Vault", P], Iterator[T]]:
    def method(self: "Vault", /, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        pages, cursor = build(*args, **kwargs), None
        while True:
            page = self.carry_out(pages.fetch(cursor))
            yield from page.items
            if page.next is None:
                return
            cursor = page.next

    described(method, build, Iterator)
    return method


class Vault:
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
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._retries = retries or Retries()
        self._http = httpx.Client(transport=transport, **client_options(base_url, key, timeout))

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

    def carry_out(self, operation: Operation[T]) -> T:
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
                time.sleep(step.seconds)
            else:
                outcome = self._sent(step)

    def _sent(self, request: Request) -> Outcome:
        try:
            return self._http.request(**arguments(request))
        except httpx.RequestError as failure:
            return failure

    def close(self) -> None:
        """Close the connections; the vault cannot be used any more."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Vault({self._http.base_url.host!r})"
