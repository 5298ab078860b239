"""Passwords as submitted, before they become verifiers: checked and never read, so no form of them exists."""

from dataclasses import dataclass
from typing import Final

from app.vault.field_types.characters import OUTSIDE_A_SECRET, text
from app.vault.field_types.field_type import FieldType, InvalidValue, Value, mistake

SHORTEST: Final = 8
LONGEST: Final = 1_024


@dataclass(frozen=True, slots=True)
class Password(FieldType):
    """8 to 1,024 characters of any kind, and no rule on their mixture (NIST SP 800-63B section 3.1.1.2)."""

    def parse(self, submitted: object) -> Value:
        """The password unchanged."""
        password = text(submitted, LONGEST, forbidden=OUTSIDE_A_SECRET)
        if len(password) < SHORTEST:
            raise InvalidValue(mistake("too-short", f"use at least {SHORTEST} characters"))
        return password
