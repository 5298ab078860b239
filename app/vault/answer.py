"""From verdicts to answers: events first, and tokens with them; only then is anything built that may leave.

A single read shares its commit with the reads beside it; several verdicts of one request share one commit of their own. New
tokens are part of the same transaction as the events of the disclosures that issue them.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from app.audit.event import Event
from app.audit.log import AuditLog, Receipt
from app.kernel.errors import Kind, VaultError
from app.notice.model import Form
from app.notice.table import DecisionTable
from app.storage.engine import Database
from app.storage.failures import Conflict
from app.vault.budget import Budget
from app.vault.disclosure import Answer, Denial, Disclosure, FieldAnswer
from app.vault.issue_token import IssuedToken, Terms, TokenIssuer, TokenPlan
from app.vault.judge import Verdict
from app.vault.sealing import value_text

_ATTEMPTS: Final = 5


class Answerer:
    """Makes verdicts durable and turns them into answers."""

    def __init__(self, database: Database, issuer: TokenIssuer, budget: Budget, audit: AuditLog) -> None:
        self._database = database
        self._issuer = issuer
        self._budget = budget
        self._audit = audit

    async def answer(
        self, table: DecisionTable, verdict: Verdict, terms: Terms | None = None
    ) -> Disclosure | Denial:
        """The answer to one verdict; its event is durable. `terms` are those of tokens it issues."""
        if verdict.tokenised:
            _, (built,) = await self.answer_all(table, [verdict], terms=terms)
        else:
            await self._budget.meet(disclosing([verdict]))
            built = _built(verdict, await self._audit.append(verdict.event), {})
        if isinstance(built, VaultError):
            raise built
        return built

    async def answer_all(
        self,
        table: DecisionTable,
        verdicts: Sequence[Verdict],
        *,
        summary: Event | None = None,
        terms: Terms | None = None,
    ) -> tuple[Receipt | None, list[Answer]]:
        """The answers to the verdicts of one request, in order; their events and the `summary` are durable, in one commit."""
        await self._budget.meet(disclosing(verdicts))
        events = [*([summary] if summary else []), *(verdict.event for verdict in verdicts)]
        for _ in range(_ATTEMPTS):
            plan = await self._issuer.plan(table, verdicts, terms)
            try:
                receipts = iter(await self._commit(events, plan))
            except Conflict:
                continue  # another read has just issued one of these tokens: give out that one
            return next(receipts) if summary else None, [
                _built(verdict, receipt, plan.tokens_of(verdict))
                for verdict, receipt in zip(verdicts, receipts, strict=True)
            ]
        raise VaultError(Kind.UNAVAILABLE, "the tokens of these records are being changed; try again")

    async def _commit(self, events: Sequence[Event], plan: TokenPlan) -> list[Receipt]:
        if not events:
            return []
        tenant = events[0].tenant
        if not plan.new:
            return await self._audit.append_all(tenant, events)
        async with self._database.transaction(tenant) as work:
            await self._issuer.carry_out(work, plan)
            return await self._audit.record(work, events)


def disclosing(verdicts: Sequence[Verdict]) -> list[Event]:
    """The events of those verdicts that give something."""
    return [verdict.event for verdict in verdicts if verdict.refusal is None]


def _built(verdict: Verdict, receipt: Receipt, tokens: Mapping[str, IssuedToken]) -> Answer:
    refusal = verdict.refusal
    if refusal is not None:
        if refusal.kind is Kind.UNAVAILABLE:
            return VaultError(refusal.kind, refusal.detail)
        return Denial(refusal.kind, refusal.detail, refusal.reasons, receipt)
    if verdict.record is None:
        raise TypeError("a verdict without a refusal has a record")
    issued = {
        n: FieldAnswer(Form.TOKEN, value_text(t.text), expires_at=t.expires_at, uses=t.uses)
        for n, t in tokens.items()
    }
    return Disclosure(verdict.record, {**verdict.answers, **issued}, receipt)
