"""Where in the log a word is to be found: among a few events when it is rare around them, else in the block they are in.

A common word costs a row a block, a rare one a row for the sixteen events at most that were recorded together; so a question by
a rare word reads these events, and not the thousands around them (docs/adr/0010-sequencing-the-audit-log.md). Pure; rows are
`facet_store`'s.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final, NamedTuple
from uuid import UUID

from app.audit.facet import ids_of
from app.audit.waiting import Waiting

# A word is rare where at most one in so many rows of a batch and block has it.
_ONE_IN: Final = 4


class Place(NamedTuple):
    """A word and the ids between which it is found: of a block, or of events that were recorded together."""

    word: str
    first: UUID
    last: UUID


def places(rows: Iterable[Waiting], known: Collection[Place] = ()) -> list[Place]:
    """The places of all words of a batch that `known` does not cover already, in an order that is the same for everybody."""
    in_block: Counter[int] = Counter()
    alike: dict[tuple[str, int], list[Waiting]] = {}
    for row in rows:
        for block in row.blocks:
            in_block[block] += 1
            alike.setdefault((row.words, block), []).append(row)
    having: dict[tuple[str, int], list[Waiting]] = {}
    for (words, block), those in alike.items():
        for word in filter(None, words.split("|")):
            having.setdefault((word, block), []).extend(those)
    found: list[Place] = []
    for (word, block), those in having.items():
        whole = Place(word, *ids_of(block))
        if whole in known:
            continue
        rare = len(those) * _ONE_IN <= in_block[block]
        apart = rare and all(len(row.blocks) == 1 for row in those)
        found += [Place(word, row.first, row.last) for row in those] if apart else [whole]
    return sorted(found)
