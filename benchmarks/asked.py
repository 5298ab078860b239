"""What is asked: the bytes of the requests, and the records they ask for.

The reference case is a buyer's record with six fields, all opened and shown in plain: a privacy officer reads it for
`subject-request`, naming a case. The checkout stores it for `order` with two bindings; each store is a new person. A carrier
resolves tokens of addresses; those that count their uses have more of them than a measurement takes.
"""

import itertools
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from app.kernel.plaintext import Plaintext
from app.vault.submission import PurposeOpened, Submission
from tests.support.vaults import CallerKey

_FIELDS: Final[dict[str, Any]] = {
    "full_name": "Nguyễn Văn An",
    "email": "an.nguyen@example.com",
    "phone": "0903 123 456",
    "address": {
        "lines": ["12 Nguyễn Huệ"],
        "ward": "Phường Sài Gòn",
        "province": "Thành phố Hồ Chí Minh",
        "country": "VN",
    },
    "birth_date": "1990-05-17",
    "gender": "male",
}
_PURPOSES: Final = (("order", "order-1001"), ("customer-care", "order-1001"))


READ_AT_ONCE: Final = 100
STORED_AT_ONCE: Final = 500
MOST_USES: Final = 1_000_000
_ASIDE: Final = 50_000_000  # numbers of what is stored under load, apart from what was there before


def submission(number: int) -> Submission:
    """The buyer of this number, as the use case takes it; the telephone number is theirs alone."""
    return Submission(
        collection="buyer",
        reference=Plaintext(f"bench-{number}"),
        subject=None,
        purposes=[PurposeOpened(purpose, reference) for purpose, reference in _PURPOSES],
        consents=[],
        fields={name: Plaintext(value) for name, value in _fields(number).items()},
    )


def parcel(number: int) -> Submission:
    """What a carrier's token is issued for: where a parcel goes."""
    fields = {"recipient": _FIELDS["full_name"], "phone": _phone(number), "address": _FIELDS["address"]}
    return Submission(
        collection="delivery",
        reference=Plaintext(f"bench-{number}"),
        subject=None,
        purposes=[PurposeOpened("delivery", "order-1001")],
        consents=[],
        fields={name: Plaintext(value) for name, value in fields.items()},
    )


def reads(officer: CallerKey, records: Sequence[str]) -> Iterator[bytes]:
    """`GET` of one record after the other, round and round."""
    head = _headers(officer, "subject-request", "Vault-Case: CASE-1\r\n")
    return itertools.cycle(
        [f"GET /v1/records/{record} HTTP/1.1\r\n{head}\r\n".encode() for record in records]
    )


def batch_reads(officer: CallerKey, records: Sequence[str]) -> Iterator[bytes]:
    """Batches of records, all six fields of each, round and round."""
    batches = [records[i : i + READ_AT_ONCE] for i in range(0, len(records), READ_AT_ONCE)]
    whole = [batch for batch in batches if len(batch) == READ_AT_ONCE]
    case = "Vault-Case: CASE-1\r\n"
    return itertools.cycle(
        [_post("/v1/records/read", officer, "subject-request", {"ids": batch}, case) for batch in whole]
    )


def searches(officer: CallerKey, numbers: int) -> Iterator[bytes]:
    """Searches for a telephone number that one buyer has."""
    case = "Vault-Case: CASE-1\r\n"
    asked = ({"collection": "buyer", "field": "phone", "equals": _phone(number)} for number in range(numbers))
    return itertools.cycle(
        [_post("/v1/records/search", officer, "subject-request", body, case) for body in asked]
    )


def resolutions(carrier: CallerKey, tokens: Sequence[str]) -> Iterator[bytes]:
    """One token after the other, each alone, round and round."""
    return itertools.cycle(
        [_post("/v1/tokens/resolve", carrier, "delivery", {"tokens": [token]}) for token in tokens]
    )


def stores(checkout: CallerKey, numbers: Iterator[int]) -> Iterator[bytes]:
    """`POST` of one new buyer after the other, each with six fields and two bindings."""
    for number in numbers:
        yield _post("/v1/records", checkout, "order", _buyer(number))


def batch_stores(checkout: CallerKey, numbers: Iterator[int]) -> Iterator[bytes]:
    """Batches of such buyers."""
    while batch := [_buyer(number) for number in itertools.islice(numbers, STORED_AT_ONCE)]:
        yield _post("/v1/records/store", checkout, "order", {"records": batch})


def _buyer(number: int) -> dict[str, Any]:
    return {
        "collection": "buyer",
        "subject": {"ref": f"stored-{number}"},
        "purposes": [{"purpose": purpose, "ref": reference} for purpose, reference in _PURPOSES],
        "fields": _fields(_ASIDE + number),
    }


def _fields(number: int) -> dict[str, Any]:
    return {**_FIELDS, "phone": _phone(number), "email": f"an.nguyen.{number}@example.com"}


def _phone(number: int) -> str:
    return f"09{number:08d}"


def _post(path: str, caller: CallerKey, purpose: str, document: object, more: str = "") -> bytes:
    body = json.dumps(document, ensure_ascii=False).encode()
    head = _headers(caller, purpose, f"Content-Type: application/json\r\n{more}")
    return f"POST {path} HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _headers(caller: CallerKey, purpose: str, more: str) -> str:
    return f"Host: 127.0.0.1\r\nAuthorization: Bearer {caller.key}\r\nVault-Purpose: {purpose}\r\n{more}"
