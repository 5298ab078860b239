"""Who may come in: each route's caller is authenticated and its declared permission checked, here and nowhere else.

A refusal is on record before it is answered: a failed authentication by `identity`, a missing permission here.
"""

from starlette.requests import Request

from app.audit.event import Action, Event, NoticeRef, Outcome
from app.kernel.caller import Caller
from app.kernel.errors import VaultError
from app.kernel.ids import new_uuid, random_bucket, text_of
from app.vault.ask import Ask
from app.web.caller import bearer
from app.web.permissions import permission_of, require
from app.web.problems import request_id
from app.web.purpose import case, purpose
from app.wiring.parts import Parts


async def admitted(request: Request, parts: Parts) -> Caller:
    """The caller, if its roles have the permission the route declares; else `unauthenticated` or `not-permitted`."""
    scope = request.scope
    caller = await parts.authenticator.authenticate(bearer(scope["headers"]), request_id(scope))
    scope["state"]["caller_id"] = text_of("clr", caller.id)
    table = await parts.notices.table(caller.tenant)
    permission = permission_of(scope)
    try:
        require(table.permissions(caller.roles), permission)
    except VaultError:
        await parts.audit.append(
            Event(
                id=new_uuid(random_bucket()),
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
    return Ask(caller, purpose(headers), request_id(request.scope), case(headers))
