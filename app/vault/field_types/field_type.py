"""What every type of field can do, and how it says that a value is refused.

Decides the shape of a field type and the closed list of mistakes. The notice says which forms
may be granted.
"""

from abc import ABC, abstractmethod
from typing import Any, Final, Literal

from app.kernel.errors import FieldError

Value = str | dict[str, Any]
"""A JSON value as submitted, as stored and as given back in plain."""

Code = Literal[
    "wrong-type",
    "empty",
    "too-short",
    "too-long",
    "too-many",
    "bad-character",
    "missing",
    "unknown-member",
    "no-letter",
    "bad-email",
    "bad-phone",
    "bad-date",
    "bad-postcode",
    "bad-national-id",
    "not-a-choice",
    "unknown-country",
    "unknown-province",
    "unknown-ward",
]

HIDDEN: Final = "•••"
"""Stands for any number of characters, so that a mask says nothing about a length."""


class InvalidValue(Exception):
    """A submitted value is refused; `errors` lists its mistakes, with RFC 6901 pointers into the value."""

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{error.pointer or 'value'}: {error.code}" for error in errors))
        self.errors = errors


def mistake(code: Code, detail: str, pointer: str = "") -> FieldError:
    """One mistake, its code from the closed list; `detail` says what to do and carries no submitted value."""
    return FieldError(pointer=pointer, code=code, detail=detail)


class FieldType(ABC):
    """One type of personal value.

    All methods but `parse` take what `parse` gave back; a form that the type does not have raises TypeError.
    """

    __slots__ = ()

    @abstractmethod
    def parse(self, submitted: object) -> Value:
        """The submitted object itself when it is a value of this type; InvalidValue for anything else."""

    def normalise(self, value: Value) -> str:  # noqa: ARG002  # the types that can be searched use it
        """The one spelling that all spellings of the same value share, for the blind index."""
        raise TypeError("values of this type cannot be searched")

    def prefixes(self, value: Value) -> tuple[str, ...]:  # noqa: ARG002  # the types that can be searched by prefix use it
        """The texts whose beginnings find the value, as `normalise_prefix` writes them."""
        raise TypeError("values of this type cannot be searched by prefix")

    def normalise_prefix(self, written: str) -> str:  # noqa: ARG002  # the types that can be searched by prefix use it
        """The one spelling of a beginning, for the blind index."""
        raise TypeError("values of this type cannot be searched by prefix")

    def mask(self, value: Value) -> Value:  # noqa: ARG002  # the types that can be masked use it
        """Enough for the person to recognise the value, too little for anybody else to use it."""
        raise TypeError("values of this type have no masked form")

    def generalise(self, value: Value) -> Value:  # noqa: ARG002  # the types that can be generalised use it
        """The group the value belongs to."""
        raise TypeError("values of this type have no generalised form")


def text_in(value: Value) -> str:
    """A stored value of a type whose values are text; TypeError for one that is not."""
    if not isinstance(value, str):
        raise TypeError("the value of this type is text")
    return value
