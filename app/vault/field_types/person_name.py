"""Names of people: any script, one line, as the person writes it."""

import unicodedata
from dataclasses import dataclass

from app.vault.field_types.characters import caseless, text
from app.vault.field_types.field_type import HIDDEN, FieldType, InvalidValue, Value, mistake, text_in

LONGEST = 200


@dataclass(frozen=True, slots=True)
class PersonName(FieldType):
    """A name of 1 to 200 characters with at least one letter."""

    def parse(self, submitted: object) -> Value:
        """The name unchanged, composed or decomposed."""
        name = text(submitted, LONGEST)
        if not any(character.isalpha() for character in name):
            raise InvalidValue(mistake("no-letter", "write the name with at least one letter"))
        return name

    def normalise(self, value: Value) -> str:
        """Caseless, single spaces; Vietnamese marks count, since they tell names apart."""
        return self.normalise_prefix(text_in(value))

    def prefixes(self, value: Value) -> tuple[str, ...]:
        """The name from each of its words on, since few family names in Viet Nam are long: `lê văn an`, `văn an`, `an`."""
        words = self.normalise(value).split(" ")
        return tuple(" ".join(words[first:]) for first in range(len(words)))

    def normalise_prefix(self, written: str) -> str:
        """As a whole name."""
        return " ".join(caseless(written).split())

    def mask(self, value: Value) -> Value:
        """The initials of the first and the last word, family and given name in Viet Nam: `N••• A•••`."""
        words = unicodedata.normalize("NFC", text_in(value)).split()
        return " ".join(_initial(word) for word in (words[:1] + words[-1:] if len(words) > 1 else words))


def _initial(word: str) -> str:
    # A word of one letter is not abbreviated but hidden: its initial would be the whole of it.
    return word[0] + HIDDEN if len(word) > 1 and word[0].isalpha() else HIDDEN
