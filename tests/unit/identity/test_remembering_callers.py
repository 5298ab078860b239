"""A caller is remembered for a while, but never past a revocation in the same process."""

from collections.abc import Callable
from typing import Any, cast

from app.crypto.api_key import new_api_key
from app.identity.authenticate import Authenticator
from app.kernel.caller import Caller
from app.kernel.clock import SystemClock
from app.kernel.ids import new_uuid

_KEY = new_api_key("shop")
_CALLER = Caller("shop", new_uuid(0), "checkout", frozenset({"checkout"}))


class _Callers:
    """Stands for the table of keys: knows every key, counts the look-ups, and lets something happen during one."""

    def __init__(self) -> None:
        self.looked_up = 0
        self.meanwhile: Callable[[], None] = lambda: None

    async def by_digest(self, _tenant: str, _digest: bytes) -> Caller:
        self.looked_up += 1
        self.meanwhile()
        return _CALLER


async def _digest_key(_tenant: str) -> bytes:
    return bytes(32)


def _authenticator(callers: _Callers, seconds: float) -> Authenticator:
    nothing = cast(Any, None)  # no credential of these tests fails or is a session's
    return Authenticator(
        cast(Any, callers),
        nothing,
        _digest_key,
        nothing,
        SystemClock(),
        home_tenant="shop",
        remember_seconds=seconds,
    )


async def _ask(authenticator: Authenticator, times: int) -> None:
    for _ in range(times):
        assert await authenticator.authenticate(_KEY, "req_1") == _CALLER


async def test_a_known_key_is_looked_up_once() -> None:
    callers = _Callers()
    await _ask(_authenticator(callers, 60), 3)
    assert callers.looked_up == 1


async def test_nothing_is_remembered_when_the_setting_is_zero() -> None:
    callers = _Callers()
    await _ask(_authenticator(callers, 0), 3)
    assert callers.looked_up == 3


async def test_forgetting_makes_the_next_request_look_again() -> None:
    callers = _Callers()
    authenticator = _authenticator(callers, 60)
    await _ask(authenticator, 1)
    authenticator.forget()
    await _ask(authenticator, 1)
    assert callers.looked_up == 2


async def test_what_was_found_during_a_revocation_is_not_remembered() -> None:
    callers = _Callers()
    authenticator = _authenticator(callers, 60)
    callers.meanwhile = authenticator.forget
    await _ask(authenticator, 1)
    callers.meanwhile = lambda: None
    await _ask(authenticator, 1)
    assert callers.looked_up == 2
