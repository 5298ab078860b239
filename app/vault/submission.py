"""What a caller submits to be stored, and every mistake in it, by field and without a value. Pure.

Collection limitation is decided here: a field that no purpose opened in the same call covers is `not-covered`.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from app.kernel.errors import FieldError, Kind, VaultError
from app.kernel.plaintext import Plaintext
from app.notice.model import Basis, Evidence
from app.notice.table import DecisionTable
from app.vault.field_types.field_type import InvalidValue
from app.vault.fields import CollectionTypes

_CLOCK_SKEW: Final = timedelta(minutes=5)
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOOKS_LIKE_A_FIELD: Final = re.compile(r"[a-z][a-z_]{0,31}")


@dataclass(frozen=True, slots=True)
class PurposeOpened:
    """A purpose the data is for, and the shop's reference for it (an order number)."""

    purpose: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """A consent with its evidence."""

    purpose: str
    given_at: datetime | None
    method: str | None
    wording: str | None


@dataclass(frozen=True, slots=True)
class Submission:
    """One record to store. The person is named by the shop's own reference or by the vault's id."""

    collection: str
    reference: Plaintext | None
    subject: UUID | None
    purposes: Sequence[PurposeOpened]
    consents: Sequence[ConsentGiven]
    fields: Mapping[str, Plaintext]

    def opened(self) -> frozenset[str]:
        """All purposes this call opens on the record."""
        return frozenset(p.purpose for p in self.purposes) | frozenset(c.purpose for c in self.consents)


def check(submission: Submission, table: DecisionTable, types: CollectionTypes, now: datetime) -> None:
    """Returns when the submission may be stored as far as its content goes; `invalid` or `not-covered` with all mistakes."""
    errors = [
        *_purpose_errors(submission, table),
        *_consent_errors(submission, table, now),
        *_field_errors(submission, table, types),
    ]
    if errors:
        raise VaultError(
            Kind.INVALID, "the record cannot be stored as submitted; see errors", errors=tuple(errors)
        )
    uncovered = tuple(_coverage_errors(submission, table))
    if uncovered:
        raise VaultError(
            Kind.NOT_COVERED,
            "no purpose opened in this call covers these fields; see errors",
            errors=uncovered,
        )


def pointer(*names: str | int) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + str(name).replace("~", "~0").replace("/", "~1") for name in names)


def _purpose_errors(submission: Submission, table: DecisionTable) -> Iterator[FieldError]:
    for i, opened in enumerate(submission.purposes):
        yield from purpose_errors(opened.purpose, table, "purposes", i)


def purpose_errors(name: str, table: DecisionTable, *at: str | int) -> Iterator[FieldError]:
    """Why this purpose cannot be opened on a record by a call, if it cannot; `at` is where it stands in the document."""
    where = pointer(*at, "purpose")
    purpose = table.notice.purposes.get(name)
    if purpose is None:
        yield FieldError(where, "unknown-purpose", "name a purpose of the active notice")
    elif purpose.forbidden:
        yield FieldError(where, "forbidden-purpose", "the notice forbids this purpose")
    elif purpose.standing:
        yield FieldError(
            where, "standing-purpose", "a standing purpose is not opened on a record; leave it out"
        )
    elif purpose.basis is Basis.CONSENT:
        detail = "this purpose rests on consent; give it under consents, with its evidence"
        yield FieldError(where, "needs-consent", detail)


def _consent_errors(submission: Submission, table: DecisionTable, now: datetime) -> Iterator[FieldError]:
    for i, given in enumerate(submission.consents):
        yield from consent_errors(given, table, now, "consents", i)


def consent_errors(
    given: ConsentGiven, table: DecisionTable, now: datetime, *at: str | int
) -> Iterator[FieldError]:
    """Every mistake in one consent: its purpose, and the evidence the notice asks for."""
    purpose = table.notice.purposes.get(given.purpose)
    if purpose is None:
        yield FieldError(pointer(*at, "purpose"), "unknown-purpose", "name a purpose of the active notice")
    elif purpose.forbidden or purpose.basis is not Basis.CONSENT:
        yield FieldError(pointer(*at, "purpose"), "not-by-consent", "this purpose does not rest on consent")
    evidence = {
        Evidence.WORDING: given.wording,
        Evidence.METHOD: given.method,
        Evidence.GIVEN_AT: given.given_at,
    }
    for kind in sorted(table.notice.consent.evidence):
        if evidence[kind] is None:
            detail = "the notice asks for this evidence with every consent"
            yield FieldError(pointer(*at, kind.value), "required", detail)
    if given.given_at is not None and given.given_at > now + _CLOCK_SKEW:
        detail = "give the time at which the consent was given"
        yield FieldError(pointer(*at, "given_at"), "in-the-future", detail)
    if given.given_at is not None and given.given_at < _EARLIEST:
        detail = "give the time at which the consent was given; it is before 1970"
        yield FieldError(pointer(*at, "given_at"), "too-long-ago", detail)


def _field_errors(
    submission: Submission, table: DecisionTable, types: CollectionTypes
) -> Iterator[FieldError]:
    for field in table.notice.collections[submission.collection].fields.values():
        if field.required and field.name not in submission.fields:
            yield FieldError(
                pointer("fields", field.name), "required", "this field is required in this collection"
            )
    yield from value_errors(submission.fields, types)


def value_errors(fields: Mapping[str, Plaintext], types: CollectionTypes) -> Iterator[FieldError]:
    """Every mistake in the values themselves, with pointers below `/fields`."""
    for name, value in fields.items():
        if name not in types:
            detail = "the collection has these fields: " + ", ".join(types)
            yield FieldError(unknown_field(name), "unknown-field", detail)
            continue
        try:
            types[name].parse(value.reveal())
        except InvalidValue as refused:
            for error in refused.errors:
                yield FieldError(pointer("fields", name) + error.pointer, error.code, error.detail)


def unknown_field(name: str) -> str:
    """The pointer to a field nobody knows: only what looks like a field's name is repeated, for it may be a value."""
    return pointer("fields", name) if _LOOKS_LIKE_A_FIELD.fullmatch(name) else pointer("fields")


def _coverage_errors(submission: Submission, table: DecisionTable) -> Iterator[FieldError]:
    yield from coverage_errors(submission.collection, submission.fields, submission.opened(), table)


def coverage_errors(
    collection: str, names: Iterable[str], opened: Collection[str], table: DecisionTable
) -> Iterator[FieldError]:
    """The fields that none of the opened purposes covers."""
    covered = {name for purpose in opened for name in table.notice.purposes[purpose].covers}
    for name in names:
        qualified = f"{collection}.{name}"
        if qualified not in covered:
            would = sorted(
                p.name for p in table.notice.purposes.values() if qualified in p.covers and not p.forbidden
            )
            detail = "leave it out, or open a purpose that covers it: " + ", ".join(would)
            yield FieldError(pointer("fields", name), "not-covered", detail)
