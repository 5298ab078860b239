"""Where a word is said to be found: an event where it is rare, a block where it is not; never less than all its events."""

from uuid import UUID

from app.audit.facet import ids_of
from app.audit.facet_places import Alike, Place, places

BLOCK = 0x01938C2AB
COLUMNS = ("record.disclose", "allowed", "delivery", "delivery", None, None, 1)


def ids(start: int, count: int, block: int = BLOCK) -> list[UUID]:
    return [UUID(int=(block << 92) + start + n) for n in range(count)]


def alike(events: list[UUID], facets: str) -> Alike:
    return Alike(events[0].int >> 92, "".join(event.hex for event in events), facets, COLUMNS)


def of(word: str, found: list[Place]) -> list[tuple[UUID, UUID]]:
    return [(place.first, place.last) for place in found if place.word == word]


def test_a_common_word_is_in_its_block_and_a_rare_one_at_its_event() -> None:
    many, few = ids(0, 31), ids(31, 2)
    found = places([alike(many, "|role:support|"), alike(few, "|role:legal|")])
    assert of("role:support", found) == of("purpose:delivery", found) == [ids_of(BLOCK)]
    assert of("role:legal", found) == [(few[0], few[0]), (few[1], few[1])]


def test_a_word_of_several_kinds_of_events_counts_in_all_of_them() -> None:
    found = places([alike(ids(0, 30), "|a:1|"), alike(ids(30, 1), "|b:1|r:1|"), alike(ids(31, 2), "|r:1|")])
    assert of("r:1", found) == [ids_of(BLOCK)]
    assert of("b:1", found) == [(ids(30, 1)[0],) * 2]


def test_one_event_alone_is_a_block() -> None:
    found = places([alike(ids(5, 1), "|role:legal|")])
    assert {(place.first, place.last) for place in found} == {ids_of(BLOCK)}


def test_blocks_are_judged_apart() -> None:
    busy, quiet = ids(0, 64), ids(0, 2, BLOCK + 1)
    found = places(
        [
            alike(busy, "|role:support|"),
            alike(ids(64, 1), "|role:legal|"),
            alike(quiet, "|role:support|"),
            alike(ids(2, 1, BLOCK + 1), "|role:legal|"),
        ]
    )
    assert of("role:legal", found) == [(ids(64, 1)[0],) * 2, ids_of(BLOCK + 1)]


def test_what_a_known_block_covers_is_not_said_again() -> None:
    known = {Place("role:legal", *ids_of(BLOCK))}
    found = places([alike(ids(0, 64), "|role:support|"), alike(ids(64, 1), "|role:legal|")], known)
    assert of("role:legal", found) == []
    assert of("role:support", found) == [ids_of(BLOCK)]


def test_the_order_is_the_same_for_everybody() -> None:
    groups = [alike(ids(0, 40), "|b:1|a:1|"), alike(ids(40, 1), "|z:1|")]
    assert places(groups) == places(groups[::-1]) == sorted(places(groups))
