"""Kinds and statuses: each kind has one row, and the statuses are those that the API's contract promises."""

from app.kernel.errors import Kind
from app.web.problems import PROBLEMS

CONTRACT = {
    "bad-request": 400,
    "purpose-required": 400,
    "unauthenticated": 401,
    "not-permitted": 403,
    "disclosure-denied": 403,
    "not-found": 404,
    "conflict": 409,
    "idempotency-in-flight": 409,
    "precondition-failed": 412,
    "too-large": 413,
    "invalid": 422,
    "not-covered": 422,
    "idempotency-mismatch": 422,
    "too-many-requests": 429,
    "unavailable": 503,
}


def test_every_kind_has_a_row_and_every_row_a_kind() -> None:
    assert set(PROBLEMS) == set(Kind)


def test_the_contract_is_kept() -> None:
    assert {code: PROBLEMS[Kind(code)].status for code in CONTRACT} == CONTRACT
