"""Consents brought from another system, many at once: each recorded as if it came alone, with the time at which it was given.

Only people who are stored can agree to something here. The same line twice adds nothing, so a file can be sent again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.audit.author import NO_PERSON, Author
from app.kernel.errors import Kind, VaultError
from app.kernel.plaintext import Plaintext
from app.vault.find_subject import SubjectFinder
from app.vault.give_consent import ConsentChange, ConsentKeeper
from app.vault.submission import ConsentGiven


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """Whose consent (by the shop's own reference or the vault's id), to what, and its evidence."""

    reference: Plaintext | None
    subject: UUID | None
    given: ConsentGiven


class ConsentImporter:
    """The use case of importing consents."""

    def __init__(self, finder: SubjectFinder, consents: ConsentKeeper) -> None:
        self._finder = finder
        self._consents = consents

    async def bring(self, author: Author, line: ConsentLine) -> ConsentChange:
        """The entry of the ledger, new or of before.

        `invalid` as for any consent, `not-found` when there is no such person, `conflict` when it was withdrawn since.
        """
        subject = line.subject
        if line.reference is not None:
            subject = await self._finder.by_reference(author.tenant, line.reference)
        if subject is None:
            raise VaultError(Kind.NOT_FOUND, NO_PERSON)
        return await self._consents.give(author, subject, line.given, imported=True)

    async def bring_all(
        self, author: Author, lines: Sequence[ConsentLine | VaultError]
    ) -> list[ConsentChange | VaultError]:
        """One outcome a line, in order; what is no line at all stays the error it is."""
        return [line if isinstance(line, VaultError) else await self._outcome(author, line) for line in lines]

    async def _outcome(self, author: Author, line: ConsentLine) -> ConsentChange | VaultError:
        try:
            return await self.bring(author, line)
        except VaultError as error:
            if error.kind in {Kind.UNAVAILABLE, Kind.IDEMPOTENCY_IN_FLIGHT}:
                raise  # it concerns all lines
            return error
