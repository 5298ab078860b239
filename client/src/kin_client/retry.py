"""When to try again: a vault that is unavailable, unreachable, over budget or still busy with the same request.

Waiting grows exponentially, half of it by chance so that many clients do not come back together, and never ends before
the vault's own `Retry-After`. The number of attempts and each wait are bounded; a vault that asks for more patience than
the bound is not waited for.
"""

import random
from collections.abc import Generator
from dataclasses import dataclass
from typing import Final, TypeVar

import httpx

from kin_client.errors import Problem, TooManyRequests, Unavailable, VaultError, error_of
from kin_client.operation import Operation, Request

T = TypeVar("T")

_FAILED: Final = 300
_CHANCE: Final = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is sent at most, and how long a wait may be, in seconds."""

    attempts: int = 4
    first_wait: float = 0.1
    longest_wait: float = 5.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.first_wait < 0 or self.longest_wait < 0:
            raise ValueError("allow one attempt at least, and no negative waits")

    def wait(self, attempt: int, chance: float, retry_after: float | None) -> float | None:
        """Seconds to wait after the attempt of this number (from 0); None when the vault asks for too much patience.

        `chance` is uniform in [0, 1).
        """
        most = min(self.longest_wait, self.first_wait * 2**attempt)
        wait = max(most / 2 + most / 2 * chance, retry_after or 0.0)
        return wait if wait <= self.longest_wait else None


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for so many seconds."""

    seconds: float


Outcome = httpx.Response | httpx.RequestError | None
"""What a driver brings back: an answer or why there was none; nothing after a wait."""


def persistent(operation: Operation[T], retries: Retries) -> Generator[Request | Wait, Outcome, T]:
    """The operation with its repetitions: what a driver has to do, one step after the other."""
    try:
        request = next(operation)
        while True:
            try:
                answer = yield from _answered(request, retries)
            except VaultError as error:
                request = operation.throw(error)
            else:
                request = operation.send(answer)
    except StopIteration as done:
        result: T = done.value
        return result


def _answered(request: Request, retries: Retries) -> Generator[Request | Wait, Outcome, httpx.Response]:
    """The last answer, which may be a refusal; `Unavailable` when there is none."""
    outcome = yield request
    for attempt in range(retries.attempts - 1):
        error = _passing(outcome)
        if error is None or not request.patient:
            break
        wait = retries.wait(attempt, _CHANCE.random(), error.problem.retry_after)
        if wait is None:
            break
        yield Wait(wait)
        outcome = yield request
    if isinstance(outcome, httpx.Response):
        return outcome
    raise _unreachable(outcome)


def _passing(outcome: Outcome) -> VaultError | None:
    """The error, if time may heal it."""
    if not isinstance(outcome, httpx.Response):
        return _unreachable(outcome)
    if outcome.status_code < _FAILED:
        return None
    error = error_of(outcome)
    busy = error.code == "idempotency-in-flight"
    return error if busy or isinstance(error, (Unavailable, TooManyRequests)) else None


def _unreachable(failure: httpx.RequestError | None) -> Unavailable:
    # Only the class is told: the failure's own text and its request can hold what was sent.
    return Unavailable(Problem("unavailable", f"the vault did not answer: {type(failure).__name__}"))
