"""Tokens: what a record's field is passed outside as, and what its recipient turns it back into."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from kin_client.answer import Model, Receipt, parsed
from kin_client.batch import Batch, batched, body, split
from kin_client.operation import Operation, Request, get, post
from kin_client.spelling import asking, check_id, iso_8601


class IssuedToken(Model):
    """A token for one field, or the reason why there is none. Its text never shows in a `repr`."""

    field: str
    token: str | None = Field(default=None, repr=False)
    expires_at: datetime | None = None
    uses: int | None = None
    reason: str | None = None


class IssuedTokens(Model):
    """The tokens of one call."""

    items: tuple[IssuedToken, ...]
    receipt: Receipt


class ResolvedToken(Model):
    """A token's field in the form the notice grants its recipient."""

    token: str = Field(repr=False)
    collection: str
    field: str
    form: str
    value: Any = Field(default=None, repr=False)


class ListedToken(Model):
    """A token that is out, without its text."""

    field: str
    purpose: str
    recipient: str | None = None
    issued_at: datetime | None = None
    expires_at: datetime
    uses: int | None = None


class Revoked(Model):
    """How many tokens have ended."""

    revoked: int
    receipt: Receipt


class _Listed(Model):
    items: tuple[ListedToken, ...]


def issue_tokens(
    record: str,
    fields: Sequence[str],
    *,
    purpose: str,
    recipient: str | None = None,
    expires_in: timedelta | None = None,
    uses: int | None = None,
    case: str | None = None,
    order: str | None = None,
) -> Operation[IssuedTokens]:
    """A token for each field, for this purpose and the outside caller `recipient` (None: any the notice lets resolve it).

    Without `expires_in` a token lives as long as the notice says; without `uses` it is not used up.
    """
    document: dict[str, Any] = {"record": check_id("rec", record), "fields": list(fields), "purpose": purpose}
    if recipient is not None:
        document["recipient"] = check_id("clr", recipient)
    if expires_in is not None:
        document["expires_in"] = iso_8601(expires_in)
    if uses is not None:
        document["uses"] = uses
    return parsed(IssuedTokens, (yield post("/v1/tokens", document, asking(purpose, case, order))))


def resolve_tokens(
    tokens: Iterable[str], *, purpose: str, case: str | None = None
) -> Operation[Batch[ResolvedToken]]:
    """What any number of tokens stand for: a value or `NotFound` for each, in order.

    Each attempt is decided anew. `NotFound` for a token of limited uses can also mean that its last use was taken and
    the answer lost: ask for another token.
    """
    headers = asking(purpose, case)

    def ask(_number: int, group: list[bytes]) -> Request:
        return post("/v1/tokens/resolve", body("tokens", group, {}), headers)

    return (yield from batched(split(tokens), ask, ResolvedToken))


def revoke_tokens(*, tokens: Sequence[str] = (), record: str | None = None) -> Operation[Revoked]:
    """End these tokens (1,000 at most) at once, or all of a record."""
    if bool(tokens) == (record is not None):
        raise ValueError("name tokens or a record")
    document = {"tokens": list(tokens)} if record is None else {"record": check_id("rec", record)}
    return parsed(Revoked, (yield post("/v1/tokens/revoke", document)))


def list_tokens(record: str) -> Operation[tuple[ListedToken, ...]]:
    """The live tokens of a record, without their texts."""
    answer = yield get("/v1/tokens", {"record": check_id("rec", record)})
    return parsed(_Listed, answer).items
