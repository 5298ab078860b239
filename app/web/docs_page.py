"""The page that documents the API: the OpenAPI document as HTML, made here, without a script or anybody
else's server.

It shows what the document says and decides nothing: operations by tag, parameters, bodies, an example of
each, problems. Its policy allows one style sheet, named by its hash, and nothing else.
"""

import base64
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from app.web.lean_route import LeanRoute
from app.web.openapi import openapi_document, operations
from app.web.permissions import declared

_CODE: Final = re.compile(r"`([^`]+)`")
_NAMED: Final = re.compile(r"[^a-z0-9]+")


def docs_router(app: FastAPI) -> APIRouter:
    """`GET /docs` and `GET /openapi.json` of `app`: public, each made when first asked for."""
    made: dict[str, Response] = {}
    router = APIRouter(route_class=LeanRoute)

    @router.get("/openapi.json", include_in_schema=False, openapi_extra=declared("public"))
    async def openapi(request: Request) -> Response:  # noqa: ARG001  a lean endpoint takes the request
        if "openapi" not in made:
            made["openapi"] = JSONResponse(openapi_document(app))
        return made["openapi"]

    @router.get("/docs", include_in_schema=False, openapi_extra=declared("public"))
    async def docs(request: Request) -> Response:  # noqa: ARG001  a lean endpoint takes the request
        if "docs" not in made:
            made["docs"] = page_response(openapi_document(app))
        return made["docs"]

    return router


def page_response(document: Mapping[str, Any]) -> Response:
    """The page with the content policy that its style sheet needs."""
    style = (files("app.web") / "docs_page.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'"
    return HTMLResponse(render(document, style), headers={"Content-Security-Policy": policy})


def render(document: Mapping[str, Any], style: str) -> str:
    """The whole page; every text of the document is escaped."""
    info = document["info"]
    tags = _by_tag(document)
    about = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    sections = "".join(_section(tag, about.get(tag, ""), ops, document) for tag, ops in tags.items())
    title = escape(info["title"])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} API</title><style>{style}</style></head><body>"
        '<a class="skip" href="#main">Skip to the operations</a><div class="frame">'
        f'<nav aria-label="Operations"><a class="name" href="#main">{title}</a>{_contents(tags)}</nav>'
        f'<main id="main"><h1>{title} API</h1><div class="lead">{_prose(info.get("description", ""))}'
        f'<p>Version {escape(info["version"])} · <a href="/openapi.json">OpenAPI document</a></p></div>'
        f"{sections}{_shapes(document)}</main></div></body></html>"
    )


_Operation = tuple[str, str, dict[str, Any]]


def _by_tag(document: Mapping[str, Any]) -> dict[str, list[_Operation]]:
    """Operations under their first tag: in the order of the document's tags, then of the paths."""
    found: dict[str, list[_Operation]] = defaultdict(list)
    for path, method, operation in operations(document):
        found[str(next(iter(operation.get("tags", ())), "other"))].append((path, method, operation))
    first = [tag["name"] for tag in document.get("tags", ()) if tag["name"] in found]
    return {tag: found[tag] for tag in dict.fromkeys([*first, *found])}


def _contents(tags: Mapping[str, list[_Operation]]) -> str:
    return "".join(
        f"<h2>{escape(tag.capitalize())}</h2><ul>"
        + "".join(f'<li><a href="#{_anchor(p, m)}">{escape(o["summary"])}</a></li>' for p, m, o in found)
        + "</ul>"
        for tag, found in tags.items()
    )


def _section(tag: str, about: str, found: list[_Operation], document: Mapping[str, Any]) -> str:
    articles = "".join(_article(path, method, operation, document) for path, method, operation in found)
    name, lead = escape(tag.capitalize()), _prose(about)
    return f'<section><h2>{name}</h2><div class="lead">{lead}</div>{articles}</section>'


