"""What waits for its place in the log: events that were recorded together, sixteen at most, as one row.

The row says of each event its id and its leaf hash, so that the sequencer puts them in order without reading them, and by which
words they can be asked for. Its hashes are believed only as far as the tree: before anything is signed the events are read
and hashed again (`sequence`). Pure; rows are `store`'s and `tree_store`'s.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Final, NamedTuple
from uuid import UUID

from app.audit.event import Event
from app.audit.facet import block_of, words_of
from app.audit.tree import HASH_BYTES, leaf_hash

ID_BYTES: Final = 16
_ENTRY_BYTES: Final = ID_BYTES + HASH_BYTES
AT_ONCE: Final = 16
# Ids begin with the time (UUIDv7): stretches are broken at so many gaps at most, of so many milliseconds at least.
_MOST_GAPS: Final = 63
_SHORT: Final = 1000


class Written(NamedTuple):
    """An event on its way into the log, with its facets and its bytes."""

    event: Event
    facets: str
    body: bytes


class Waiting(NamedTuple):
    """A row: its smallest id; of each event, in the order of their ids, id and leaf hash; their words (`|role:support|…|`)."""

    first: UUID
    entries: bytes
    words: str

    @property
    def last(self) -> UUID:
        """The largest id."""
        return UUID(bytes=self.entries[-_ENTRY_BYTES:-HASH_BYTES])

    @property
    def blocks(self) -> set[int]:
        """The blocks (`facet`) that its events are in: most often one."""
        ends = {block_of(self.first.int), block_of(self.last.int)}
        return ends if len(ends) == 1 else {block_of(int.from_bytes(one)) for one in self._ids()}

    @property
    def whole(self) -> bool:
        """Whether it is as `waiting_rows` makes it, as far as can be seen."""
        each = self._ids()
        return (
            len(self.entries) == len(each) * _ENTRY_BYTES
            and each[:1] == [self.first.bytes]
            and all(earlier < later for earlier, later in pairwise(each))
        )

    def _ids(self) -> list[bytes]:
        starts = range(0, len(self.entries), _ENTRY_BYTES)
        return [self.entries[start : start + ID_BYTES] for start in starts]


class Ordered(NamedTuple):
    """Events in the order of their ids: the ids, and the leaf hashes."""

    ids: list[bytes]
    hashes: list[bytes]


def waiting_rows(written: Iterable[Written]) -> list[Waiting]:
    """The rows for the events of one commit."""
    marked = sorted(((_entry(one), one) for one in written), key=itemgetter(0))
    return [_row(marked[start : start + AT_ONCE]) for start in range(0, len(marked), AT_ONCE)]


def ids_in(ids: bytes) -> list[bytes]:
    """Ids that stand one behind another, each by itself."""
    return [ids[start : start + ID_BYTES] for start in range(0, len(ids), ID_BYTES)]


def stretches(ids: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    """The first and the last id of each of a few stretches, between which all the ids are; broken where the gaps in time are
    longest, since most other events are there.
    """
    each = sorted(ids)
    if not each:
        return []
    if _milliseconds(each[-1]) - _milliseconds(each[0]) < _SHORT:
        return [(each[0], each[-1])]
    gaps = [
        (_milliseconds(later) - _milliseconds(earlier), at)
        for at, (earlier, later) in enumerate(pairwise(each), 1)
    ]
    longest = sorted(gap for gap in gaps if gap[0] >= _SHORT)[-_MOST_GAPS:]
    breaks = [0, *sorted(at for _, at in longest), len(each)]
    return [(each[start], each[end - 1]) for start, end in pairwise(breaks)]


def in_order(rows: Iterable[Waiting]) -> Ordered:
    """All events of some rows."""
    entries = sorted(
        row.entries[start : start + _ENTRY_BYTES]
        for row in rows
        for start in range(0, len(row.entries), _ENTRY_BYTES)
    )
    return Ordered([entry[:ID_BYTES] for entry in entries], [entry[ID_BYTES:] for entry in entries])


def _milliseconds(event: bytes) -> int:
    return int.from_bytes(event[:6])


def _entry(one: Written) -> bytes:
    return one.event.id.bytes + leaf_hash(one.body)


def _row(marked: Sequence[tuple[bytes, Written]]) -> Waiting:
    words = {word for _, one in marked for word in words_of(one.event, one.facets)}
    entries = b"".join([entry for entry, _ in marked])
    return Waiting(marked[0][1].event.id, entries, f"|{'|'.join(sorted(words))}|")
