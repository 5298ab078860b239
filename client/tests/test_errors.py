"""Which exception an answer becomes, and that none of them carries more than the vault's own words."""

import pickle

import httpx
import pytest

from kin_client import errors
from kin_client.errors import Denied, Invalid, NotCovered, Unavailable, Unexpected, VaultError, error_of

CODES = {
    "bad-request": (400, "BadRequest"),
    "purpose-required": (400, "BadRequest"),
    "unauthenticated": (401, "Unauthenticated"),
    "not-permitted": (403, "NotPermitted"),
    "disclosure-denied": (403, "Denied"),
    "not-found": (404, "NotFound"),
    "method-not-allowed": (405, "Unexpected"),
    "conflict": (409, "Conflict"),
    "idempotency-in-flight": (409, "Conflict"),
    "precondition-failed": (412, "PreconditionFailed"),
    "precondition-required": (428, "PreconditionFailed"),
    "too-large": (413, "TooLarge"),
    "unsupported-media-type": (415, "BadRequest"),
    "invalid": (422, "Invalid"),
    "not-covered": (422, "NotCovered"),
    "idempotency-mismatch": (422, "IdempotencyMismatch"),
    "too-many-requests": (429, "TooManyRequests"),
    "internal": (500, "Unexpected"),
    "unavailable": (503, "Unavailable"),
}


def answer(status: int, document: object, media_type: str = "application/problem+json") -> httpx.Response:
    return httpx.Response(status, json=document, headers={"Content-Type": media_type})


def problem(code: str, status: int, **more: object) -> httpx.Response:
    return answer(status, {"code": code, "status": status, "detail": "words", "request_id": "req_1", **more})


@pytest.mark.parametrize("code", CODES)
def test_each_code_has_its_class(code: str) -> None:
    status, name = CODES[code]
    error = error_of(problem(code, status))
    assert type(error) is getattr(errors, name)
    assert (error.code, error.problem.status, error.request_id) == (code, status, "req_1")
    assert str(error) == f"words ({code}, req_1)"


def test_a_code_of_a_later_vault_falls_into_the_family_of_its_status() -> None:
    assert isinstance(error_of(problem("budget-exceeded", 429)), errors.TooManyRequests)
    assert isinstance(error_of(problem("something-else", 418)), Unexpected)


def test_a_denial_says_why_and_where_it_is_on_record() -> None:
    error = error_of(problem("disclosure-denied", 403, reasons={"phone": "needs-case"}, event="evt_1"))
    assert isinstance(error, Denied)
    assert (dict(error.reasons), error.event) == ({"phone": "needs-case"}, "evt_1")
    assert str(error) == "words (disclosure-denied, req_1); phone: needs-case"


def test_mistakes_are_told_by_place() -> None:
    mistakes = [{"pointer": "/fields/phone", "code": "bad-phone", "detail": "give a number", "later": 1}]
    error = error_of(problem("not-covered", 422, errors=mistakes))
    assert isinstance(error, NotCovered)
    assert isinstance(error, Invalid)
    assert [(e.pointer, e.code, e.detail) for e in error.errors] == [
        ("/fields/phone", "bad-phone", "give a number")
    ]
    assert str(error).endswith("; /fields/phone: give a number")


@pytest.mark.parametrize(
    "foreign",
    [
        httpx.Response(403, html="<p>Nguyễn Văn An may not</p>"),
        answer(404, {"code": "not-found", "status": 404, "detail": "Nguyễn Văn An"}, "application/json"),
        answer(422, {"detail": [{"input": "Nguyễn Văn An"}]}),
        answer(404, {"status": "Nguyễn Văn An", "code": "not-found"}),
        answer(400, ["Nguyễn Văn An"]),
        httpx.Response(302, headers={"Location": "https://elsewhere.example/Nguyen"}),
        httpx.Response(400, content=b"\xff", headers={"Content-Type": "application/problem+json"}),
    ],
    ids=lambda foreign: str(foreign.status_code),
)
def test_what_is_not_the_vaults_problem_is_unexpected_and_not_repeated(foreign: httpx.Response) -> None:
    error = error_of(foreign)
    assert type(error) is Unexpected
    assert "Nguy" not in f"{error} {error!r} {error.__context__!r}"
    assert error.problem.status == foreign.status_code


def test_a_proxy_in_trouble_is_an_unavailable_vault() -> None:
    error = error_of(httpx.Response(504, html="<p>late</p>", headers={"Retry-After": "2"}))
    assert isinstance(error, Unavailable)
    assert error.retry_after == 2


def test_errors_travel_between_processes() -> None:
    error = error_of(problem("disclosure-denied", 403, reasons={"phone": "needs-case"}))
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is Denied
    assert (copy.problem, str(copy)) == (error.problem, str(error))


def test_every_exception_is_a_vault_error() -> None:
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, Exception)]
    assert len(classes) > 10
    assert all(issubclass(c, VaultError) for c in classes if c.__module__ == errors.__name__)
