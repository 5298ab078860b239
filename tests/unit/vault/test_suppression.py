"""Small groups stay hidden from whoever asks for every table and reasons about them together."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.vault.suppression import STEP, Cell, Group, tellable

THRESHOLD = 10
PLENTY = 10**6


def counted(cells: Mapping[Cell, int]) -> Counter[Group]:
    """Every group of every table with its true count."""
    counts: Counter[Group] = Counter()
    for cell, people in cells.items():
        for size in (1, 2, 3):
            for table in combinations(range(len(cell)), size):
                counts[table, tuple(cell[i] for i in table)] += people
    return counts


@dataclass
class Attacker:
    """Knows every told count, which groups are small, all values there are, and that counts add up.

    Each group's count is an interval; a sum of groups bounds its parts and its parts bound the sum, until nothing moves.
    """

    cells: Mapping[Cell, int]
    told: Mapping[Group, int]
    bounds: dict[Group, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.counts = counted(self.cells)
        fields = len(next(iter(self.cells)))
        self.values = [sorted({cell[i] for cell in self.cells}, key=str) for i in range(fields)]
        for size in range(1, fields + 1):
            for table in combinations(range(fields), size):
                for values in product(*(self.values[i] for i in table)):
                    group = (table, values)
                    self.bounds[group] = self._known(group)

    def _known(self, group: Group) -> tuple[int, int]:
        if group in self.told:
            return max(self.told[group], THRESHOLD), self.told[group] + STEP - 1
        return (0, PLENTY) if self.counts[group] >= THRESHOLD else (0, THRESHOLD - 1)

    def sums(self) -> Iterator[tuple[Group, list[Group]]]:
        """Every group with the groups that it falls into by one more field."""
        for group in self.bounds:
            table, values = group
            known = dict(zip(table, values, strict=True))
            for more in set(range(len(self.values))) - set(table):
                finer = tuple(sorted((*table, more)))
                yield (
                    group,
                    [
                        (finer, tuple(value if i == more else known[i] for i in finer))
                        for value in self.values[more]
                    ],
                )

    def learns(self) -> dict[Group, int]:
        """The counts of groups that were not told, and are certain all the same."""
        sums = list(self.sums())
        moved = True
        while moved:
            moved = False
            for whole, parts in sums:
                moved |= self._tighten(whole, parts)
        for group, (least, most) in self.bounds.items():
            assert least <= self.counts[group] <= most, "the attacker reasons wrongly"
        return {
            group: least
            for group, (least, most) in self.bounds.items()
            if least == most and self.counts[group] and group not in self.told
        }

    def _tighten(self, whole: Group, parts: list[Group]) -> bool:
        least = sum(self.bounds[part][0] for part in parts)
        most = sum(self.bounds[part][1] for part in parts)
        low, high = self.bounds[whole]
        moved = self._narrow(whole, least, most)
        for part in parts:
            others_least, others_most = least - self.bounds[part][0], most - self.bounds[part][1]
            moved |= self._narrow(part, low - others_most, high - others_least)
            least, most = others_least + self.bounds[part][0], others_most + self.bounds[part][1]
        return moved

    def _narrow(self, group: Group, least: int, most: int) -> bool:
        before = self.bounds[group]
        self.bounds[group] = (max(before[0], least), min(before[1], most))
        return self.bounds[group] != before


def naive(cells: Mapping[Cell, int], step: int) -> dict[Group, int]:
    """What a threshold and rounding alone would tell."""
    return {g: n // step * step for g, n in counted(cells).items() if n >= THRESHOLD}


def small(cells: Mapping[Cell, int]) -> set[Group]:
    return {group for group, people in counted(cells).items() if people < THRESHOLD}


def skewed(seed: int, people: int, sizes: tuple[int, ...]) -> Counter[Cell]:
    """People who live in a few places mostly, as people do."""
    draw = random.Random(seed)
    return Counter(
        tuple(
            f"{name}{min(int(draw.paretovariate(0.9)) - 1, size - 1)}"
            for name, size in zip("abc", sizes, strict=False)
        )
        for _ in range(people)
    )


ALIGNED: dict[Cell, int] = {**{("x", f"b{i}"): 14 for i in range(4)}, ("x", "b4"): 9, ("y", "b0"): 40}


def test_the_attacker_beats_a_threshold_alone_and_rounding_alone() -> None:
    cells: dict[Cell, int] = {("x", "f"): 32, ("x", "m"): 7, ("y", "f"): 20, ("y", "m"): 30}
    exact = {g: n for g, n in counted(cells).items() if n >= THRESHOLD}
    # Without rounding a told count is certain to one person.
    attacker = Attacker(cells, exact)
    attacker.bounds |= {group: (n, n) for group, n in exact.items()}
    assert attacker.learns()[(0, 1), ("x", "m")] == 7
    assert Attacker(ALIGNED, naive(ALIGNED, STEP)).learns()[(0, 1), ("x", "b4")] == 9


def test_where_rounding_is_not_enough_more_is_withheld() -> None:
    told = tellable(ALIGNED, THRESHOLD)
    assert naive(ALIGNED, STEP).keys() - told.keys() == {((0,), ("x",))}
    assert Attacker(ALIGNED, told).learns() == {}


@pytest.mark.parametrize("seed", range(12))
def test_no_small_group_is_certain_in_a_shop_of_some_size(seed: int) -> None:
    cells = skewed(seed, 100 + 150 * seed, (8, 6, 3))
    told = tellable(cells, THRESHOLD)
    assert told
    assert Attacker(cells, told).learns() == {}


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.tuples(*(st.sampled_from(["p", "q", None]) for _ in range(3))), st.integers(1, 31), min_size=1
    )
)
def test_no_small_group_is_certain_in_any_population(cells: dict[Cell, int]) -> None:
    told = tellable(cells, THRESHOLD)
    assert told.keys().isdisjoint(small(cells))
    assert Attacker(cells, told).learns() == {}


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("pqrs"), st.sampled_from("xyz")), st.integers(1, 40), min_size=1
    ),
    st.integers(5, 25),
)
def test_each_count_is_rounded_down_and_no_small_one_is_told(cells: dict[Cell, int], threshold: int) -> None:
    counts = counted(cells)
    for group, people in tellable(cells, threshold).items():
        assert counts[group] >= threshold
        assert people % STEP == 0
        assert 0 <= counts[group] - people < STEP


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("pqrs"), st.sampled_from("xyz")), st.integers(1, 40), min_size=1
    ),
    st.tuples(st.sampled_from("pqrs"), st.sampled_from("xyz")),
)
def test_one_person_who_joins_shows_as_a_step_at_most(cells: dict[Cell, int], new: Cell) -> None:
    before, after = (tellable(c, THRESHOLD) for c in (cells, Counter(cells) + Counter([new])))
    for group in before.keys() & after.keys():
        assert after[group] - before[group] in (
            {0, STEP} if all(new[i] == v for i, v in zip(*group, strict=True)) else {0}
        )


def test_a_book_is_the_same_whatever_the_order_of_its_people() -> None:
    cells = skewed(3, 500, (6, 5, 3))
    backwards = dict(reversed(list(cells.items())))
    assert tellable(cells, THRESHOLD) == tellable(backwards, THRESHOLD)


def test_nobody_makes_an_empty_book() -> None:
    assert tellable({}, THRESHOLD) == {}


def test_most_of_a_large_shop_is_told() -> None:
    """The rules cost something, and not everything: by one field nearly everybody is counted."""
    cells = skewed(1, 4000, (8, 6, 3))
    told = tellable(cells, THRESHOLD)
    for place in range(3):
        assert sum(n for (table, _), n in told.items() if table == (place,)) > 3800
