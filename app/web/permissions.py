"""Which permission a route needs, declared where the route is, and checked in one place.

The declaration stands in the route's OpenAPI operation as `x-permission`, so that documentation and check
read the same word. Which roles have a permission is the notice's matter; field access (`grants`) is decided
there field by field.
"""

from collections.abc import Iterable
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.types import Scope

from app.kernel.errors import Kind, VaultError
from app.notice.model import PERMISSIONS

OPEN_TO_CALLERS: Final = frozenset({"public", "grants"})
"""`public`: anybody. `grants`: any caller; the notice decides about each field."""
OWN: Final = "own"
"""What a customer who is signed in may do with what is theirs; the route sees to it that it is."""

_KEY: Final = "x-permission"
_OR: Final = "|"


def declared(
    permission: str, *alternatives: str, problems: Iterable[Kind] = (), **extra: Any
) -> dict[str, Any]:
    """The `openapi_extra` of a route: its permission, or several of which one is enough, written `a|b`; and the
    problems of its own beyond those any route may have.

    ValueError for a permission that is neither in the notice's closed list nor `public`, `grants` or `own`.
    """
    for name in (permission, *alternatives):
        if name not in PERMISSIONS | OPEN_TO_CALLERS | {OWN}:
            raise ValueError(f"{name} is not a permission of the notice language")
    whole = _OR.join((permission, *alternatives))
    return {_KEY: whole, "x-problems": [kind.value for kind in problems], **extra}


def permission_of(scope: Scope) -> str:
    """What the matched route declared; an undeclared one needs a permission that nobody has."""
    extra = getattr(scope.get("route"), "openapi_extra", None) or {}
    return str(extra.get(_KEY, "undeclared"))


def require(permissions: frozenset[str], permission: str) -> None:
    """Pass, or `not-permitted`: `permissions` are the caller's, `permission` is the route's, or `a|b`."""
    enough = frozenset(permission.split(_OR))
    if enough.isdisjoint(OPEN_TO_CALLERS) and enough.isdisjoint(permissions):
        words = " or ".join(sorted(enough - {OWN})) or "of a customer who is signed in"
        raise VaultError(Kind.NOT_PERMITTED, f"this needs the permission {words}")


def undeclared_routes(app: FastAPI) -> list[str]:
    """The paths of all routes, mounts included, that declare no permission."""
    return [
        str(context.path)
        for context in iter_route_contexts(app.routes)
        if _KEY not in (getattr(context, "openapi_extra", None) or {})
    ]
