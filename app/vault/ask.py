"""Who asks, why, and in which request: what every use case of the vault is told by its door."""

from dataclasses import dataclass
from uuid import UUID

from app.kernel.caller import Caller


@dataclass(frozen=True, slots=True)
class Ask:
    """The caller, the declared purpose, the case and the approved order if they are named, and the id of the request."""

    caller: Caller
    purpose: str
    request: str
    case: str | None = None
    order: UUID | None = None
