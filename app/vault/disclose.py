"""Reading records, one or many: load, judge, answer. A batch is a loop over the same judgement, loaded and recorded together."""

from collections.abc import Sequence
from uuid import UUID

from app.kernel.errors import VaultError
from app.notice.active import ActiveNotices
from app.vault.answer import Answerer
from app.vault.ask import Ask
from app.vault.disclosure import Answer, Denial, Disclosure
from app.vault.judge import Hearing, Judge, Verdict, Wanted
from app.vault.recipients import Recipients
from app.vault.record import StoredRecord
from app.vault.store import VaultStore


class Discloser:
    """The use cases of reading records."""

    def __init__(
        self,
        store: VaultStore,
        notices: ActiveNotices,
        recipients: Recipients,
        judge: Judge,
        answerer: Answerer,
    ) -> None:
        self._store = store
        self._notices = notices
        self._recipients = recipients
        self._judge = judge
        self._answerer = answerer

    async def disclose(self, ask: Ask, record: UUID, wanted: Wanted) -> Disclosure | Denial:
        """The disclosure, or the denial; either way its event is durable. `invalid` for a field the collection has not."""
        table = await self._notices.table(ask.caller.tenant)
        verdict = self._judge.unseen(ask, table, wanted)
        if verdict is None:
            await self._recipients.check(ask, table, wanted.recipient)
            loaded = await self._store.load(ask.caller.tenant, record)
            verdict = await self._judge.judge(ask, table, wanted, loaded)
        return await self._answerer.answer(table, verdict)

    async def disclose_many(self, ask: Ask, records: Sequence[UUID | None], wanted: Wanted) -> list[Answer]:
        """One answer a record, in order; what is not an id (None) is not found like any other. All events are one commit."""
        table = await self._notices.table(ask.caller.tenant)
        if self._judge.unseen(ask, table, wanted):
            unseen = [self._judge.unseen(ask, table, wanted) for _ in records]
            return (await self._answerer.answer_all(table, [v for v in unseen if v]))[1]
        await self._recipients.check(ask, table, wanted.recipient)
        loaded = await self._store.load_many(ask.caller.tenant, [r for r in records if r])
        hearing = await self._judge.hearing(ask, table, wanted, loaded.values())
        judged = [await self._judged(hearing, loaded.get(r) if r else None) for r in records]
        verdicts = [verdict for verdict in judged if isinstance(verdict, Verdict)]
        _, answers = await self._answerer.answer_all(table, verdicts)
        remaining = iter(answers)
        return [next(remaining) if isinstance(v, Verdict) else v for v in judged]

    async def _judged(self, hearing: Hearing, record: StoredRecord | None) -> Verdict | VaultError:
        try:
            return await self._judge.judge(hearing.ask, hearing.table, hearing.wanted, record, hearing)
        except VaultError as error:
            return error
