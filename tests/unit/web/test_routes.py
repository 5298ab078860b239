"""Lean routes are documented in full, none goes undeclared, and the document tells the truth about
problems.
"""

from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.kernel.errors import Kind, VaultError
from app.web import problems
from app.web.docs_page import docs_router, page_response, render
from app.web.edge import route_template
from app.web.lean_route import LeanRoute
from app.web.openapi import openapi_document
from app.web.permissions import declared, permission_of, require, undeclared_routes


class RecordIn(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"name": "Nguyễn <Văn> An"}})
    name: str
    age: int | None = None


class RecordOut(BaseModel):
    id: str


def lean_app() -> FastAPI:
    app = FastAPI(title="Kín <b>", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    problems.install(app)
    router = APIRouter(route_class=LeanRoute, prefix="/v1", tags=["records"])

    def change_parameters(
        record_id: str,
        body: RecordIn,
        vault_purpose: Annotated[str, Header(description="why")],
        limit: Annotated[int, Query(ge=1)] = 5,
    ) -> None:
        raise AssertionError("a lean route does not run its dependencies")

    @router.post(
        "/records/{record_id}",  # noqa: FAST003  a lean endpoint reads it from the request
        status_code=201,
        response_model=RecordOut,
        dependencies=[Depends(change_parameters)],
        openapi_extra=declared("grants", problems=[Kind.NOT_FOUND, Kind.NOT_COVERED]),
    )
    async def change(request: Request) -> Response:
        """Change a `record` <now>."""
        seen = {"id": request.path_params["record_id"], "permission": permission_of(request.scope)}
        return JSONResponse(seen | {"route": route_template(request.scope)}, 201)

    @router.get("/livez", openapi_extra=declared("public"))
    async def livez(request: Request) -> Response:
        raise VaultError(Kind.UNAVAILABLE, "the database does not answer")

    app.router.routes.extend(router.routes)
    app.router.routes.extend(docs_router(app).routes)
    return app


def client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://vault.test")


async def test_a_lean_route_is_served_and_its_errors_reach_the_handlers() -> None:
    async with client(lean_app()) as http:
        answer = await http.post("/v1/records/rec_1")
        assert answer.status_code == 201
        assert answer.json() == {"id": "rec_1", "permission": "grants", "route": "/v1/records/{record_id}"}
        assert (await http.get("/v1/livez")).json()["code"] == "unavailable"
        wrong_method = await http.get("/v1/records/rec_1")
        assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")
        assert (await http.get("/v1/records")).status_code == 404


async def test_an_included_lean_route_keeps_its_prefix_in_path_and_template() -> None:
    app, outer = FastAPI(openapi_url=None, docs_url=None, redoc_url=None), APIRouter()
    inner = APIRouter(route_class=LeanRoute)

    @inner.get("/{name}", openapi_extra=declared("audit"))  # noqa: FAST003  as above
    async def one(request: Request) -> Response:
        return JSONResponse([route_template(request.scope), permission_of(request.scope)])

    outer.include_router(inner, prefix="/b")
    app.include_router(outer, prefix="/a")
    async with client(app) as http:
        assert (await http.get("/a/b/c")).json() == ["/a/b/{name}", "audit"]
        assert (await http.get("/c")).status_code == 404
    assert undeclared_routes(app) == ["/docs", "/docs/oauth2-redirect", "/redoc"] or not undeclared_routes(
        app
    )


def test_a_lean_endpoint_with_parameters_of_its_own_is_refused_at_once() -> None:
    router = APIRouter(route_class=LeanRoute)

    async def with_more(request: Request, name: str) -> Response:
        return JSONResponse([name, str(request.url)])

    with pytest.raises(TypeError, match="take `request` alone"):
        router.add_api_route("/x/{name}", with_more)


def test_the_document_has_parameters_body_answer_and_problems() -> None:
    document = openapi_document(lean_app())
    operation = document["paths"]["/v1/records/{record_id}"]["post"]
    found = {(p["in"], p["name"], p["required"]) for p in operation["parameters"]}
    assert found == {
        ("path", "record_id", True),
        ("header", "vault-purpose", True),
        ("query", "limit", False),
    }
    assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/RecordIn")
    assert operation["responses"]["201"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "/RecordOut"
    )
    assert operation["responses"]["404"]["description"] == "`not-found`"
    assert operation["responses"]["422"]["description"] == "`not-covered` or `invalid`"
    assert operation["security"] == [{"bearer": []}]
    assert document["paths"]["/v1/livez"]["get"]["security"] == []
    assert "/docs" not in document["paths"]


def test_every_reference_in_the_document_resolves() -> None:
    document = openapi_document(lean_app())
    schemas = document["components"]["schemas"]

    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    assert {ref.removeprefix("#/components/schemas/") for ref in references(document)} <= set(schemas)
    assert "HTTPValidationError" not in schemas


async def test_the_page_shows_every_operation_escaped_and_under_its_own_policy() -> None:
    async with client(lean_app()) as http:
        page = await http.get("/docs")
        described = await http.get("/openapi.json")
    assert "script" not in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "Nguyễn &lt;Văn&gt; An" in page.text
    assert "Change a <code>record</code> &lt;now&gt;." in page.text
    assert "<b>" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert described.json()["openapi"].startswith("3.1")
    assert "<h3>RecordOut</h3>" in page.text
    for path in described.json()["paths"]:
        assert path in page.text


def test_the_policy_names_the_style_that_the_page_carries() -> None:
    page = page_response(openapi_document(lean_app()))
    style = bytes(page.body).decode().partition("<style>")[2].partition("</style>")[0]
    other = page_response(openapi_document(lean_app()))
    assert page.headers["content-security-policy"] == other.headers["content-security-policy"]
    assert render(openapi_document(lean_app()), style) == bytes(page.body).decode()


def test_a_route_that_declares_nothing_is_found() -> None:
    app = lean_app()
    assert undeclared_routes(app) == []

    @app.get("/forgotten")
    async def forgotten() -> None: ...

    app.mount("/static", app=lean_app())
    assert undeclared_routes(app) == ["/forgotten", "/static"]


def test_permissions_are_words_of_the_notice_language() -> None:
    with pytest.raises(ValueError, match="not a permission"):
        declared("auditt")
    require(frozenset(), "public")
    require(frozenset(), "grants")
    require(frozenset({"audit"}), "audit")
    for held, needed in [({"audit"}, "keys"), (set(), "audit"), ({"undeclared"}, "keys")]:
        with pytest.raises(VaultError) as caught:
            require(frozenset(held), needed)
        assert caught.value.kind is Kind.NOT_PERMITTED


def test_a_route_without_a_declaration_is_closed_to_everybody() -> None:
    assert permission_of({"route": object()}) == permission_of({}) == "undeclared"
    with pytest.raises(VaultError):
        require(frozenset({"audit", "keys"}), permission_of({}))
