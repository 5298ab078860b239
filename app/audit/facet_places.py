"""Where in the log a word is to be found: single events when it is rare among its neighbours, else the block they are in.

A common word costs a row a block, a rare one a row an event; so a question by a rare word reads the events it finds, and not
the thousands around them (docs/adr/0010-sequencing-the-audit-log.md). Pure; rows are `facet_store`'s.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple
from uuid import UUID

from app.audit.facet import ids_of, words_of

# A word is rare where at most one in so many events of a batch and block has it.
_ONE_IN: Final = 16
_HEX_OF_ID: Final = 32


class Alike(NamedTuple):
    """Events of one block and batch that have the same words: the block, their ids in hex one behind another, their facets as
    stored, their columns in the order of `facet.COLUMNS`.
    """

    block: int
    ids: str
    facets: str
    columns: tuple[Any, ...]


class Place(NamedTuple):
    """A word and the ids between which it is found: of a block, or twice that of one event."""

    word: str
    first: UUID
    last: UUID


def places(events: Iterable[Alike], known: Collection[Place] = ()) -> list[Place]:
    """The places of all words of a batch that `known` does not cover already, in an order that is the same for everybody."""
    size: Counter[int] = Counter()
    having: dict[tuple[str, int], list[str]] = {}
    for alike in events:
        size[alike.block] += len(alike.ids)
        for word in words_of(alike.facets, alike.columns):
            having.setdefault((word, alike.block), []).append(alike.ids)
    found: list[Place] = []
    for (word, block), ids in having.items():
        whole = Place(word, *ids_of(block))
        if whole in known:
            continue
        rare = sum(map(len, ids)) * _ONE_IN <= size[block]
        found += _alone(word, "".join(ids)) if rare else [whole]
    return sorted(found)


def _alone(word: str, ids: str) -> list[Place]:
    each = [UUID(ids[start : start + _HEX_OF_ID]) for start in range(0, len(ids), _HEX_OF_ID)]
    return [Place(word, event, event) for event in each]
