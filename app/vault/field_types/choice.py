"""One of the values a notice lists for a field."""

from dataclasses import dataclass

from app.vault.field_types.field_type import FieldType, InvalidValue, Value, mistake, text_in


@dataclass(frozen=True, slots=True)
class Choice(FieldType):
    """Exactly one of `choices`. Too few values exist for a blind index or a mask to hide anything."""

    choices: tuple[str, ...]

    def parse(self, submitted: object) -> Value:
        """The choice unchanged."""
        if not isinstance(submitted, str):
            raise InvalidValue(mistake("wrong-type", "send a string"))
        if submitted not in self.choices:
            raise InvalidValue(mistake("not-a-choice", f"use one of: {', '.join(self.choices)}"))
        return submitted

    def generalise(self, value: Value) -> Value:
        """The choice itself: it already names a group."""
        return text_in(value)
