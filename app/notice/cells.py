"""Every cell of a notice: role × purpose × channel × field × circumstances, as the engine itself answers it.

The space is finite because conditions and channels are closed lists; so a claim about a notice is proven by
going through all of it. Cells are taken as they are most revealing: the purpose open, processing not
restricted, nothing asked for less.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final

from app.notice.decide import decide
from app.notice.model import BindingState, Channel, Notice
from app.notice.question import Circumstances, FieldDecision, Question, Standing
from app.notice.table import ALL_CONDITIONS, DecisionTable, conditions_of

OPEN: Final = Standing(BindingState.OPEN)
BY_NUMBER_OF_CONDITIONS: Final = tuple(sorted(ALL_CONDITIONS, key=lambda bits: (bits.bit_count(), bits)))
CIRCUMSTANCES: Final = {bits: Circumstances.of(frozenset(conditions_of(bits))) for bits in ALL_CONDITIONS}


@dataclass(frozen=True, slots=True)
class CellGroup:
    """The cells of one collection for one role, purpose, channel and one set of circumstances (`bits`)."""

    role: str
    purpose: str
    channel: Channel
    collection: str
    bits: int
    decisions: Mapping[str, FieldDecision]


def number_of_cells(notice: Notice) -> int:
    """How many cells there are: role × purpose × field × channel × 2^conditions."""
    fields = len(notice.field_names())
    return len(notice.roles) * len(notice.purposes) * fields * len(Channel) * len(ALL_CONDITIONS)


def every_cell(table: DecisionTable) -> Iterator[CellGroup]:
    """All cells; within a role, purpose, channel and collection the fewest conditions come first."""
    notice = table.notice
    fields = {collection.name: tuple(collection.fields) for collection in notice.collections.values()}
    for role, purpose, channel, place in product(notice.roles, notice.purposes, Channel, fields):
        roles = frozenset({role})
        for bits in BY_NUMBER_OF_CONDITIONS:
            circumstances = CIRCUMSTANCES[bits]
            question = Question(roles, purpose, place, fields[place], channel, OPEN, circumstances)
            yield CellGroup(role, purpose, channel, place, bits, decide(table, question).fields)
