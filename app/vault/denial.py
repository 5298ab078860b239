"""A refusal by policy: a value with a receipt, never an exception (an exception would undo the record of the refusal)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.audit.log import Receipt
from app.kernel.errors import Kind


@dataclass(frozen=True, slots=True)
class Denial:
    """Nothing is given: which answer the door makes of it, why for each field, and the event that records it."""

    kind: Kind
    detail: str
    reasons: Mapping[str, str]
    receipt: Receipt


NOTHING_HERE: Final = "there is no such record for you: it is missing, was erased, or is not yours"
