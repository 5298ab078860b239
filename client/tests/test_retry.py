"""What is tried again, when, with what, and what is not."""

from collections.abc import Generator, Iterable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kin_client.answer import checked
from kin_client.errors import Conflict, TooManyRequests, Unavailable, VaultError
from kin_client.operation import Operation, Request, get, post
from kin_client.retry import Outcome, Retries, Wait, persistent

BUSY = ("idempotency-in-flight", 409)
DOWN = ("unavailable", 503)


def problem(code: str, status: int, retry_after: str | None = None) -> httpx.Response:
    document = {"code": code, "status": status, "detail": "words", "request_id": "req_1"}
    headers = {b"Content-Type": b"application/problem+json"}
    if retry_after is not None:
        headers[b"Retry-After"] = retry_after.encode()
    return httpx.Response(status, json=document, headers=headers)


def single(request: Request) -> Operation[int]:
    return checked((yield request)).status_code


def drive(
    steps: Generator[Request | Wait, Outcome, Any], outcomes: Iterable[Outcome]
) -> tuple[list[Request], list[float], Any]:
    """Plays the outcomes to the steps: what was sent, what was waited, what came out (a result or an exception)."""
    sent: list[Request] = []
    waited: list[float] = []
    coming = iter(outcomes)
    outcome: Outcome = None
    while True:
        try:
            step = steps.send(outcome)
        except StopIteration as done:
            return sent, waited, done.value
        except VaultError as error:
            return sent, waited, error
        if isinstance(step, Wait):
            waited.append(step.seconds)
            outcome = None
        else:
            sent.append(step)
            outcome = next(coming)


@pytest.mark.parametrize(
    "hindrance",
    [
        problem(*DOWN),
        problem(*BUSY),
        problem("too-many-requests", 429, "1"),
        httpx.Response(502, html="<p>bad gateway</p>"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
        httpx.RemoteProtocolError("cut"),
    ],
    ids=repr,
)
def test_what_time_may_heal_is_tried_again_with_the_same_key(hindrance: Outcome) -> None:
    sent, waited, result = drive(
        persistent(single(post("/v1/records", {})), Retries()), [hindrance, httpx.Response(201)]
    )
    assert result == 201
    assert len(waited) == 1
    assert sent[0] == sent[1]
    assert len(sent[0].headers["Idempotency-Key"]) == 36


def test_two_calls_have_two_keys() -> None:
    keys = {post("/v1/records", {}).headers["Idempotency-Key"] for _ in range(100)}
    assert len(keys) == 100


@pytest.mark.parametrize(
    ("code", "status"),
    [("conflict", 409), ("disclosure-denied", 403), ("not-found", 404), ("invalid", 422), ("internal", 500)],
)
def test_what_time_does_not_heal_is_sent_once(code: str, status: int) -> None:
    sent, waited, result = drive(persistent(single(get("/", {})), Retries()), [problem(code, status)])
    assert (len(sent), waited) == (1, [])
    assert result.code == code


def test_attempts_are_bounded_and_the_last_answer_tells() -> None:
    steps = persistent(single(get("/", {})), Retries(attempts=3))
    sent, waited, result = drive(steps, [httpx.ConnectError(""), problem(*DOWN), problem(*BUSY)])
    assert (len(sent), len(waited)) == (3, 2)
    assert isinstance(result, Conflict)


def test_an_unreachable_vault_is_unavailable_and_nothing_of_the_failure_is_repeated() -> None:
    failure = httpx.ConnectError("could not send Nguyễn Văn An")
    sent, _, result = drive(persistent(single(get("/", {})), Retries(attempts=2)), [failure, failure])
    assert len(sent) == 2
    assert isinstance(result, Unavailable)
    assert str(result) == "the vault did not answer: ConnectError (unavailable)"
    assert (result.__cause__, result.__context__) == (None, None)


def test_retry_after_is_waited_for() -> None:
    steps = persistent(single(get("/", {})), Retries())
    _, waited, _ = drive(steps, [problem(*DOWN, "3"), httpx.Response(200)])
    assert waited == [3.0]


def test_a_vault_that_asks_for_too_much_patience_is_not_waited_for() -> None:
    answer = problem("too-many-requests", 429, "3600")
    sent, waited, result = drive(persistent(single(get("/", {})), Retries()), [answer])
    assert (len(sent), waited) == (1, [])
    assert isinstance(result, TooManyRequests)
    assert result.retry_after == 3600


@pytest.mark.parametrize("text", ["", "-1", "soon", "1e9", "²", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_retry_after_that_is_no_number_of_seconds_is_passed_over(text: str) -> None:
    steps = persistent(single(get("/", {})), Retries())
    _, waited, result = drive(steps, [problem(*DOWN, text), httpx.Response(200)])
    assert result == 200
    assert 0.05 <= waited[0] <= 0.1


@given(
    attempt=st.integers(0, 1000),
    chance=st.floats(0, 1, exclude_max=True),
    first=st.floats(0, 10),
    longest=st.floats(0, 100),
    retry_after=st.none() | st.floats(0, 1000),
)
def test_a_wait_is_within_its_bounds(
    attempt: int, chance: float, first: float, longest: float, retry_after: float | None
) -> None:
    wait = Retries(first_wait=first, longest_wait=longest).wait(attempt, chance, retry_after)
    if wait is None:
        assert retry_after is not None
        assert retry_after > longest
    else:
        assert (retry_after or 0) <= wait <= longest
        assert wait >= min(longest, first * 2 ** min(attempt, 64)) / 2


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"first_wait": -1.0}, {"longest_wait": -1.0}])
def test_retries_without_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="allow one attempt"):
        Retries(**wrong)
