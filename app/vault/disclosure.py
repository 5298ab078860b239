"""What leaves the vault: fields in their forms under a receipt, or a denial. Neither can be built without a durable event."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from app.audit.log import Receipt
from app.kernel.errors import Kind, VaultError
from app.notice.model import Form
from app.vault.record import StoredRecord
from app.vault.sealing import value_of

NOTHING_HERE: Final = "there is no such record for you: it is missing, was erased, or is not yours"


class FieldAnswer(NamedTuple):
    """One field as it leaves the vault, its value as JSON text: what was sealed in plain need not be read to be handed on.

    A tuple, since a batch makes thousands and a frozen dataclass costs three times that.
    """

    form: Form
    text: str | None = None
    reason: str | None = None
    expires_at: datetime | None = None
    uses: int | None = None

    @property
    def value(self) -> Any:
        """What the text says; None without one."""
        return None if self.text is None else value_of(self.text)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The fields in their forms, and the receipt of the event that was durable before this was built."""

    record: StoredRecord
    fields: Mapping[str, FieldAnswer]
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Denial:
    """Nothing is given: which answer the door makes of it, why for each field, and the event that records it.

    A value, never an exception: an exception would undo the record of the refusal.
    """

    kind: Kind
    detail: str
    reasons: Mapping[str, str]
    receipt: Receipt


Answer = Disclosure | Denial | VaultError
"""What one item of a request comes to; an error here concerns this item alone."""
