"""Which type each field of a notice has, ready to parse and present."""

from collections.abc import Mapping

from app.notice.model import Notice
from app.notice.table import DecisionTable
from app.vault.field_types.catalogue import field_type
from app.vault.field_types.field_type import FieldType

CollectionTypes = Mapping[str, FieldType]


class FieldCatalogue:
    """The field types of the notices in use, made once for each digest."""

    def __init__(self) -> None:
        self._by_digest: dict[str, Mapping[str, CollectionTypes]] = {}

    def of(self, table: DecisionTable, collection: str) -> CollectionTypes:
        """Field name → type; KeyError when the notice has no such collection."""
        known = self._by_digest.get(table.digest)
        if known is None:
            known = self._by_digest[table.digest] = _types_of(table.notice)
        return known[collection]


def _types_of(notice: Notice) -> Mapping[str, CollectionTypes]:
    return {
        collection.name: {
            field.name: field_type(field.type, choices=field.choices, max_length=field.max_length)
            for field in collection.fields.values()
        }
        for collection in notice.collections.values()
    }
