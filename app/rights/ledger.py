"""The erasure ledger: a file outside the database that is only ever appended to, one line of JSON an erasure.

An old backup brings back what was erased since; whoever restores it replays the ledger before serving (`replay`). The row of
the certificate is the outbox: it is marked when its line is on the disk, and an erasure is acknowledged after that. A line can
stand in the file twice, when a process stopped between the two. Format: docs/formats/certificate.md.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from app.kernel.clock import Clock
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import parse_id
from app.rights.certificate import document_of
from app.rights.store import CertificateStore, StoredCertificate

_AT_ONCE: Final = 500
_CUT: Final = b"\x18\n"
"""Ends what a crash has cut short (CAN, ECMA-48): it was never acknowledged, and stands whole on a later line."""


class LedgerDamaged(VaultError):
    """A line of the ledger cannot be read: which, and what to do."""

    def __init__(self, path: Path, number: int) -> None:
        words = f"the erasure ledger {path} cannot be read at line {number}; restore that line from a copy of the file"
        super().__init__(Kind.UNAVAILABLE, words)


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One erasure: record → fields that were erased, record → purposes that were closed, purposes whose consents were
    withdrawn, and the certificate's note.
    """

    certificate: UUID
    tenant: str
    subject: UUID
    everything: bool
    at: datetime
    erased: dict[UUID, list[str]]
    closed: dict[UUID, list[str]]
    consents: list[str]
    note: str

    @property
    def takes_anything(self) -> bool:
        """Whether it changed anything; the certificate of a person on hold did not."""
        return self.everything or bool(self.erased or self.closed or self.consents)


class Ledger:
    """The file, and what is still to be written to it. Without a path nothing is written, and nothing waits for it."""

    def __init__(self, path: Path | None, store: CertificateStore, clock: Clock) -> None:
        self._path = path
        self._store = store
        self._clock = clock

    async def check(self) -> None:
        """Returns when a line could be written now; `unavailable` otherwise: asked before anything is erased."""
        await self._append([])

    async def enter(self, tenant: str, issued: Sequence[StoredCertificate]) -> None:
        """Returns when all these are durably in the ledger; `unavailable` when it cannot be written."""
        waiting = [each for each in issued if each.ledgered_at is None]
        if self._path is None or not waiting:
            return
        await self._append([line_of(each.note) for each in waiting])
        await self._store.ledgered(tenant, [each.id for each in waiting], self._clock.now())

    async def catch_up(self, tenant: str) -> int:
        """Writes what a process that stopped has left unwritten; says how much there was."""
        written = 0
        while self._path and (waiting := await self._store.unledgered(tenant, _AT_ONCE)):
            await self.enter(tenant, waiting)
            written += len(waiting)
        return written

    def lines(self) -> Iterator[LedgerLine]:
        """What is in the file."""
        return lines_in(self._path) if self._path else iter(())

    async def _append(self, lines: Sequence[str]) -> None:
        if self._path is None:
            return
        try:
            await asyncio.to_thread(_append, self._path, lines)
        except OSError as error:
            reason = os.strerror(error.errno or 0).lower()
            detail = f"the erasure ledger cannot be written ({reason}); repair it and ask again"
            raise VaultError(Kind.UNAVAILABLE, detail) from None


def line_of(note: str) -> str:
    """The line of a certificate, without its end."""
    document = document_of(note)
    line = {
        "certificate": document["id"],
        "tenant": document["tenant"],
        "subject": document["subject"],
        "at": document["at"],
        "everything": document["key_destroyed"],
        "erased": {each["record"]: sorted(each["erased"]) for each in document["records"] if each["erased"]},
        "closed": {each["record"]: each["closed"] for each in document["records"] if each["closed"]},
        "consents": document["consents_withdrawn"],
        "note": note,
    }
    return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def lines_in(path: Path) -> Iterator[LedgerLine]:
    """The lines of a ledger, none when there is no file; what was cut short, and so never acknowledged, is passed over.

    `LedgerDamaged` for any other line that is not one, or does not say what its certificate says.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if text.endswith(_CUT) or not text.endswith(b"\n"):
                continue
            try:
                line = _line(json.loads(text))
                as_signed = _line(json.loads(line_of(line.note)))
            except (ValueError, KeyError, TypeError, AttributeError):
                raise LedgerDamaged(path, number) from None
            if line != as_signed:  # whom it names is erased without a question
                raise LedgerDamaged(path, number)
            yield line


def _line(document: dict[str, Any]) -> LedgerLine:
    return LedgerLine(
        certificate=parse_id("crt", document["certificate"]),
        tenant=document["tenant"],
        subject=parse_id("sub", document["subject"]),
        everything=document["everything"] is True,
        at=datetime.fromisoformat(document["at"]),
        erased={parse_id("rec", record): list(names) for record, names in document["erased"].items()},
        closed={parse_id("rec", record): list(names) for record, names in document["closed"].items()},
        consents=list(document["consents"]),
        note=document["note"],
    )


def _append(path: Path, lines: Sequence[str]) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        if not lines:
            return
        fcntl.flock(file, fcntl.LOCK_EX)
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        cut = _CUT if end and file.read(1) != b"\n" else b""
        left = memoryview(cut + "".join(f"{line}\n" for line in lines).encode())
        while left:  # a disk that is nearly full takes a part, and says so by a number only
            left = left[file.write(left) :]
        os.fsync(descriptor)
        if not end:
            _keep_name(path)


def _keep_name(path: Path) -> None:
    """Makes the name of a new file as durable as what is in it."""
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
