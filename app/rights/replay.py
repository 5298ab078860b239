"""Doing again, in a database that came from an old backup, the erasures that were acknowledged since.

Nothing is decided here: what a line of the erasure ledger names goes. A line whose certificate the database has is done; any
other is carried out and its certificate brought back, so that a ledger can be replayed as often as one likes.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import Final
from uuid import UUID

from app.audit.event import Event, FieldTrace, Outcome
from app.audit.log import AuditLog
from app.kernel.clock import Clock
from app.notice.active import ActiveNotices
from app.rights.certificate import Cause, document_of
from app.rights.choice import HeldPerson
from app.rights.erase import Making
from app.rights.ledger import LedgerLine
from app.rights.person_rows import PersonRows
from app.rights.store import CertificateStore, StoredCertificate
from app.storage.engine import Database, UnitOfWork
from app.storage.failures import Conflict
from app.subjects.binding import Binding
from app.vault.ask import notice_ref
from app.vault.find_subject import SubjectFinder

REPLAYED: Final = "replayed"
_AT_ONCE: Final = 500
_NOBODY: Final = UUID(int=0)


class Replayer:
    """The use case of replaying a ledger."""

    def __init__(
        self,
        database: Database,
        rows: PersonRows,
        certificates: CertificateStore,
        finder: SubjectFinder,
        notices: ActiveNotices,
        audit: AuditLog,
        tenants: Callable[[], Awaitable[Sequence[str]]],
        clock: Clock,
    ) -> None:
        self._database = database
        self._rows = rows
        self._certificates = certificates
        self._finder = finder
        self._notices = notices
        self._audit = audit
        self._tenants = tenants
        self._clock = clock

    async def replay(self, lines: Iterable[LedgerLine]) -> int:
        """Carries out what this database has not, whatever holds or notices say; how many lines that were.

        Lines of tenants that this database has not are passed over. Each line is a transaction: who was stopped begins again.
        """
        tenants, rest, done = set(await self._tenants()), iter(lines), 0
        while some := list(islice(rest, _AT_ONCE)):
            for tenant in tenants & {line.tenant for line in some}:
                theirs = {line.certificate: line for line in some if line.tenant == tenant}
                known = await self._certificates.known(tenant, list(theirs))
                for certificate, line in theirs.items():
                    if certificate not in known:
                        done += await self._carried_out(line)
        return done

    async def _carried_out(self, line: LedgerLine) -> bool:
        try:
            await self._done_again(line)
        except Conflict:
            return False  # another process that starts up has just done it
        return True

    async def _done_again(self, line: LedgerLine) -> None:
        table, now = await self._notices.table(line.tenant), self._clock.now()
        person = await self._finder.sound(line.tenant, line.subject)
        making = Making(line.tenant, person, None, notice_ref(table), now, line.certificate)
        cause = Cause(document_of(line.note)["cause"])
        issued = StoredCertificate(line.certificate, line.subject, cause, line.everything, line.note, now)
        async with self._database.transaction(line.tenant) as work:
            held = await self._rows.lock(work, line.subject)
            events = await self._erased(work, making, held, line)
            await self._audit.record(work, events)
            await self._certificates.add(work, issued)

    async def _erased(
        self, work: UnitOfWork, making: Making, held: HeldPerson | None, line: LedgerLine
    ) -> list[Event]:
        """Carries a line out; the events that say so."""
        outcome = Outcome.ALLOWED if line.everything else Outcome.PARTIAL
        if held is None or not line.takes_anything:
            return [making.subject_event(outcome, REPLAYED, {})]
        gone = {r.id: r.fields if line.everything else line.erased.get(r.id, []) for r in held.records}
        left = await self._rows.remove(work, held, gone, making.at)
        if not left:
            making = making.without_person()
        elif line.closed or line.consents:
            ended = [b for record in left for b in record.bindings if _ended(line, b)]
            await self._rows.rest(work, line.subject, ended, making.notice.version, _NOBODY, making.at)
        traces = [
            (
                record,
                {name: FieldTrace("erased", REPLAYED) for name in record.fields if name in gone[record.id]},
            )
            for record in held.records
        ]
        events = [making.record_event(record, fields) for record, fields in traces if fields]
        return [*events, making.subject_event(outcome, REPLAYED, {})]


def _ended(line: LedgerLine, binding: Binding) -> bool:
    """Whether the erasure of the line closed this: a purpose that was opened again later stays open."""
    return binding.opened_at <= line.at and binding.purpose in line.closed.get(binding.record, ())
