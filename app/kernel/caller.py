"""Who is asking: the authenticated caller, as every room sees it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Caller:
    """A service or a person of one tenant, with the roles the notice knows. Built by `identity` only.

    `subject` is set for a customer who is signed in: the person whose data is their own.
    """

    tenant: str
    id: UUID
    name: str
    roles: frozenset[str]
    subject: UUID | None = None
