"""Free text, such as a note to the courier or a user name."""

from dataclasses import dataclass

from app.vault.field_types.characters import OUTSIDE_A_TEXT, caseless, text
from app.vault.field_types.field_type import HIDDEN, FieldType, Value, text_in

DEFAULT_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Text(FieldType):
    """Text of 1 to `longest` characters; lines and tabs are allowed, other control characters are not."""

    longest: int = DEFAULT_LONGEST

    def parse(self, submitted: object) -> Value:
        """The text unchanged."""
        return text(submitted, self.longest, forbidden=OUTSIDE_A_TEXT)

    def normalise(self, value: Value) -> str:
        """Caseless, without space around it."""
        return caseless(text_in(value)).strip()

    def mask(self, value: Value) -> Value:
        """Nothing of it: anybody may have written anything."""
        text_in(value)
        return HIDDEN
