"""A word of a closed list as a row has it: what is not in the list is damage, and is answered like any other damage."""

from enum import StrEnum
from typing import Final, TypeVar

from app.kernel.errors import Kind, VaultError

Word = TypeVar("Word", bound=StrEnum)
_DAMAGED: Final = "a stored row does not pass its integrity check; tell the operator"


class DamagedRow(VaultError):
    """A row says what no row can say."""

    def __init__(self) -> None:
        super().__init__(Kind.UNAVAILABLE, _DAMAGED)


def stored_word(words: type[Word], text: str) -> Word:
    """The word that a row has; `DamagedRow` when it is none of the list."""
    try:
        return words(text)
    except ValueError:
        raise DamagedRow from None
