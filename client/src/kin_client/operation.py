"""What is asked of the vault, as values: requests, and operations that yield them and take answers until they have a result.

An operation is a generator and does no I/O, so one text of it serves the blocking and the asynchronous vault. It decides
what is sent and what an answer means; when to try again is decided in `retry`.
"""

import json
import re
import uuid
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Final, Generic, TypeVar

import httpx

from kin_client.spelling import check_key

T = TypeVar("T")
_HALF_PAIR: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Every one may be sent again: a POST has an idempotency key, a PATCH names the version it changes.

    `patient` is False where an unavailable vault is an answer, not a reason to wait.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    patient: bool = True


Operation = Generator[Request, httpx.Response, T]
"""Yields requests, is sent their answers, returns the result; raises `VaultError`, or ValueError for a misuse."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list, and where the next part begins."""

    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Pages(Generic[T]):
    """A list that comes in parts: the operation that fetches the part behind a cursor (None: the first)."""

    fetch: Callable[[str | None], Operation[Page[T]]]


def get(path: str, params: Mapping[str, str | None], headers: Mapping[str, str] | None = None) -> Request:
    """A question; parameters without a value are left out."""
    given = {name: value for name, value in params.items() if value is not None}
    return Request("GET", path, given, headers or {})


def post(
    path: str, document: Any = None, headers: Mapping[str, str] | None = None, *, key: str | None = None
) -> Request:
    """A document sent once, however often it has to be repeated: with `key`, or with a new idempotency key."""
    unique = str(uuid.uuid4()) if key is None else check_key(key)
    sent = with_body("POST", path, {} if document is None else document, headers)
    return replace(sent, headers={**sent.headers, "Idempotency-Key": unique})


def with_body(method: str, path: str, document: Any, headers: Mapping[str, str] | None = None) -> Request:
    """A request with a JSON body; a document that is bytes is one already."""
    body = document if isinstance(document, bytes) else encoded(document)
    return Request(method, path, {}, {**(headers or {}), "Content-Type": "application/json"}, body)


def encoded(document: Any) -> bytes:
    """JSON in UTF-8, dates as YYYY-MM-DD. TypeError or ValueError for what JSON cannot hold, without the value."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
    if _HALF_PAIR.search(text):  # the codec's own error would hold the whole text
        raise ValueError("a text holds half of a surrogate pair; leave it out")
    return text.encode()


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(
        f"a value of type {type(value).__name__} cannot be stored; give text, a number, a date or an object"
    )
