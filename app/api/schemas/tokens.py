"""What tokens look like on the wire. A token's text is in the answer that issues it, and where its holder sends it back."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.api.schemas.receipt import RECEIPT_EXAMPLE, BatchReceiptOut, ReceiptOut
from app.kernel.clock import rfc3339
from app.kernel.ids import text_of
from app.vault.store import ANYONE, TokenRow

_Token = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]
_Record = Annotated[str, StringConstraints(strict=True, pattern=r"^rec_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
TOKEN_EXAMPLE: Final = "tok_0b8sa3q7m5e2t4x6z0b8sa3q7m5e"


class TokenIn(BaseModel):
    """Tokens to issue."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "record": "rec_01k9v3c8w0b8sa3q7m5e2t4x6z",
                    "fields": ["address"],
                    "purpose": "delivery",
                    "recipient": "clr_01k9v3a1b2b8sc3d4e5f6g7h8j",
                    "expires_in": "P7D",
                    "uses": 1,
                }
            ]
        },
    )

    record: _Record
    fields: Annotated[
        list[Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]],
        Field(min_length=1, max_length=100),
    ]
    purpose: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9-]{1,64}$")]
    recipient: (
        Annotated[str, StringConstraints(strict=True, pattern=r"^clr_[0-7][0-9a-hjkmnp-tv-z]{25}$")] | None
    ) = None
    expires_in: Annotated[str, StringConstraints(strict=True, max_length=32)] | None = None
    uses: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None


class IssuedTokenOut(BaseModel):
    """A field's token, or why there is none."""

    field: str
    token: str | None = None
    expires_at: str | None = None
    uses: int | None = None
    form: str | None = None
    reason: str | None = None


class IssuedTokensOut(BaseModel):
    """Tokens by field."""

    items: list[IssuedTokenOut]
    receipt: ReceiptOut


class ResolveIn(BaseModel):
    """Tokens to resolve."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"tokens": [TOKEN_EXAMPLE]}]})

    tokens: Annotated[list[_Token], Field(min_length=1, max_length=1000)]


class ResolvedOut(BaseModel):
    """A token's field in its form, or a problem."""

    token: str
    collection: str | None = None
    field: str | None = None
    form: str | None = None
    value: Any = None
    problem: dict[str, Any] | None = None


class ResolvedListOut(BaseModel):
    """One result a token, in order."""

    items: list[ResolvedOut]
    receipt: BatchReceiptOut


class RevokeIn(BaseModel):
    """Tokens to revoke: by their texts, or all of a record."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"tokens": [TOKEN_EXAMPLE]}]})

    tokens: Annotated[list[_Token], Field(min_length=1, max_length=1000)] | None = None
    record: _Record | None = None

    @model_validator(mode="after")
    def one_of_both(self) -> "RevokeIn":
        """Exactly one way to say which."""
        if (self.tokens is None) == (self.record is None):
            raise ValueError("name tokens or a record")
        return self


class RevokedOut(BaseModel):
    """How many tokens ended."""

    revoked: int
    receipt: ReceiptOut


class TokenOut(BaseModel):
    """A live token, without its text."""

    field: str
    purpose: str
    recipient: str | None
    issued_at: str
    expires_at: str
    uses: int | None


class TokensOut(BaseModel):
    """The live tokens of a record."""

    items: list[TokenOut]
    next: None


def token_json(row: TokenRow) -> dict[str, Any]:
    """A live token as the API lists it."""
    return {
        "field": row.field,
        "purpose": row.purpose,
        "recipient": None if row.recipient == ANYONE else text_of("clr", row.recipient),
        "issued_at": row.issued_at and rfc3339(row.issued_at),
        "expires_at": rfc3339(row.expires_at),
        "uses": row.uses_left,
    }


ISSUED_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {"field": "address", "token": TOKEN_EXAMPLE, "expires_at": "2026-11-29T08:00:00.000Z", "uses": 1}
    ],
    "receipt": RECEIPT_EXAMPLE | {"purpose": "delivery", "clauses": {"address": "third-parties"}},
}
RESOLVED_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "token": TOKEN_EXAMPLE,
            "collection": "delivery",
            "field": "address",
            "form": "plain",
            "value": {"lines": ["12 Nguyễn Huệ"], "province": "Thành phố Hồ Chí Minh", "country": "VN"},
        }
    ],
    "receipt": {"events": ["evt_01k9v3c8w0b8sa3q7m5e2t4x6z"], "outcome": "allowed", "purpose": "delivery"},
}
REVOKED_EXAMPLE: Final[dict[str, Any]] = {
    "revoked": 1,
    "receipt": RECEIPT_EXAMPLE | {"purpose": None, "clauses": {"address": "third-parties"}},
}
TOKENS_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "field": "address",
            "purpose": "delivery",
            "recipient": None,
            "issued_at": "2026-11-22T08:00:00.000Z",
            "expires_at": "2026-11-29T08:00:00.000Z",
            "uses": 1,
        }
    ],
    "next": None,
}
