"""Many things in one call: split into as many requests as the vault's limits need, and each item's own result or problem.

Items succeed or fail alone. So do requests: the results of one are not lost because another failed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError

from kin_client.answer import M, Model, parsed
from kin_client.errors import (
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    VaultError,
    item_error,
    unexpected,
)
from kin_client.operation import Operation, Request, encoded

T = TypeVar("T")

MOST_ITEMS: Final = 1000
MOST_BYTES: Final = 1_000_000  # of items; the vault takes bodies of 1 MiB, and the rest of the body is small
_FOR_ALL: Final = (Unauthenticated, TooManyRequests, Unavailable)


class BatchReceipt(Model):
    """What is on record about a request for many things: the audit events of its items, in their order."""

    events: tuple[str, ...] = ()
    outcome: str
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """A result or a `VaultError` for each item, in the order in which they were given, and a receipt for each request."""

    items: tuple[T | VaultError, ...]
    receipts: tuple[BatchReceipt, ...]

    def results(self) -> tuple[T, ...]:
        """All results; raises the first error if there is one."""
        found: list[T] = []
        for item in self.items:
            if isinstance(item, VaultError):
                raise item
            found.append(item)
        return tuple(found)


class _Answered(Model):
    items: tuple[Mapping[str, Any], ...]
    receipt: BatchReceipt | None = None


def split(items: Iterable[Any]) -> Iterator[list[bytes]]:
    """The items as JSON, in groups that fit into one request each."""
    group: list[bytes] = []
    size = 0
    for item in map(encoded, items):
        if group and (len(group) == MOST_ITEMS or size + len(item) + 1 > MOST_BYTES):
            yield group
            group, size = [], 0
        group.append(item)
        size += len(item) + 1
    if group:
        yield group


def body(member: str, group: list[bytes], more: Mapping[str, Any]) -> bytes:
    """A document whose `member` is a group of items already written as JSON."""
    rest = encoded(dict(more))
    comma = b"," if rest != b"{}" else b""
    return b'{"' + member.encode() + b'":[' + b",".join(group) + b"]" + comma + rest[1:]


def batched(
    groups: Iterable[list[bytes]], ask: Callable[[int, list[bytes]], Request], model: type[M]
) -> Operation[Batch[M]]:
    """Every group in turn; `ask` makes the request of the group of this number.

    A request that fails gives its error to each of its items, and to all that follow when it would fail for them too
    (nothing more is sent then). It is raised only when no request has succeeded. An item that can never be sent raises
    before anything is sent.
    """
    items: list[M | VaultError] = []
    receipts: list[BatchReceipt] = []
    first: VaultError | None = None
    last: VaultError | None = None
    succeeded = False
    for number, group in enumerate(list(groups)):
        if not isinstance(last, _FOR_ALL):
            try:
                answered = parsed(_Answered, (yield ask(number, group)))
                found = _results(answered.items, len(group), model)
            except VaultError as error:
                last, first = error, first or error
            else:
                last, succeeded = None, True
                receipts += [answered.receipt] if answered.receipt else []
                items += found
                continue
        if last is not None:
            items += [last] * len(group)
    if first is not None and not succeeded:
        raise first
    return Batch(tuple(items), tuple(receipts))


def _results(items: Sequence[Mapping[str, Any]], expected: int, model: type[M]) -> list[M | VaultError]:
    if len(items) != expected:
        raise unexpected("the answer does not have an item for each that was asked for")
    return [_result(item, model) for item in items]


def _result(item: Mapping[str, Any], model: type[M]) -> M | VaultError:
    problem = item.get("problem")
    if isinstance(problem, Mapping):
        return item_error(problem)
    if "code" in item and "status" in item:
        return item_error(item)
    try:
        return model.model_validate(item)
    except ValidationError:
        return unexpected("an item of the answer does not have the shape this client knows")
