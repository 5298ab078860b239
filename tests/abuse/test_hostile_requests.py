"""Requests that mean harm below the level of their body, and failures that must not talk."""

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Message

from app.kernel.errors import Kind, VaultError
from app.web import problems
from app.web.edge import Edge
from app.web.lean_route import LeanRoute
from app.web.limits import Limits
from app.web.logs import configure_logging
from app.web.metrics import Metrics

MARK = "KINMARK-91c2"


class DeathOfADriverError(Exception):
    """As SQLAlchemy's, its text carries the row."""


def vault(*, body_seconds: float = 20.0) -> tuple[FastAPI, Metrics]:
    app, metrics = FastAPI(openapi_url=None), Metrics()
    problems.install(app)
    router = APIRouter(route_class=LeanRoute, prefix="/v1")

    @router.get("/records/{record_id}")  # noqa: FAST003  a lean endpoint reads it from the request
    async def read(request: Request) -> Response:
        request.state.caller_id = "clr_01m81bvvywee2rvgjk1fdrffx1"
        return JSONResponse({"id": request.path_params["record_id"]})

    @router.post("/body")
    async def body(request: Request) -> Response:
        return Response(str(len(await request.body())))

    @router.get("/bug")
    async def bug(request: Request) -> Response:
        raise DeathOfADriverError(f"DETAIL: Key (email)=({MARK})", request.url)

    @router.get("/refusal")
    async def refusal(request: Request) -> Response:
        raise VaultError(Kind.UNAUTHENTICATED, "the API key is not known here")

    @router.get("/halfway")
    async def halfway(request: Request) -> Response:
        async def parts() -> AsyncIterator[bytes]:
            yield b"one"
            raise DeathOfADriverError(MARK)

        return StreamingResponse(parts())

    class Wrong(BaseModel):
        count: int

    @app.get("/wrong-answer", response_model=Wrong)
    async def wrong_answer() -> dict[str, str]:
        return {"count": MARK}

    @app.get("/teapot/{number}")
    async def teapot(number: int, limit: int) -> int:
        return number + limit

    app.router.routes.extend(router.routes)
    app.add_middleware(Limits, seconds=body_seconds)
    app.add_middleware(Edge, metrics=metrics)
    return app, metrics


def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://vault.test")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """The log of one test, at DEBUG, with the process's logging put back afterwards."""
    root, stream = logging.getLogger(), io.StringIO()
    before = (root.level, root.handlers[:], logging.raiseExceptions)
    configure_logging("DEBUG", stream)
    yield stream
    logging.captureWarnings(capture=False)
    root.level, root.handlers[:], logging.raiseExceptions = before


def is_problem(answer: httpx.Response, status: int, code: str) -> bool:
    right_type = answer.headers["content-type"] == "application/problem+json"
    return right_type and (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "path", ["/v1/records/rec_1", "/v1/bug", "/v1/refusal", "/none", "/wrong-answer", "/teapot/x", "/v1/%00"]
)
async def test_every_answer_has_its_headers_and_its_own_request_id(path: str) -> None:
    app, _ = vault()
    async with client(app) as http:
        first, second = await http.get(path), await http.get(path)
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["referrer-policy"] == "no-referrer"
    assert first.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert first.headers["vault-request"].startswith("req_")
    assert first.headers["vault-request"] != second.headers["vault-request"]


async def test_a_bug_is_answered_and_logged_without_its_words(lines: io.StringIO) -> None:
    app, _ = vault()
    async with client(app) as http:
        answer = await http.get("/v1/bug", params={"q": MARK}, headers={"X-Anything": MARK})
    assert is_problem(answer, 500, "internal")
    assert MARK not in answer.text
    record = next(
        line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"] == "internal-error"
    )
    assert record["exception"] == "DeathOfADriverError"
    assert record["request"] == answer.headers["vault-request"]
    assert record["place"].startswith("app/web/")
    assert MARK not in lines.getvalue()


async def test_an_answer_that_does_not_fit_its_model_is_a_bug_without_words(lines: io.StringIO) -> None:
    app, _ = vault()
    async with client(app) as http:
        answer = await http.get("/wrong-answer")
    assert is_problem(answer, 500, "internal")
    assert MARK not in answer.text + lines.getvalue()


async def test_half_an_answer_breaks_the_connection_and_is_logged(lines: io.StringIO) -> None:
    app, _ = vault()
    async with client(app) as http:
        with pytest.raises(DeathOfADriverError):
            await http.get("/v1/halfway")
    assert "internal-error" in lines.getvalue()
    assert MARK not in lines.getvalue()


async def test_refusals_of_the_framework_are_problems() -> None:
    app, _ = vault()
    async with client(app) as http:
        assert is_problem(await http.get("/none"), 404, "not-found")
        for path, allowed in [("/v1/bug", "GET"), ("/wrong-answer", "GET")]:
            answer = await http.post(path)
            assert is_problem(answer, 405, "method-not-allowed")
            assert answer.headers["allow"] == allowed
        refused = await http.get("/v1/refusal")
        assert is_problem(refused, 401, "unauthenticated")
        assert refused.headers["www-authenticate"] == "Bearer"
        parameters = await http.get(f"/teapot/{MARK}", params={"limit": MARK})
        assert is_problem(parameters, 422, "invalid")
        assert [e["pointer"] for e in parameters.json()["errors"]] == ["/path/number", "/query/limit"]
        assert MARK not in parameters.text


