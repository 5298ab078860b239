"""The OpenAPI document: FastAPI's own, made true about errors and credentials.

FastAPI would document its default 422; here every operation names the problems it may answer with, by
status, all of one schema. Parameters, bodies and examples come from the routes.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from app.kernel.errors import Kind
from app.web.problems import MEDIA_TYPE, PROBLEMS

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_ANY: Final = (Kind.BAD_REQUEST, Kind.UNAVAILABLE)
_WITH_CREDENTIAL: Final = (Kind.UNAUTHENTICATED, Kind.NOT_PERMITTED, Kind.TOO_MANY_REQUESTS)
_WITH_BODY: Final = (Kind.TOO_LARGE, Kind.UNSUPPORTED_MEDIA_TYPE, Kind.INVALID)
_FRAMEWORK_SCHEMAS: Final = ("HTTPValidationError", "ValidationError")


def openapi_document(app: FastAPI) -> dict[str, Any]:
    """The document of all routes of `app`, OpenAPI 3.1."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        tags=app.openapi_tags,
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    schemas["Problem"] = _problem_schema()
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or a JWT."}
    }
    for _path, _method, operation in operations(document):
        _complete(operation)
    return document


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method in lower case and operation, in the document's order."""
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                yield path, method, item[method]


def _complete(operation: dict[str, Any]) -> None:
    public = operation.get("x-permission") == "public"
    own = [Kind(code) for code in operation.get("x-problems", ())]
    kinds = [*_ANY, *(() if public else _WITH_CREDENTIAL), *own]
    if "requestBody" in operation:
        kinds += _WITH_BODY
    elif "parameters" in operation:
        kinds.append(Kind.INVALID)
    operation["security"] = [] if public else [{"bearer": []}]
    operation["responses"].pop("422", None)
    by_status: dict[int, list[str]] = defaultdict(list)
    for kind in dict.fromkeys(kinds):
        by_status[PROBLEMS[kind].status].append(kind.value)
    for status, codes in sorted(by_status.items()):
        operation["responses"].setdefault(str(status), _problem_answer(codes))
    operation["x-problems"] = [code for _, codes in sorted(by_status.items()) for code in codes]


def _problem_answer(codes: list[str]) -> dict[str, Any]:
    return {
        "description": " or ".join(f"`{code}`" for code in codes),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
    error = {"type": "object", "properties": dict.fromkeys(("pointer", "code", "detail"), text)}
    return {
        "title": "Problem",
        "description": "RFC 9457 problem details. Never holds a submitted value.",
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri", "examples": ["urn:kin:problem:not-found"]},
            "title": text,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": text,
            "code": {"type": "string", "enum": [kind.value for kind in Kind]},
            "request_id": {"type": "string", "description": "Also in the header `Vault-Request`."},
            "errors": {
                "type": "array",
                "items": error,
                "description": "`pointer` is an RFC 6901 JSON pointer.",
            },
            "reasons": {
                "type": "object",
                "additionalProperties": text,
                "description": "Field → reason code.",
            },
            "event": {"type": "string", "description": "The audit event, `evt_…`."},
        },
    }
