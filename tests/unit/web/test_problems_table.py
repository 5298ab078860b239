"""The table from kinds to statuses is complete and is the API's."""

import json

from app.kernel.errors import FieldError, Kind
from app.web.problems import PROBLEMS, problem_response

STATUSES = {
    400: {"bad-request", "purpose-required"},
    401: {"unauthenticated"},
    403: {"not-permitted", "disclosure-denied"},
    404: {"not-found"},
    405: {"method-not-allowed"},
    409: {"conflict", "idempotency-in-flight"},
    412: {"precondition-failed"},
    413: {"too-large"},
    415: {"unsupported-media-type"},
    422: {"invalid", "not-covered", "idempotency-mismatch"},
    428: {"precondition-required"},
    429: {"too-many-requests"},
    500: {"internal"},
    503: {"unavailable"},
}


def test_every_kind_has_the_status_that_the_api_promises() -> None:
    assert {kind.value: row.status for kind, row in PROBLEMS.items()} == {
        code: status for status, codes in STATUSES.items() for code in codes
    }
    assert set(PROBLEMS) == set(Kind)


def test_a_problem_has_every_member_it_was_given_and_no_empty_one() -> None:
    full = problem_response(
        Kind.DISCLOSURE_DENIED,
        "no field is granted for this purpose",
        request_id="req_1",
        errors=[FieldError("/fields/phone", "unknown", "is not a field of this collection")],
        reasons={"phone": "not-granted"},
        event="evt_1",
        headers={"X-Note": "a"},
        extra={"limit": 5},
    )
    assert json.loads(bytes(full.body)) == {
        "type": "urn:kin:problem:disclosure-denied",
        "title": "Disclosure denied",
        "status": 403,
        "detail": "no field is granted for this purpose",
        "code": "disclosure-denied",
        "request_id": "req_1",
        "errors": [
            {"pointer": "/fields/phone", "code": "unknown", "detail": "is not a field of this collection"}
        ],
        "reasons": {"phone": "not-granted"},
        "event": "evt_1",
        "limit": 5,
    }
    assert (full.status_code, full.media_type, full.headers["x-note"]) == (
        403,
        "application/problem+json",
        "a",
    )
    bare = problem_response(Kind.UNAVAILABLE, "try again", request_id="req_1")
    assert set(json.loads(bytes(bare.body))) == {"type", "title", "status", "detail", "code", "request_id"}
    assert bare.headers["retry-after"] == "1"
