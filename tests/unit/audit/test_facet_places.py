"""Where a word is said to be found: among a few events where it is rare, in a block where it is not; always all its events."""

from uuid import UUID

from app.audit.facet import ids_of
from app.audit.facet_places import Place, places
from app.audit.waiting import Waiting

BLOCK = 0x01938C2AB


def row(start: int, *words: str, count: int = 16, block: int = BLOCK) -> Waiting:
    """Events recorded together, from that number in the block on."""
    ids = [UUID(int=(block << 92) + start + n) for n in range(count)]
    return Waiting(ids[0], b"".join(one.bytes + bytes(32) for one in ids), f"|{'|'.join(words)}|")


def ends(of: Waiting) -> tuple[UUID, UUID]:
    return of.first, of.last


def of(word: str, found: list[Place]) -> list[tuple[UUID, UUID]]:
    return [(place.first, place.last) for place in found if place.word == word]


def test_a_common_word_is_in_its_block_and_a_rare_one_where_it_was_recorded() -> None:
    many = [row(16 * n, "role:support") for n in range(6)]
    few = [row(16 * n, "role:legal", "role:support", count=n - 5) for n in (6, 7)]
    found = places([*many, *few])
    assert of("role:support", found) == [ids_of(BLOCK)]
    assert of("role:legal", found) == [ends(one) for one in few]
    assert few[0].first == few[0].last


def test_a_word_of_several_kinds_of_rows_counts_in_all_of_them() -> None:
    rows = [row(16 * n, "a:1") for n in range(5)]
    found = places([*rows, row(80, "b:1", "r:1"), row(96, "r:1")])
    assert of("r:1", found) == [ids_of(BLOCK)]
    assert of("b:1", found) == [ends(row(80))]


def test_one_row_alone_is_a_block() -> None:
    found = places([row(5, "role:legal", count=1)])
    assert {(place.first, place.last) for place in found} == {ids_of(BLOCK)}


def test_blocks_are_judged_apart() -> None:
    busy = [row(16 * n, "role:support") for n in range(7)]
    quiet = row(0, "role:support", "role:legal", block=BLOCK + 1)
    found = places([*busy, row(112, "role:legal"), quiet])
    assert of("role:legal", found) == [ends(row(112)), ids_of(BLOCK + 1)]


def test_a_row_in_two_blocks_is_found_in_both() -> None:
    across = row((1 << 92) - 8, "role:legal")
    assert ends(across)[1] > ids_of(BLOCK)[1]
    busy = [row(16 * n, "role:support", block=block) for n in range(40) for block in (BLOCK, BLOCK + 1)]
    found = places([across, *busy])
    assert of("role:legal", found) == [ids_of(BLOCK), ids_of(BLOCK + 1)]


def test_events_recorded_together_days_apart_are_looked_for_in_their_blocks_alone() -> None:
    early, late = row(0, count=1, block=BLOCK - 10**6), row(0, count=2)
    both = Waiting(early.first, early.entries + late.entries, "|role:legal|")
    assert of("role:legal", places([both])) == [ids_of(BLOCK - 10**6), ids_of(BLOCK)]


def test_what_a_known_block_covers_is_not_said_again() -> None:
    known = {Place("role:legal", *ids_of(BLOCK))}
    found = places([*(row(16 * n, "role:support") for n in range(4)), row(64, "role:legal")], known)
    assert of("role:legal", found) == []
    assert of("role:support", found) == [ids_of(BLOCK)]


def test_the_order_is_the_same_for_everybody() -> None:
    rows = [*(row(16 * n, "b:1", "a:1") for n in range(5)), row(80, "z:1")]
    assert places(rows) == places(rows[::-1]) == sorted(places(rows))
