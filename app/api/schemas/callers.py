"""What callers and their keys look like on the wire. A key's secret is in one answer only, the one that makes it."""

from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.identity.issue import IssuedKey
from app.identity.store import StoredCaller, StoredKey
from app.kernel.clock import rfc3339
from app.kernel.ids import text_of


class CallerIn(BaseModel):
    """A caller to create."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "shipping-integration", "roles": ["shipping"]}]},
    )

    name: Annotated[str, StringConstraints(strict=True, max_length=64)]
    roles: Annotated[
        list[Annotated[str, StringConstraints(strict=True, max_length=64)]], Field(max_length=32)
    ]


class KeyOut(BaseModel):
    """A key as it is known."""

    id: str
    created_at: str
    revoked_at: str | None


class CallerOut(BaseModel):
    """A caller and its keys."""

    id: str
    name: str
    roles: list[str]
    state: str
    created_at: str
    keys: list[KeyOut]


class CallersOut(BaseModel):
    """All callers, by name."""

    items: list[CallerOut]
    next: None


class NewKeyOut(BaseModel):
    """A new key; `key` is shown this once."""

    id: str
    caller: str
    key: str


def caller_json(stored: StoredCaller, keys: list[StoredKey]) -> dict[str, Any]:
    """A caller as the API shows it."""
    return {
        "id": text_of("clr", stored.caller.id),
        "name": stored.caller.name,
        "roles": sorted(stored.caller.roles),
        "state": stored.state.value,
        "created_at": rfc3339(stored.created_at),
        "keys": [
            {
                "id": text_of("key", key.id),
                "created_at": rfc3339(key.created_at),
                "revoked_at": key.revoked_at and rfc3339(key.revoked_at),
            }
            for key in keys
            if key.caller == stored.caller.id
        ],
    }


def new_key_json(issued: IssuedKey) -> dict[str, Any]:
    """A new key with its secret."""
    return {"id": text_of("key", issued.id), "caller": text_of("clr", issued.caller), "key": issued.secret}


CALLER_EXAMPLE: Final[dict[str, Any]] = {
    "id": "clr_01k9v3a1b2b8sc3d4e5f6g7h8j",
    "name": "shipping-integration",
    "roles": ["shipping"],
    "state": "active",
    "created_at": "2026-11-22T08:00:00.000Z",
    "keys": [],
}
NEW_KEY_EXAMPLE: Final[dict[str, Any]] = {
    "id": "key_01k9v3a1c4b8se5f6g7h8j9k0m",
    "caller": "clr_01k9v3a1b2b8sc3d4e5f6g7h8j",
    "key": "kin_shop_…",
}
