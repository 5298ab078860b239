"""A route that is documented like any other and served like a plain function of the request.

FastAPI solves an operation's parameters by walking its dependencies, and wraps each call into two exit
stacks and a second exception handler: together more than the work of a disclosure. A lean endpoint is
`async def (request) -> Response` and reads what it needs itself; its parameters and body are declared by a
function nobody calls:

    def _parameters(record_id: str, body: RecordIn, vault_purpose: Annotated[str, Header()]) -> None: ...

    @router.post("/v1/records/{record_id}", response_model=RecordOut, dependencies=[Depends(_parameters)])
    async def change(request: Request) -> Response: ...

Add such a router with `app.router.routes.extend(router.routes)`: its prefix and tags are in its routes
already, and `include_router` would try every route twice. Errors travel to the handlers of `problems`,
which stand around the router. Dependencies of a lean route are never run.
"""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send


class LeanRoute(APIRoute):
    """Serves `endpoint(request)`; for `APIRouter(route_class=LeanRoute)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint itself; TypeError unless it is a coroutine function of one argument, the request."""
        parameters = list(inspect.signature(self.endpoint).parameters)
        if not inspect.iscoroutinefunction(self.endpoint) or parameters != ["request"]:
            raise TypeError(
                f"{self.name} must be async and take `request` alone; declare parameters in dependencies"
            )
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return endpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route, but a path that begins otherwise is turned down before the pattern is tried."""
        plain = not scope["root_path"] and "fastapi" not in scope
        if plain and not scope["path"].startswith(self.path.partition("{")[0]):
            return Match.NONE, {}
        return super().matches(scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer without FastAPI's wrapping; 405 for a method that the route does not take."""
        methods = self.methods or set()
        if scope["method"] not in methods:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(methods))})
        answer = await self.endpoint(Request(scope, receive, send))
        await answer(scope, receive, send)
