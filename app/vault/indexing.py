"""What the search index holds for a field's value, and how what is sought is looked up and compared. Pure.

Which fields are indexed, and how, is decided by the notice; how a value is normalised by its type. An entry of a prefix is cut
to four bytes, so that it says little by itself; what any entry leads to is opened and compared before it is an answer
(docs/formats/blind-index.md).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from app.crypto.blind_index import blind_index
from app.kernel.plaintext import Plaintext
from app.keys.hierarchy import TenantKeys
from app.notice.model import SEARCH_MODES_OF_TYPE, Field, SearchMode
from app.notice.table import DecisionTable
from app.vault.field_types.field_type import FieldType, InvalidValue, mistake
from app.vault.fields import FieldCatalogue

SHORTEST_PREFIX: Final = 3
LONGEST_PREFIX: Final = 10
_MOST_WORDS: Final = 8
_PREFIX_BYTES: Final = 4
_BAD_PREFIX: Final = f"search for {SHORTEST_PREFIX} to {LONGEST_PREFIX} characters, or for the whole value"


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A digest under which a record is found: `place` is `collection.field`, with `^` behind it for a prefix."""

    place: str
    digest: bytes
    key_version: int


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked up, and whether a value found there is really meant."""

    entry: IndexEntry
    matches: Callable[[Plaintext], bool]


def entries(
    table: DecisionTable,
    tenant_keys: TenantKeys,
    catalogue: FieldCatalogue,
    collection: str,
    name: str,
    value: Plaintext,
) -> tuple[IndexEntry, ...]:
    """The entries of a value under the present index key; none for a field without a search, or gone from the notice."""
    field = table.notice.collections[collection].fields.get(name)
    if field is None or field.search is SearchMode.NONE:
        return ()
    of_type = catalogue.of(table, collection)[name]
    return tuple(_entries(field, of_type, tenant_keys, f"{collection}.{name}", value))


def index_places(collection: str, name: str) -> tuple[str, str]:
    """Under which places a field's entries stand: whole values, and prefixes."""
    return f"{collection}.{name}", f"{collection}.{name}^"


def modes(field: Field) -> frozenset[SearchMode]:
    """The ways in which a field can be searched; by prefix includes by whole value where the type has such a search."""
    if field.search is SearchMode.NONE:
        return frozenset()
    return frozenset({SearchMode.EXACT, field.search}) & SEARCH_MODES_OF_TYPE[field.type]


def whole(of_type: FieldType, tenant_keys: TenantKeys, place: str, value: Plaintext) -> Sought:
    """A whole value to look for; InvalidValue when it is none of this type."""
    normalised = of_type.normalise(of_type.parse(value.reveal()))
    return Sought(
        _exact(tenant_keys, place, normalised), lambda found: of_type.normalise(found.reveal()) == normalised
    )


def beginning(of_type: FieldType, tenant_keys: TenantKeys, place: str, value: Plaintext) -> Sought:
    """A beginning to look for; InvalidValue when it is too short or too long to be in the index."""
    written = value.reveal()
    if not isinstance(written, str):
        raise InvalidValue(mistake("wrong-type", "send a string"))
    prefix = of_type.normalise_prefix(written)
    if len(prefix) < SHORTEST_PREFIX:
        raise InvalidValue(mistake("too-short", _BAD_PREFIX))
    if len(prefix) > LONGEST_PREFIX:
        raise InvalidValue(mistake("too-long", _BAD_PREFIX))
    return Sought(
        _prefix(tenant_keys, place, prefix),
        lambda found: any(text.startswith(prefix) for text in of_type.prefixes(found.reveal())),
    )


def _entries(
    field: Field, of_type: FieldType, tenant_keys: TenantKeys, place: str, value: Plaintext
) -> Iterator[IndexEntry]:
    found = modes(field)
    if SearchMode.EXACT in found:
        yield _exact(tenant_keys, place, of_type.normalise(value.reveal()))
    if SearchMode.PREFIX in found:
        made = {_prefix(tenant_keys, place, prefix) for prefix in _prefixes(of_type.prefixes(value.reveal()))}
        yield from made


def _exact(tenant_keys: TenantKeys, place: str, normalised: str) -> IndexEntry:
    version, key = tenant_keys.index(place)
    return IndexEntry(place, blind_index(key, normalised), version)


def _prefix(tenant_keys: TenantKeys, place: str, prefix: str) -> IndexEntry:
    marked = place + "^"
    version, key = tenant_keys.index(marked)
    return IndexEntry(marked, blind_index(key, prefix)[:_PREFIX_BYTES], version)


def _prefixes(texts: tuple[str, ...]) -> set[str]:
    return {
        text[:length]
        for text in texts[:_MOST_WORDS]
        for length in range(SHORTEST_PREFIX, min(len(text), LONGEST_PREFIX) + 1)
    }
