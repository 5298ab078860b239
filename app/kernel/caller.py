"""Who is asking: the authenticated caller, as every room sees it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Caller:
    """A service or a person of one tenant, with the roles the notice knows. Built by `identity` only."""

    tenant: str
    id: UUID
    name: str
    roles: frozenset[str]