@pytest.mark.parametrize(
    "headers",
    [
        [("Host", "a.test"), ("Host", "b.test")],
        [("Host", "a.test, b.test")],
        [("Host", "a.test/path")],
        [("Host", "user@a.test")],
        [("Host", "")],
        [("Host", "a.test"), ("Authorization", "Bearer a"), ("Authorization", "Bearer b")],
        [("Host", "a.test"), ("Content-Length", "0"), ("Content-Length", "5")],
        [("Host", "a.test"), ("Content-Length", "0"), ("Transfer-Encoding", "chunked")],
        [("Host", "a.test"), ("Content-Length", "-1")],
        [("Host", "a.test"), ("Content-Length", "1_0")],
        [("Host", "a.test"), *[(f"X-{n}", "1") for n in range(10_000)]],
        [("Host", "a.test"), ("X-Long", "a" * 40_000)],
    ],
    ids=lambda headers: f"{headers[-1][0]}:{headers[-1][1][:12]}",
)
async def test_a_head_that_could_be_read_two_ways_is_refused(headers: list[tuple[str, str]]) -> None:
    app, _ = vault()
    sent: list[Message] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/v1/records/rec_1",
        "raw_path": b"/v1/records/rec_1",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert json.loads(sent[1]["body"])["code"] == "bad-request"
    assert (b"connection", b"close") in sent[0]["headers"]


@pytest.mark.parametrize("host", ["vault.test:8000", "127.0.0.1", "[::1]:8000", "my_vault"])
async def test_ordinary_hosts_are_taken(host: str) -> None:
    app, _ = vault()
    async with client(app) as http:
        assert (await http.get("/v1/records/rec_1", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("target", ["/v1/records/a%00b", "/v1/records/a?x=%00", "/v1/records/" + "a" * 9000])
async def test_a_target_that_no_database_can_hold_is_refused(target: str) -> None:
    app, _ = vault()
    async with client(app) as http:
        assert is_problem(await http.get(target), 400, "bad-request")


async def test_a_body_that_trickles_is_given_up() -> None:
    app, _ = vault(body_seconds=0.05)

    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b"a"
            await asyncio.sleep(0.01)

    async with client(app) as http:
        answer = await http.post("/v1/body", content=trickle())
    assert is_problem(answer, 400, "bad-request")
    assert answer.headers["connection"] == "close"


async def test_a_declared_length_is_believed_only_when_it_is_too_long() -> None:
    app, _ = vault()
    async with client(app) as http:
        long = await http.post("/v1/body", content=b"ab", headers={"Content-Length": str(2**20 + 1)})
        huge = await http.post("/v1/body", content=b"ab", headers={"Content-Length": "9" * 5000})
        lying = await http.post("/v1/body", content=b"a" * (2**20 + 1), headers={"Content-Length": "5"})
    assert is_problem(long, 413, "too-large")
    assert is_problem(huge, 400, "bad-request")
    assert is_problem(lying, 413, "too-large")


async def test_neither_log_nor_metrics_hold_what_a_sender_wrote(lines: io.StringIO) -> None:
    app, metrics = vault()
    logging.getLogger("sqlalchemy.engine.Engine").debug("[parameters: (%r)]", MARK)
    logging.getLogger("asyncpg").warning("row %s", MARK, extra={"fields": {"caller": MARK}, "event": MARK})
    logging.getLogger(MARK + " of a name").error(MARK)
    try:
        int(MARK)
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application %s", MARK)
    async with client(app) as http:
        await http.get(
            f"/v1/records/{MARK}", params={MARK: MARK}, headers={"Vault-Case": MARK, "User-Agent": MARK}
        )
        await http.get(f"/{MARK}")
        await http.request(MARK, "/v1/bug")
        await http.get("/v1/bug", headers={"Traceparent": f"00-{MARK}-x-01"})
        await http.post("/v1/body", content=MARK.encode())
    assert "asyncpg" in lines.getvalue()
    assert "sqlalchemy" not in lines.getvalue()
    assert MARK not in lines.getvalue()
    assert MARK not in metrics.render().decode()


async def test_a_request_is_logged_by_its_template_caller_and_trace(lines: io.StringIO) -> None:
    app, metrics = vault()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with client(app) as http:
        answer = await http.get(
            "/v1/records/rec_9", headers={"Traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        )
    [line] = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert {
        key: line[key] for key in ("event", "method", "route", "status", "caller", "trace", "request")
    } == {
        "event": "request",
        "method": "GET",
        "route": "/v1/records/{record_id}",
        "status": 200,
        "caller": "clr_01m81bvvywee2rvgjk1fdrffx1",
        "trace": trace,
        "request": answer.headers["vault-request"],
    }
    text = metrics.render().decode()
    assert 'kin_requests_total{method="GET",route="/v1/records/{record_id}",status="200"} 1.0' in text
    assert "kin_requests_in_flight 0.0" in text
