"""What is asked: the bytes of the requests, and the records they ask for.

The reference case is a buyer's record with six fields, all opened and shown in plain: a privacy officer reads it for
`subject-request`, naming a case. The checkout stores it for `order` with two bindings; each store is a new person.
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


def submission(number: int) -> Submission:
    """The buyer of this number, as the use case takes it."""
    return Submission(
        collection="buyer",
        reference=Plaintext(f"bench-{number}"),
        subject=None,
        purposes=[PurposeOpened(purpose, reference) for purpose, reference in _PURPOSES],
        consents=[],
        fields={name: Plaintext(value) for name, value in _FIELDS.items()},
    )


def reads(officer: CallerKey, records: Sequence[str]) -> Iterator[bytes]:
    """`GET` of one record after the other, round and round."""
    head = _headers(officer, "subject-request", "Vault-Case: CASE-1\r\n")
    return itertools.cycle(
        [f"GET /v1/records/{record} HTTP/1.1\r\n{head}\r\n".encode() for record in records]
    )


def stores(checkout: CallerKey, numbers: Iterator[int]) -> Iterator[bytes]:
    """`POST` of one new buyer after the other, each with six fields and two bindings."""
    head = _headers(checkout, "order", "Content-Type: application/json\r\n")
    for number in numbers:
        body = json.dumps(
            {
                "collection": "buyer",
                "subject": {"ref": f"stored-{number}"},
                "purposes": [{"purpose": purpose, "ref": reference} for purpose, reference in _PURPOSES],
                "fields": _FIELDS,
            },
            ensure_ascii=False,
        ).encode()
        yield f"POST /v1/records HTTP/1.1\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _headers(caller: CallerKey, purpose: str, more: str) -> str:
    return f"Host: 127.0.0.1\r\nAuthorization: Bearer {caller.key}\r\nVault-Purpose: {purpose}\r\n{more}"
