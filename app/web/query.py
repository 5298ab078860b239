"""What a query string may say: each name once, no name the operation does not know. Addresses never carry personal data."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from starlette.requests import Request

from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.ids import Prefix, parse_id

T = TypeVar("T")


def query(request: Request, known: Collection[str]) -> Mapping[str, str]:
    """The parameters; `bad-request` for an unknown or repeated one."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            raise VaultError(
                Kind.BAD_REQUEST, "an unknown parameter was sent; known are: " + ", ".join(sorted(known))
            )
        if name in found:
            raise VaultError(Kind.BAD_REQUEST, f"the parameter {name} was sent twice; send it once")
        found[name] = value
    return found


def parameter(found: Mapping[str, str], name: str, read: Callable[[str], T], otherwise: str) -> T | None:
    """One parameter as `read` understands it; `invalid` with the words of `otherwise` when it raises ValueError."""
    if name not in found:
        return None
    try:
        return read(found[name])
    except (ValueError, OverflowError):
        raise refused(name, otherwise) from None


def refused(name: str, detail: str) -> VaultError:
    """The `invalid` of one parameter."""
    return VaultError(
        Kind.INVALID,
        "a parameter cannot be used; see errors",
        errors=(FieldError(f"/{name}", "bad-parameter", detail),),
    )


def id_parameter(found: Mapping[str, str], name: str, prefix: Prefix) -> UUID | None:
    """An id given as a parameter."""
    return parameter(
        found, name, lambda text: parse_id(prefix, text), f"give an id that begins with {prefix}_"
    )


def word_parameter(found: Mapping[str, str], name: str, words: type[StrEnum]) -> str | None:
    """A word of a closed list given as a parameter."""
    return parameter(found, name, lambda text: words(text).value, "use one of: " + ", ".join(words))


def time_parameter(found: Mapping[str, str], name: str) -> datetime | None:
    """A time given as a parameter (RFC 3339, with its offset)."""
    return parameter(found, name, _moment, "use a time with its offset, such as 2026-11-22T08:00:00Z")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("without an offset")
    return moment


def version_number(text: str) -> int:
    """The number of a notice version; ValueError for what no version can have."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError("not the number of a version")
    return int(text)


def path_id(request: Request, name: str, prefix: Prefix) -> UUID | None:
    """The id in the path; None for what is not an id, which is then not found like any other."""
    try:
        return parse_id(prefix, request.path_params[name])
    except ValueError:
        return None


def page_size(found: Mapping[str, str], otherwise: int, largest: int) -> int:
    """The parameter `limit`, from 1 to `largest`; `otherwise` when it is not given."""

    def read(text: str) -> int:
        size = int(text)
        if not 1 <= size <= largest:
            raise ValueError("out of range")
        return size

    return parameter(found, "limit", read, f"use a number from 1 to {largest}") or otherwise
