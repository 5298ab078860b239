"""Bodies that are not quite JSON, through the real middlewares: JSONTestSuite, and what the suite leaves
free.
"""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, ConfigDict, StrictInt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.web import problems
from app.web.edge import Edge
from app.web.lean_route import LeanRoute
from app.web.limits import MAX_BODY, Limits
from app.web.metrics import Metrics
from app.web.strict_json import parse_json, read_body

SUITE = Path(__file__).parent / "data" / "JSONTestSuite" / "test_parsing"
STRICTER = {
    "y_object_duplicated_key.json",
    "y_object_duplicated_key_and_value.json",
    "y_object_escaped_null_in_key.json",
    "y_string_null_escape.json",
}
"""Legal JSON that the API refuses all the same: a member named twice, NUL."""
MARK = "KINMARK-7f3a"


class Thing(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = ""
    count: StrictInt = 0


def client() -> httpx.AsyncClient:
    app = FastAPI(openapi_url=None)
    problems.install(app)
    router = APIRouter(route_class=LeanRoute)

    @router.post("/echo")
    async def echo(request: Request) -> Response:
        return JSONResponse({"document": parse_json(await request.body())})

    @router.post("/thing")
    async def thing(request: Request) -> Response:
        return JSONResponse((await read_body(request, Thing)).model_dump())

    @app.post("/ordinary")
    async def ordinary(thing: Thing) -> Thing:
        return thing

    app.router.routes.extend(router.routes)
    app.add_middleware(Limits)
    app.add_middleware(Edge, metrics=Metrics())
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app),
        base_url="http://vault.test",
        headers={"Content-Type": "application/json"},
    )


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code
    assert answer.json()["request_id"] == answer.headers["vault-request"]


async def test_the_suite_is_judged_as_its_authors_do_but_for_four_files() -> None:
    counted = dict.fromkeys("yni", 0)
    async with client() as http:
        for path in sorted(SUITE.iterdir()):
            answer = await http.post("/echo", content=path.read_bytes())
            counted[path.name[0]] += 1
            if path.name.startswith("n_") or path.name in STRICTER:
                assert_problem(answer, 400, "bad-request")
            elif path.name.startswith("y_"):
                assert answer.status_code == 200, path.name
                assert answer.json()["document"] == json.loads(path.read_bytes()), path.name
            else:
                assert answer.status_code in {200, 400}, path.name
    assert {path.name for path in SUITE.iterdir()} > STRICTER
    assert counted == {"y": 95, "n": 188, "i": 35}


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": NaN}',
        b'{"count": NaN}',
        b'{"count": Infinity}',
        b'{"count": -Infinity}',
        b'{"count": 1e400}',
        b'{"count": -1e400}',
        b'{"count": ' + b"9" * 401 + b"}",
        b'{"count": ' + b"9" * 500_000 + b"}",
        b'{"count": 0.' + b"9" * 500_000 + b"}",
        b'{"name": "a", "name": "b"}',
        b'{"name": "a", "n\\u0061me": "b"}',
        b'{"name": "a\\u0000b"}',
        b'{"name": "a\x00b"}',
        b'{"na\\u0000me": "b"}',
        b'{"name": "\\ud800"}',
        b'{"name": "\\udfff\\ud800"}',
        b'{"name": "\\uD83D x"}',
        b'{"name": "\xed\xa0\x80"}',
        b'{"name": "\xff"}',
        b'\xef\xbb\xbf{"name": "a"}',
        '{"name": "a"}'.encode("utf-16"),
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b'[{"a":' * 33 + b"1" + b"}]" * 33,
        b"[" * 500_000,
        b'{"a":' * 150_000,
        b'"' + b'\\"' * 300_000,
        b"",
        b" ",
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_what_python_would_let_pass_is_refused(body: bytes) -> None:
    async with client() as http:
        assert_problem(await http.post("/thing", content=body), 400, "bad-request")


@pytest.mark.parametrize(
    "document",
    [
        "[" * 64 + "]" * 64,
        '{"a":' * 64 + "1" + "}" * 64,
        "[" + ",".join(["[]"] * 200) + "]",
        '["' + "[{" * 200 + '"]',
        '["\\\\u0000", "\\\\ud800", "\\"[[["]',
        '["\\ud83d\\ude00", "😀", "Nguyễn Văn An", "\\u1ec5"]',
        "9" * 400,
        "1e-400",
    ],
    ids=lambda text: text[:16],
)
async def test_what_is_unusual_and_right_is_taken(document: str) -> None:
    async with client() as http:
        answer = await http.post("/echo", content=document.encode())
    assert answer.status_code == 200
    assert answer.json()["document"] == json.loads(document)


async def test_a_body_may_be_one_mebibyte_and_not_a_byte_more() -> None:
    async with client() as http:
        fits = b'{"name": "' + b"a" * (MAX_BODY - 12) + b'"}'
        assert (len(fits), (await http.post("/thing", content=fits)).status_code) == (MAX_BODY, 200)
        assert_problem(await http.post("/thing", content=fits + b" "), 413, "too-large")
        assert_problem(await http.post("/ordinary", content=fits + b" "), 413, "too-large")


@pytest.mark.parametrize("path", ["/thing", "/ordinary"])
async def test_a_body_without_a_length_is_stopped_where_it_passes_the_limit(path: str) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 65_536
            yield b" " * 65_536

    async with client() as http:
        assert_problem(await http.post(path, content=endless()), 413, "too-large")
    assert taken <= MAX_BODY + 65_536


async def test_only_json_is_taken_for_json() -> None:
    async with client() as http:
        for media_type, status in [
            ("application/json", 200),
            ("application/json; charset=utf-8", 200),
            ("Application/JSON;charset=UTF-8", 200),
            ("application/merge-patch+json", 200),
            ("application/json; charset=utf-16", 415),
            ("text/plain", 415),
            ("application/x-www-form-urlencoded", 415),
            ("multipart/form-data; boundary=x", 415),
            ("", 415),
        ]:
            answer = await http.post("/thing", content=b"{}", headers={"Content-Type": media_type})
            assert answer.status_code == status, media_type


@pytest.mark.parametrize("path", ["/thing", "/ordinary"])
@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"name": [MARK]}, "/name", "string-type"),
        ({"count": MARK}, "/count", "int-type"),
        ({"name": "a", MARK: 1}, "", "extra-forbidden"),
        ({"count": True}, "/count", "int-type"),
        (MARK, "", ""),
        ([MARK], "", ""),
    ],
)
async def test_a_validation_error_says_where_and_never_what(
    path: str, body: object, pointer: str, code: str
) -> None:
    async with client() as http:
        answer = await http.post(path, json=body)
    assert_problem(answer, 422, "invalid")
    assert MARK not in answer.text
    [error] = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert error["code"] == code or not code


async def test_the_ordinary_parser_refuses_a_broken_body_without_quoting_it() -> None:
    async with client() as http:
        answer = await http.post("/ordinary", content=f'{{"name": "{MARK}'.encode())
    assert answer.status_code == 422
    assert MARK not in answer.text
