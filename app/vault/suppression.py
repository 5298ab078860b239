"""Which counts may be told, so that nobody can work out a small one: from what is told here, or from two answers together.

All tables that can be asked for are decided together, as pages of one book; an answer is one page, so putting answers side by
side shows nothing that was not weighed here. Three rules:

* a group of fewer people than the threshold is not told (primary suppression);
* what is told is rounded down to a multiple of `STEP`, and no total is told but the sum of what is told;
* of each small group it must stay open how many it has: one person more, one fewer, or one of its people in another group must
  leave every number of the book as it is. Where that fails, told groups that it is a part of are withheld too, the smallest first
  (complementary suppression), until it holds.

The words are those of Hundepool et al., Statistical Disclosure Control (Wiley 2012), chapters 4 and 5.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Final

STEP: Final = 5
MOST_FIELDS: Final = 3
"""A table counts by so many fields at most."""

Cell = tuple[str | None, ...]
"""One person's generalised values, field by field; None for one that is not stored."""
Group = tuple[tuple[int, ...], Cell]
"""Those who share the values of some fields: the places of these fields in a cell, and the values."""


def tellable(cells: Mapping[Cell, int], threshold: int) -> dict[Group, int]:
    """Group → the count that may be told, of every table of up to `MOST_FIELDS` fields; `cells` are people by cell."""
    book = _Book(cells, threshold)
    for group in book.small():
        book.shield(group)
    return {group: book.counts[group] // STEP * STEP for group in book.told}


def order_of(cell: Cell) -> tuple[tuple[bool, str], ...]:
    """A key that sorts cells; what is not stored comes last."""
    return tuple((value is None, value or "") for value in cell)


class _Book:
    """Every group with its true count, and those that are told."""

    def __init__(self, cells: Mapping[Cell, int], threshold: int) -> None:
        fields = range(len(next(iter(cells), ())))
        self._threshold = threshold
        self._tables = [table for size in range(1, MOST_FIELDS + 1) for table in combinations(fields, size)]
        self._values = [
            sorted({cell[i] for cell in cells}, key=lambda v: (v is None, v or "")) for i in fields
        ]
        self._inside: dict[Group, list[Cell]] = defaultdict(list)
        self.counts: Counter[Group] = Counter()
        for cell in sorted(cells, key=order_of):
            for group in self._groups(cell):
                self._inside[group].append(cell)
                self.counts[group] += cells[cell]
        self.told = {group for group, people in self.counts.items() if people >= threshold}

    def small(self) -> list[Group]:
        """The groups below the threshold."""
        return [group for group, people in self.counts.items() if people < self._threshold]

    def shield(self, small: Group) -> None:
        """Withholds told groups around the small one until its count stays open; with none told, one person fewer always fits."""
        while not self._stays_open(small):
            around = {group for cell in self._inside[small] for group in self._groups(cell)} & self.told
            self.told.remove(min(around, key=lambda g: (self.counts[g], g[0], order_of(g[1]))))

    def _groups(self, cell: Cell) -> list[Group]:
        return [(table, tuple([cell[i] for i in table])) for table in self._tables]

    def _stays_open(self, small: Group) -> bool:
        cells = self._inside[small]
        joined_or_left = (dict.fromkeys(self._groups(cell), by) for cell in cells for by in (-1, 1))
        moved = (change for cell in cells for change in self._moves(cell, small[0]))
        return any(self._reads_the_same(c) for changes in (joined_or_left, moved) for c in changes)

    def _moves(self, cell: Cell, fields: Sequence[int]) -> Iterator[dict[Group, int]]:
        """What changes when one person of the cell has another value in one of these fields."""
        for i in fields:
            for value in self._values[i]:
                if value != cell[i]:
                    elsewhere = (*cell[:i], value, *cell[i + 1 :])
                    change = dict.fromkeys(self._groups(elsewhere), 1)
                    for group in self._groups(cell):
                        change[group] = change.get(group, 0) - 1
                    yield change

    def _reads_the_same(self, change: Mapping[Group, int]) -> bool:
        return all(self._same(group, self.counts[group], by) for group, by in change.items())

    def _same(self, group: Group, people: int, by: int) -> bool:
        """Whether the book says the same of a group when so many more people are in it."""
        if group in self.told:
            return people + by >= self._threshold and (people + by) // STEP == people // STEP
        return people >= self._threshold or people + by < self._threshold