def _article(path: str, method: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    anchor = _anchor(path, method)
    return (
        f'<article id="{anchor}" aria-labelledby="{anchor}-name">'
        f'<h3 id="{anchor}-name">{escape(operation["summary"])}</h3>'
        f'<p class="address"><span class="verb {method}">{method}</span> {escape(path)}</p>'
        f'<div class="about">{_prose(operation.get("description", ""))}</div>{_needs(operation)}'
        f"{_parameters(operation.get('parameters', ()))}{_body(operation, document)}"
        f'<div class="examples">{_examples(operation, document)}</div>{_problems(operation)}</article>'
    )


def _needs(operation: Mapping[str, Any]) -> str:
    words = {"public": "no credential", "grants": "decided by the notice, field by field"}
    permission = operation.get("x-permission", "")
    return (
        f'<span class="tag">{escape(words.get(permission, f"permission {permission}"))}</span>'
        if permission
        else ""
    )


def _parameters(parameters: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        (
            p["name"],
            f"{p['in']}{', required' if p.get('required') else ''}",
            _type(p.get("schema", {})),
            _words(p),
        )
        for p in parameters
    ]
    return _table("Parameters", ("Name", "Where", "Type", "What it is"), rows)


def _body(operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    return _members("Body", _resolved(_media(operation.get("requestBody", {})).get("schema", {}), document))


def _members(title: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (name, "required" if name in required else "optional", _type(member), _words(member))
        for name, member in schema.get("properties", {}).items()
    ]
    return _table(title, ("Member", "", "Type", "What it is"), rows)


def _shapes(document: Mapping[str, Any]) -> str:
    """The schemas that bodies, answers and problems are made of."""
    schemas = sorted(document.get("components", {}).get("schemas", {}).items())
    articles = "".join(
        f'<article id="shape-{escape(name)}"><h3>{escape(name)}</h3>'
        f'<div class="about">{_prose(_words(schema))}</div>{_members("", schema)}</article>'
        for name, schema in schemas
        if "properties" in schema
    )
    return f"<section><h2>Shapes</h2>{articles}</section>" if articles else ""


def _examples(operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    shown = [("Request", _media(operation.get("requestBody", {})))]
    shown += [
        (f"Answer {status}", _media(answer))
        for status, answer in operation["responses"].items()
        if status.startswith("2")
    ]
    blocks = [(name, _example(media, document)) for name, media in shown]
    return "".join(
        f'<div><h4>{name}</h4><pre tabindex="0"><code>{escape(_json(example))}</code></pre></div>'
        for name, example in blocks
        if example is not None
    )


def _problems(operation: Mapping[str, Any]) -> str:
    rows = [
        (status, "", "", answer["description"])
        for status, answer in sorted(operation["responses"].items())
        if not status.startswith("2")
    ]
    table = _table("", ("Status", "", "", "Code"), rows)
    return f"<details><summary>Problems ({len(rows)})</summary>{table}</details>" if rows else ""


def _table(title: str, heads: tuple[str, ...], rows: list[tuple[str, str, str, str]]) -> str:
    if not rows:
        return ""
    used = [i for i in range(4) if any(row[i] for row in rows)]
    head = "".join(f'<th scope="col">{heads[i]}</th>' if heads[i] else "<td></td>" for i in used)
    body = "".join(
        f'<tr><th scope="row"><code>{escape(row[0])}</code></th>'
        + "".join(f"<td>{_marked(row[i])}</td>" for i in used[1:])
        + "</tr>"
        for row in rows
    )
    heading = f"<h4>{title}</h4>" if title else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'{heading}<div class="scroll">{table}</div>'


def _media(holder: Mapping[str, Any]) -> dict[str, Any]:
    """The first media type of a request body or an answer."""
    return dict(next(iter(holder.get("content", {}).values()), {}))


def _example(media: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """The example of the media type, or of its schema; None when neither has one."""
    if "example" in media:
        return media["example"]
    named: Mapping[str, Any] = next(iter(media.get("examples", {}).values()), {})
    schema = _resolved(media.get("schema", {}), document)
    return named.get("value", schema.get("example", next(iter(schema.get("examples", ())), None)))


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    found: Mapping[str, Any] = document.get("components", {}).get("schemas", {}).get(name, schema)
    return found


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a few words: `string`, ``array of `RecordIn` ``, `string or null`."""
    if "$ref" in schema:
        return "`" + str(schema["$ref"]).rpartition("/")[2] + "`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(_type(choice) for choice in choices)
    if schema.get("type") == "array":
        return f"array of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("const") or schema.get("type") or "any")


def _words(part: Mapping[str, Any]) -> str:
    return str(part.get("description") or "")


def _prose(text: str) -> str:
    return "".join(f"<p>{_marked(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph.strip())


def _marked(text: str) -> str:
    """Escaped, with `code` as code: all the Markdown that descriptions here use."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _anchor(path: str, method: str) -> str:
    return f"{method}-{_NAMED.sub('-', path.lower()).strip('-')}"


def _json(example: Any) -> str:
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False, indent=2)
