"""E-mail addresses: whether one could exist (RFC 5321, 6531, 5891), never whether it does."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from email_validator import EmailNotValidError, validate_email

from app.vault.field_types.characters import text
from app.vault.field_types.field_type import HIDDEN, FieldType, InvalidValue, Value, mistake, text_in

LONGEST: Final = 254
_REFUSED: Final = mistake("bad-email", "write one address such as name@example.com")
# Plain ASCII addresses, nearly all there are: the library accepts every one, but takes twenty times as long.
# No two hyphens in a row (IDNA), no name reserved for special use (RFC 6761), short enough for every limit.
_PLAIN: Final = re.compile(
    r"(?=.{6,63}\Z)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)\Z)[a-z]{2,}",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Email(FieldType):
    """One address, without a display name, at a domain that can be reached from anywhere."""

    def parse(self, submitted: object) -> Value:
        """The address unchanged."""
        address = text(submitted, LONGEST)
        if _normal_form(address) is None:
            raise InvalidValue(_REFUSED)
        return address

    def normalise(self, value: Value) -> str:
        """All in lower case, the domain as IDNA A-labels."""
        form = _normal_form(text_in(value))
        if form is None:
            raise InvalidValue(_REFUSED)
        return form

    def mask(self, value: Value) -> Value:
        """Initials of the mailbox and of the domain, and the top-level domain: `n•••@g•••.com`."""
        mailbox, _, domain = text_in(value).rpartition("@")
        name, _, top = domain.rpartition(".")
        return f"{_initial(mailbox)}@{_initial(name)}.{top}"


def _normal_form(address: str) -> str | None:
    if _PLAIN.fullmatch(address):
        return address.lower()
    try:
        valid = validate_email(address, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return None
    return unicodedata.normalize("NFC", valid.local_part.lower()) + "@" + valid.ascii_domain


def _initial(name: str) -> str:
    return name[0] + HIDDEN if len(name) > 1 else HIDDEN
