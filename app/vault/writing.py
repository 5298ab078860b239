"""Whether a caller may write: which fields, under which clause, and why not."""

from collections.abc import Collection
from typing import Final

from app.notice.decide import Circumstances, Reason
from app.notice.table import DecisionTable
from app.vault.ask import Ask
from app.vault.judge import refusal_of

EVERYTHING: Final = "*"


def may_write(
    ask: Ask, table: DecisionTable, collection: str, names: Collection[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Field → clause for what the caller may write for its purpose, and field → reason for what it may not.

    Names the collection does not have are in neither: whether they are mistakes is for the caller of this to say.
    """
    if not table.knows_purpose(ask.purpose) or table.is_forbidden(ask.purpose):
        return {}, {EVERYTHING: refusal_of(table, ask.purpose).value}
    circumstances = Circumstances(case=ask.case is not None)
    writable = table.clauses_of_writes(ask.caller.roles, [ask.purpose], collection, circumstances)
    if not writable:
        return {}, {EVERYTHING: Reason.NOT_GRANTED.value}
    clauses: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for name in table.notice.collections[collection].fields:
        if name not in names:
            continue
        if name in writable:
            clauses[name] = writable[name]
        else:
            reasons[name] = Reason.NOT_GRANTED.value
    return clauses, reasons


def writes_anything(ask: Ask, table: DecisionTable) -> bool:
    """Whether the caller may write in any collection for its purpose: asked before a record is looked up."""
    circumstances = Circumstances(case=ask.case is not None)
    return any(
        table.writes(ask.caller.roles, [ask.purpose], collection, circumstances)
        for collection in table.notice.collections
    )
