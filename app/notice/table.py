"""A notice compiled for answering.

Decides how grants combine: of those whose conditions hold the most revealing one counts (of equals the first
in the file); if none holds, the one nearest to being met names the missing condition. Everything a single
role can be answered is worked out here, once, so that `decide` only looks it up. What the record's standing
does to the answer is left to `decide`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.notice.model import Channel, Condition, Form, Grant, Notice, Purpose, most_revealing
from app.notice.question import Circumstances, FieldDecision, Reason

Answers = Mapping[str, FieldDecision]
"""Field name → decision, for the fields some grant names; all others are withheld."""

NO_CIRCUMSTANCES: Final = Circumstances()
UNKNOWN_PURPOSE: Final = FieldDecision(Form.WITHHELD, None, Reason.UNKNOWN_PURPOSE)
ALL_CONDITIONS: Final = range(16)

_NEEDS: Final = {
    Condition.ASSIGNED: Reason.NEEDS_ASSIGNED,
    Condition.CASE: Reason.NEEDS_CASE,
    Condition.APPROVED: Reason.NEEDS_APPROVED,
    Condition.OWN: Reason.NEEDS_OWN,
}
_BIT: Final = {condition: 1 << place for place, condition in enumerate(Condition)}


def condition_bits(conditions: Iterable[Condition]) -> int:
    """Conditions as a number from 0 to 15: the first condition of the list is the lowest bit."""
    return sum(_BIT[condition] for condition in set(conditions))


def conditions_of(bits: int) -> tuple[Condition, ...]:
    """The inverse of `condition_bits`, in the order of the list."""
    return tuple(condition for condition, bit in _BIT.items() if bits & bit)


@dataclass(frozen=True, slots=True)
class ReadGrant:
    """What one grant says about one collection; `place` is its position in the notice."""

    place: int
    needs: int
    clause: str
    forms: Mapping[str, Form]


@dataclass(frozen=True, slots=True)
class Cell:
    """All answers for one role, purpose, collection and channel.

    `granted[asked][conditions]` are the answers while the purpose is open; `restricted` and `not_open` those
    when it must not or cannot be used. `grants` are what they were made from, in the notice's order.
    """

    standing: bool
    granted: Mapping[Form | None, tuple[Answers, ...]]
    restricted: Answers
    not_open: Answers
    grants: tuple[ReadGrant, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DecisionTable:
    """An active notice, ready to answer. Build it with `compile_table`."""

    notice: Notice
    version: int
    cells: Mapping[tuple[str, str, str, Channel], Cell]
    otherwise: Mapping[str, FieldDecision]
    reach: frozenset[tuple[str, str, Channel, str | None]]
    conditions: Mapping[tuple[str, str], frozenset[Condition]]

    @property
    def notice_id(self) -> str:
        """The id of the notice, as receipts name it."""
        return self.notice.id

    @property
    def digest(self) -> str:
        """`sha256:…` of the notice's source."""
        return self.notice.source_digest

    def knows_purpose(self, name: str) -> bool:
        """Whether the notice names this purpose, forbidden or not."""
        return name in self.notice.purposes

    def is_forbidden(self, name: str) -> bool:
        """Whether the notice names this purpose in order to forbid it."""
        return name in self.notice.purposes and self.notice.purposes[name].forbidden

    def grants_any(
        self, roles: frozenset[str], purpose: str, channel: Channel, collection: str | None = None
    ) -> bool:
        """Whether any grant, to read or to write, serves these roles: asked before a record is looked up."""
        return any((role, purpose, channel, collection) in self.reach for role in roles)

    def asks(self, roles: frozenset[str], purpose: str) -> frozenset[Condition]:
        """The conditions that some grant of these roles names for the purpose: the only ones worth finding out about."""
        found = [self.conditions[role, purpose] for role in roles if (role, purpose) in self.conditions]
        return found[0] if len(found) == 1 else frozenset().union(*found)

    def writes(
        self,
        roles: frozenset[str],
        purpose_names: Iterable[str],
        collection: str,
        circumstances: Circumstances = NO_CIRCUMSTANCES,
    ) -> frozenset[str]:
        """The fields that these roles may write for any of these purposes in these circumstances."""
        grants = self._write_grants(roles, purpose_names, circumstances)
        qualified = (name.partition(".") for grant in grants for name in grant.writes)
        return frozenset(field for place, _, field in qualified if place == collection)

    def clauses_of_writes(
        self,
        roles: frozenset[str],
        purpose_names: Iterable[str],
        collection: str,
        circumstances: Circumstances = NO_CIRCUMSTANCES,
    ) -> dict[str, str]:
        """Field → clause of the first grant that lets these roles write it, for every field that they may write."""
        clauses: dict[str, str] = {}
        for grant in self._write_grants(roles, purpose_names, circumstances):
            for name in grant.writes:
                place, _, field = name.partition(".")
                if place == collection:
                    clauses.setdefault(field, grant.clause)
        return clauses

    def permissions(self, roles: frozenset[str]) -> frozenset[str]:
        """What these roles may do on endpoints that are not access to fields."""
        known = self.notice.roles
        return frozenset(word for role in roles if role in known for word in known[role].may)

    def recipient_roles_for(self, purpose: str) -> frozenset[str]:
        """The roles outside the shop that may resolve tokens for this purpose."""
        reachable = (role for role in self.notice.roles.values() if role.recipient is not None)
        return frozenset(r.name for r in reachable if (r.name, purpose, Channel.TOKEN, None) in self.reach)

    def _write_grants(
        self, roles: frozenset[str], purpose_names: Iterable[str], circumstances: Circumstances
    ) -> list[Grant]:
        purposes = {name for name in purpose_names if not self.is_forbidden(name)}
        return [
            grant
            for grant in self.notice.grants
            if grant.writes
            and grant.role in roles
            and grant.purpose in purposes
            and not condition_bits(grant.when) & ~circumstances.bits
        ]


