"""Reasons in somebody's own words: they can name people, so they are sealed under the person's key and stay out of the log."""

from typing import Final
from uuid import UUID

from app.crypto.associated_data import Place
from app.crypto.field_cipher import open_sealed, seal
from app.kernel.plaintext import Plaintext

MOST_CHARACTERS: Final = 500


def seal_words(
    field_key: bytes, tenant: str, subject: UUID, thing: UUID, use: str, words: Plaintext
) -> bytes:
    """The envelope of what was said about a thing of a person (a hold, a binding); `use` is written `hold.words`."""
    return seal(field_key, Place(tenant, subject, thing, use, 1), words.reveal().encode())


def open_words(
    field_key: bytes, tenant: str, subject: UUID, thing: UUID, use: str, envelope: bytes
) -> Plaintext:
    """What was sealed by `seal_words`; `Refused` for anything else."""
    return Plaintext(open_sealed(field_key, Place(tenant, subject, thing, use, 1), envelope).decode())
