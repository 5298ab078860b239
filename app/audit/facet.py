"""What an event can be asked by, as words, and where in the log a word is to be found.

The log is looked into by blocks of ids, some four seconds of events each: a word's blocks are an index that costs a few rows a
block instead of some twenty an event (docs/adr/0010-sequencing-the-audit-log.md). A block says where to look; the event's
own columns decide.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final
from uuid import UUID

from app.audit.event import Event

# Ids are UUIDv7: 48 bits of milliseconds on top. 12 of them, 4.096 seconds, and all below are one block.
_BLOCK_BITS: Final = 80 + 12
_FIELD_IN_FORM: Final = 2


class Facet(StrEnum):
    """What a word says something about; those that narrow most come first."""

    CASE = "case"
    RECIPIENT = "recipient"
    CLAUSE = "clause"
    FIELD = "field"
    NOTICE = "notice"
    PURPOSE = "purpose"
    COLLECTION = "collection"
    ROLE = "role"
    FORM = "form"
    ACTION = "action"
    OUTCOME = "outcome"


def word(facet: Facet, value: object) -> str:
    """`role:support`."""
    return f"{facet.value}:{value}"


def field_in_form(field: str, form: str) -> str:
    """`phone=masked`."""
    return f"{field}={form}"


def breadth(one: str) -> int:
    """How little a word narrows; a field in a form narrows as much as a clause."""
    kind = one.partition(":")[0]
    return list(Facet).index(Facet(kind)) if kind in set(Facet) else _FIELD_IN_FORM


def words_of(event: Event, facets: str) -> Iterator[str]:
    """The words of one event whose facets are known as they are stored (`|role:support|…|`)."""
    yield from facets[1:-1].split("|") if facets != "|" else ()
    yield word(Facet.ACTION, event.action.value)
    yield word(Facet.OUTCOME, event.outcome.value)
    if event.purpose is not None:
        yield word(Facet.PURPOSE, event.purpose)
    if event.collection is not None:
        yield word(Facet.COLLECTION, event.collection)
    if event.recipient is not None:
        yield word(Facet.RECIPIENT, event.recipient)
    if event.case is not None:
        yield word(Facet.CASE, event.case)
    if event.notice is not None:
        yield word(Facet.NOTICE, event.notice.version)


def block_of(event: int) -> int:
    """The number of the block that an event with this id, as a number, is in."""
    return event >> _BLOCK_BITS


def ids_of(block: int) -> tuple[UUID, UUID]:
    """The first and the last id of a block."""
    return UUID(int=block << _BLOCK_BITS), UUID(int=(block + 1 << _BLOCK_BITS) - 1)


def is_block(first: UUID, last: UUID) -> bool:
    """Whether these are the first and the last id of one block."""
    return ids_of(block_of(first.int)) == (first, last)