def compile_table(notice: Notice, version: int) -> DecisionTable:
    """Work out every answer that a caller with one role can get."""
    grouped: dict[tuple[str, str, str, Channel], list[ReadGrant]] = {}
    reach: set[tuple[str, str, Channel, str | None]] = set()
    for place, grant in enumerate(notice.grants):
        if notice.purposes[grant.purpose].forbidden:
            continue
        for name in (*grant.reads, *grant.writes):
            collection = name.partition(".")[0]
            reach |= {
                (grant.role, grant.purpose, grant.through, collection),
                (grant.role, grant.purpose, grant.through, None),
            }
        for collection, part in _read_grants(place, grant).items():
            grouped.setdefault((grant.role, grant.purpose, collection, grant.through), []).append(part)
    cells = {
        (role, purpose, collection, channel): compile_cell(
            notice, notice.purposes[purpose], collection, grants
        )
        for (role, purpose, collection, channel), grants in grouped.items()
    }
    conditions: dict[tuple[str, str], frozenset[Condition]] = {}
    for grant in notice.grants:
        at = grant.role, grant.purpose
        conditions[at] = conditions.get(at, frozenset()) | grant.when
    otherwise = {purpose.name: _not_granted(purpose) for purpose in notice.purposes.values()}
    return DecisionTable(notice, version, cells, otherwise, frozenset(reach), conditions)


def compile_cell(notice: Notice, purpose: Purpose, collection: str, grants: Sequence[ReadGrant]) -> Cell:
    """All answers that these grants, in the notice's order, give for one purpose and collection."""
    named = sorted({name for grant in grants for name in grant.forms})
    relevant = 0
    for grant in grants:
        relevant |= grant.needs
    granted: dict[Form | None, tuple[Answers, ...]] = {}
    for asked in Form:
        made = {
            bits: answers_of(notice, purpose, collection, grants, bits, asked)
            for bits in {bits & relevant for bits in ALL_CONDITIONS}
        }
        granted[asked] = tuple(made[bits & relevant] for bits in ALL_CONDITIONS)
    granted[None] = granted[Form.PLAIN]
    restricted = FieldDecision(Form.WITHHELD, purpose.clause, Reason.RESTRICTED)
    not_open = FieldDecision(Form.WITHHELD, purpose.clause, Reason.PURPOSE_NOT_OPEN)
    return Cell(
        purpose.standing,
        granted,
        dict.fromkeys(named, restricted),
        dict.fromkeys(named, not_open),
        tuple(grants),
    )


def answers_of(
    notice: Notice, purpose: Purpose, collection: str, grants: Sequence[ReadGrant], bits: int, asked: Form
) -> Answers:
    """What these grants, in the notice's order, give while exactly the conditions in `bits` hold."""
    fields = notice.collections[collection].fields
    named = {name for grant in grants for name in grant.forms}
    return {name: _answer(grants, purpose, name, fields[name].type, bits, asked) for name in named}


def _read_grants(place: int, grant: Grant) -> dict[str, ReadGrant]:
    """One grant, apart by collection."""
    forms: dict[str, dict[str, Form]] = {}
    for qualified, form in grant.reads.items():
        collection, _, name = qualified.partition(".")
        forms.setdefault(collection, {})[name] = form
    needs = condition_bits(grant.when)
    return {collection: ReadGrant(place, needs, grant.clause, part) for collection, part in forms.items()}


def _not_granted(purpose: Purpose) -> FieldDecision:
    reason = Reason.FORBIDDEN_PURPOSE if purpose.forbidden else Reason.NOT_GRANTED
    return FieldDecision(Form.WITHHELD, purpose.clause, reason)


def _answer(
    grants: Sequence[ReadGrant], purpose: Purpose, name: str, field_type: str, bits: int, asked: Form
) -> FieldDecision:
    met = [grant for grant in grants if name in grant.forms and not grant.needs & ~bits]
    if not met:
        naming = (grant for grant in grants if name in grant.forms)
        nearest = min(naming, key=lambda grant: (grant.needs & ~bits).bit_count())
        missing = conditions_of(nearest.needs & ~bits)[0]
        return FieldDecision(Form.WITHHELD, purpose.clause, _NEEDS[missing])
    deciding = max(met, key=lambda grant: grant.forms[name].rank)
    form = most_revealing(field_type, min(deciding.forms[name], asked, key=lambda form: form.rank))
    if form is Form.WITHHELD:
        return FieldDecision(form, purpose.clause, Reason.NOT_GRANTED)
    return FieldDecision(form, deciding.clause, Reason.GRANTED)
