"""Comparing what is stored with what the log says was written last: finds rows rolled back, brought back, swapped, planted, lost.

A person's writes are found by their handles, which takes their key; so it runs where the keys are. The log itself is verified
apart (`audit/verify`): this trusts the events it reads.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from app.audit.query import AuditQuery
from app.crypto.handle import handle
from app.crypto.refused import Refused
from app.kernel.ids import text_of
from app.keys.keyring import TenantKeyring
from app.vault.stored_rows import StoredField, StoredPerson, StoredRows

_REMOVED: Final = frozenset({"removed", "erased"})
_Place = tuple[str, str]
"""A record's handle and a field."""


class Mismatch(StrEnum):
    """How a stored row differs from the log."""

    ROLLED_BACK = "rolled-back"
    RESURRECTED = "resurrected"
    SWAPPED = "swapped"
    CHANGED = "changed"
    NOT_RECORDED = "not-recorded"
    LOST = "lost"
    KEY = "key-damaged"


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """One difference. A row that is lost is named by its record's handle, every other by its record."""

    code: Mismatch
    record: str
    field: str


@dataclass(slots=True)
class StoredReport:
    """How many fields were compared, and what was found."""

    people: int = 0
    fields: int = 0
    findings: list[StoredFinding] = field(default_factory=list)


class StoredVerifier:
    """The use case of deep verification."""

    def __init__(self, rows: StoredRows, keyring: TenantKeyring, query: AuditQuery) -> None:
        self._rows = rows
        self._keyring = keyring
        self._query = query

    async def verify(self, tenant: str) -> StoredReport:
        """Goes through everybody of the tenant."""
        report = StoredReport()
        async for person in self._rows.people(tenant):
            report.people += 1
            report.fields += len(person.fields)
            report.findings += await self._compare(tenant, person)
        return report

    async def _compare(self, tenant: str, person: StoredPerson) -> Sequence[StoredFinding]:
        try:
            keys = await self._keyring.subject(tenant, person.id, person.key)
        except Refused:
            return [
                StoredFinding(Mismatch.KEY, text_of("rec", one.record), one.field) for one in person.fields
            ]
        events = await self._query.writes(tenant, handle(keys.handle, person.id))
        names = {one.record: handle(keys.handle, one.record) for one in person.fields}
        return differences(person.fields, names, events)


def differences(
    stored: Iterable[StoredField], names: Mapping[UUID, str], events: Iterable[Mapping[str, Any]]
) -> list[StoredFinding]:
    """Stored rows against a person's write events in their order; `names` gives each record's handle. Pure."""
    history = _history(events)
    by_digest = {digest: place for place, writes in history.items() for digest in writes if digest}
    found: list[StoredFinding] = []
    seen: set[_Place] = set()
    for row in stored:
        place = (names[row.record], row.field)
        seen.add(place)
        code = _judged(row, place, history.get(place), by_digest)
        if code:
            found.append(StoredFinding(code, text_of("rec", row.record), row.field))
    lost = [place for place, writes in history.items() if writes[-1] is not None and place not in seen]
    return found + [StoredFinding(Mismatch.LOST, record, name) for record, name in sorted(lost)]


def _judged(
    row: StoredField,
    place: _Place,
    writes: Sequence[tuple[int, str] | None] | None,
    by_digest: Mapping[tuple[int, str], _Place],
) -> Mismatch | None:
    digest = (row.version, hashlib.sha256(row.sealed).hexdigest())
    if writes and writes[-1] == digest:
        return None
    if writes and digest in writes:
        return Mismatch.RESURRECTED if writes[-1] is None else Mismatch.ROLLED_BACK
    if by_digest.get(digest, place) != place:
        return Mismatch.SWAPPED
    if not writes:
        return Mismatch.NOT_RECORDED
    return Mismatch.RESURRECTED if writes[-1] is None else Mismatch.CHANGED


def _history(events: Iterable[Mapping[str, Any]]) -> dict[_Place, list[tuple[int, str] | None]]:
    """Place → what was written there, in order; None where it was removed."""
    history: dict[_Place, list[tuple[int, str] | None]] = {}
    for event in events:
        record = event.get("record", "")
        for name, written in event.get("written", {}).items():
            history.setdefault((record, name), []).append((written["version"], written["digest"]))
        for name, trace in event.get("fields", {}).items():
            if trace["given"] in _REMOVED:
                history.setdefault((record, name), []).append(None)
    return history
