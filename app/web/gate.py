"""Who may come in: each route's caller is authenticated and its declared permission checked, here and nowhere else.

A refusal is on record before it is answered: a failed authentication by `identity`, a missing permission here.
"""

from uuid import UUID

from starlette.requests import Request

from app.audit.author import NO_PERSON, Author
from app.audit.event import Action, Event, NoticeRef, Outcome
from app.kernel.caller import Caller
from app.kernel.errors import Kind, VaultError
from app.kernel.ids import new_uuid, parse_id, text_of
from app.vault.ask import Ask
from app.vault.budget import WINDOW_SECONDS
from app.web.caller import bearer
from app.web.permissions import OWN, permission_of, require
from app.web.problems import request_id
from app.web.purpose import case, order, purpose
from app.web.rate_limit import Quota
from app.wiring.parts import Parts


async def admitted(request: Request, parts: Parts) -> Caller:
    """The caller, if its roles have the permission the route declares; else `unauthenticated` or `not-permitted`."""
    scope = request.scope
    caller = await parts.authenticator.authenticate(bearer(scope["headers"]), request_id(scope))
    # A session's id would lead from what a customer asked for to all that they did.
    if caller.subject is None:
        scope["state"]["caller_id"] = text_of("clr", caller.id)
    table = await parts.notices.table(caller.tenant)
    permission = permission_of(scope)
    try:
        held = table.permissions(caller.roles)
        require(held if caller.subject is None else held | {OWN}, permission)
    except VaultError:
        await parts.audit.append(
            Event(
                id=new_uuid(),
                at=parts.clock.now(),
                tenant=caller.tenant,
                action=Action.PERMISSION_DENY,
                outcome=Outcome.DENIED,
                request=request_id(scope),
                caller=caller.id,
                roles=tuple(caller.roles),
                notice=NoticeRef(table.notice_id, table.version, table.digest),
                reason=permission,
            )
        )
        raise
    return caller


async def asking(request: Request, parts: Parts) -> Ask:
    """The caller with its declared purpose and case, for a route that touches personal data."""
    caller = await admitted(request, parts)
    headers = request.scope["headers"]
    request.scope["state"]["quotas"] = lambda: quotas(parts, caller)
    named = order(headers)
    return Ask(
        caller,
        purpose(headers),
        request_id(request.scope),
        case(headers),
        None if named is None else parse_id("ord", named),
    )


def quotas(parts: Parts, caller: Caller) -> list[Quota]:
    """What the caller has left of the budgets that it has used in this hour."""
    left = parts.budget.left(caller.tenant, caller.id)
    return [Quota(each.policy, each.most, WINDOW_SECONDS, each.left, each.seconds) for each in left]


async def acting(request: Request, parts: Parts) -> Author:
    """The caller as the author of a change, or of a question about a person that is no read of fields."""
    caller = await admitted(request, parts)
    table = await parts.notices.table(caller.tenant)
    notice = NoticeRef(table.notice_id, table.version, table.digest)
    return Author(caller, request_id(request.scope), notice, case(request.scope["headers"]))


def theirs(author: Author, subject: UUID | None) -> UUID:
    """The person a route is about; `not-found` for what is no id, and for a customer who asks about somebody else."""
    if subject is None or author.caller.subject not in {None, subject}:
        raise VaultError(Kind.NOT_FOUND, NO_PERSON)
    return subject
