"""Callers and their keys: who may speak to the vault."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field

from kin_client.answer import Model, checked, parsed
from kin_client.operation import Operation, Page, Pages, get, post
from kin_client.spelling import check_id


class Key(Model):
    """A key as it is known: never its secret."""

    id: str
    created_at: datetime
    revoked_at: datetime | None = None


class Caller(Model):
    """A service or a person, with the roles of the notice."""

    id: str
    name: str
    roles: tuple[str, ...]
    state: str
    created_at: datetime
    keys: tuple[Key, ...] = ()


class IssuedKey(Model):
    """A new key; this is the only time that `key` is shown, and a `repr` does not show it."""

    id: str
    caller: str
    key: str = Field(repr=False)


class _CallerPage(Model):
    items: tuple[Caller, ...]
    next: str | None = None


def list_callers() -> Pages[Caller]:
    """All callers, by name."""

    def fetch(cursor: str | None) -> Operation[Page[Caller]]:
        page = parsed(_CallerPage, (yield get("/v1/callers", {"cursor": cursor})))
        return Page(page.items, page.next)

    return Pages(fetch)


def create_caller(name: str, roles: Sequence[str]) -> Operation[Caller]:
    """A new caller, still without a key."""
    return parsed(Caller, (yield post("/v1/callers", {"name": name, "roles": list(roles)})))


def issue_key(caller: str) -> Operation[IssuedKey]:
    """A new key for a caller; older ones go on until they are revoked."""
    return parsed(IssuedKey, (yield post(f"/v1/callers/{check_id('clr', caller)}/keys")))


def revoke_key(caller: str, key: str) -> Operation[None]:
    """End a key at once."""
    path = f"/v1/callers/{check_id('clr', caller)}/keys/{check_id('key', key)}/revoke"
    checked((yield post(path)))


def disable_caller(caller: str) -> Operation[None]:
    """Stop a caller and all its keys at once."""
    checked((yield post(f"/v1/callers/{check_id('clr', caller)}/disable")))
