"""Whether every part of a notice has a use: no promise without a rule, nothing stored without a purpose.

Decides what is an error (a clause nothing carries out, a field no purpose covers) and what is merely unused
(a warning).
"""

from collections.abc import Iterator
from itertools import islice

from app.notice.finding import Finding, Severity, quoted
from app.notice.model import Grant, Notice, Purpose


def uncovered(notice: Notice) -> Iterator[Finding]:
    """Every part without a use, and every grant or key without an effect."""
    yield from _clauses(notice)
    yield from _fields(notice)
    yield from _purposes(notice)
    yield from _roles(notice)
    yield from _grants(notice)


def _clauses(notice: Notice) -> Iterator[Finding]:
    cited = {notice.retention.clause, notice.consent.clause, notice.tokens.clause}
    cited |= {purpose.clause for purpose in notice.purposes.values()}
    cited |= {grant.clause for grant in notice.grants} | {never.clause for never in notice.never}
    for clause in notice.clauses.values():
        if clause.name not in cited:
            message = f"nothing carries out the clause {quoted(clause.name)}; cite it in a rule or remove it"
            yield Finding(Severity.ERROR, "unused-clause", clause.line, message, clause.name)


def _fields(notice: Notice) -> Iterator[Finding]:
    binding = (p for p in notice.purposes.values() if not p.standing and not p.forbidden)
    covered = {name for purpose in binding for name in purpose.covers}
    for name in notice.field_names():
        if name not in covered:
            message = (
                f"no purpose covers {quoted(name)}, so it cannot be stored; cover it or do not collect it"
            )
            yield Finding(Severity.ERROR, "uncovered-field", notice.field(name).line, message, name)


def _purposes(notice: Notice) -> Iterator[Finding]:
    granted = {grant.purpose for grant in notice.grants}
    for purpose in notice.purposes.values():
        if purpose.name not in granted and not purpose.forbidden:
            message = f"no grant uses the purpose {quoted(purpose.name)}; grant something for it or remove it"
            yield Finding(Severity.WARNING, "unused-purpose", purpose.line, message, purpose.name)
        if useless := _useless_keys(purpose):
            kind = "forbidden" if purpose.forbidden else "standing"
            message = f"{', '.join(useless)} has no effect on a {kind} purpose; remove it"
            yield Finding(Severity.WARNING, "no-effect", purpose.line, message, purpose.name)


def _useless_keys(purpose: Purpose) -> list[str]:
    if not (purpose.standing or purpose.forbidden):
        return []
    given = {"covers": purpose.covers, "keep": purpose.keep, "closes-after": purpose.closes_after}
    return [key for key, value in given.items() if value]


def _roles(notice: Notice) -> Iterator[Finding]:
    granted = {grant.role for grant in notice.grants}
    for role in notice.roles.values():
        if role.name not in granted and not role.may:
            message = f"the role {quoted(role.name)} has no grant and may do nothing; remove it"
            yield Finding(Severity.WARNING, "unused-role", role.line, message, role.name)


def _grants(notice: Notice) -> Iterator[Finding]:
    for grant in notice.grants:
        stronger = (other for other in notice.grants if _makes_useless(other, grant))
        for other in islice(stronger, 1):
            message = f"the grant on line {other.line} gives as much under fewer conditions; remove this one"
            yield Finding(Severity.WARNING, "shadowed-grant", grant.line, message, grant.role)


def _makes_useless(other: Grant, grant: Grant) -> bool:
    """Whether whatever `grant` gives, `other` gives already."""
    return (
        (other.role, other.purpose, other.through) == (grant.role, grant.purpose, grant.through)
        and other.when < grant.when
        and grant.writes <= other.writes
        and all(name in other.reads and other.reads[name] >= form for name, form in grant.reads.items())
    )
