"""The closed list of field types a notice can name."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from app.vault.field_types.choice import Choice
from app.vault.field_types.date import Date
from app.vault.field_types.email import Email
from app.vault.field_types.field_type import FieldType
from app.vault.field_types.national_id import NationalId
from app.vault.field_types.password import Password
from app.vault.field_types.person_name import PersonName
from app.vault.field_types.phone import Phone
from app.vault.field_types.postal_address import PostalAddress
from app.vault.field_types.text import DEFAULT_LONGEST, Text

_PLAIN_TYPES: Final[Mapping[str, Callable[[], FieldType]]] = MappingProxyType(
    {
        "person-name": PersonName,
        "email": Email,
        "phone": Phone,
        "postal-address": PostalAddress,
        "date": Date,
        "national-id": NationalId,
        "password": Password,
    }
)


def field_type(name: str, *, choices: tuple[str, ...] = (), max_length: int | None = None) -> FieldType:
    """The type a notice names, with its settings: `choices` for choice (needed), `max_length` for text.

    ValueError for an unknown name, for a setting the type does not have, and for a choice without choices.
    """
    if max_length is not None and (name != "text" or max_length < 1):
        raise ValueError("only a text takes max_length, of one or more characters")
    if bool(choices) != (name == "choice"):
        raise ValueError("a choice needs choices, and no other type takes them")
    if name == "choice":
        return Choice(choices)
    if name == "text":
        return Text(DEFAULT_LONGEST if max_length is None else max_length)
    if name in _PLAIN_TYPES:
        return _PLAIN_TYPES[name]()
    raise ValueError("no such field type")
