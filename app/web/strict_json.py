"""What counts as a JSON body: RFC 8259 without its tolerances.

Refused: anything but UTF-8, a byte order mark, NaN and infinities (also 1e400), numbers of more than 400
digits, a member named twice, lone surrogates and NUL (also escaped), more than 64 levels. Two parsers that
read such a text could each understand another document, and a database could keep neither. What the members
mean is the models' matter.
"""

import json
import math
import re
from typing import Any, Final, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from app.kernel.errors import Kind, VaultError
from app.web.validation import field_errors

MAX_DEPTH: Final = 64
_MAX_DIGITS: Final = 400

_Model = TypeVar("_Model", bound=BaseModel)

# An unclosed string is matched to the end, so that the whole scan stays linear on any input.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_ONE_BRACKET: Final = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS: Final = bytes(sorted(frozenset(range(256)) - frozenset(b"[]{}")))
_SUSPECT_ESCAPE: Final = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_FORBIDDEN: Final = re.compile("[\x00\ud800-\udfff]")
_MEDIA_TYPE: Final = re.compile(
    r'application/(?:json|[a-z0-9.-]+\+json)(?: *; *charset="?utf-8"?)?', re.IGNORECASE
)


def parse_json(body: bytes, *, max_depth: int = MAX_DEPTH) -> Any:
    """The document in `body`, as Python's own types; `bad-request` for any breach."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise _refused("the body is not UTF-8") from None
    if text.startswith("\ufeff"):
        raise _refused("the body begins with a byte order mark; send it without")
    if body.count(b"[") + body.count(b"{") > max_depth:
        _check_depth(body, max_depth)
    try:
        document = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise _refused(f"the body is not JSON: see line {error.lineno}, column {error.colno}") from None
    if _SUSPECT_ESCAPE.search(text):
        _check_strings(document)
    return document


async def read_body(request: Request, model: type[_Model]) -> _Model:
    """The request's body as `model`.

    `unsupported-media-type` unless it is declared as JSON, `bad-request` as in `parse_json`, `invalid` with
    a pointer, a code and words for each mistake that the model finds.
    """
    if not _MEDIA_TYPE.fullmatch(request.headers.get("content-type", "")):
        raise VaultError(Kind.UNSUPPORTED_MEDIA_TYPE, "send the body as application/json in UTF-8")
    return as_model(parse_json(await request.body()), model)


def as_model(document: Any, model: type[_Model]) -> _Model:
    """A parsed document, or a part of one, as `model`; `invalid` with a pointer, a code and words for each mistake."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    raise VaultError(
        Kind.INVALID,
        "the body does not fit this operation; see errors",
        errors=field_errors(mistakes, document),
    )


def _refused(detail: str) -> VaultError:
    return VaultError(Kind.BAD_REQUEST, detail)


def _check_depth(body: bytes, max_depth: int) -> None:
    """Peel one level of nesting a round: what is left after `max_depth` rounds is deeper, or never closed."""
    brackets = _STRING.sub(b"", body).translate(_ONE_BRACKET, _NOT_BRACKETS)
    for _ in range(max_depth):
        peeled = brackets.replace(b"[]", b"")
        if len(peeled) == len(brackets):
            break
        brackets = peeled
    if brackets:
        raise _refused(f"the body nests deeper than {max_depth} levels, or leaves a bracket open")


def _check_strings(node: Any) -> None:
    if isinstance(node, str):
        if _FORBIDDEN.search(node):
            raise _refused("a string holds NUL or half of a surrogate pair; leave it out")
    elif isinstance(node, dict):
        for key, value in node.items():
            _check_strings(key)
            _check_strings(value)
    elif isinstance(node, list):
        for item in node:
            _check_strings(item)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _refused("an object names a member twice; name it once")
    return members


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number) or len(digits) > _MAX_DIGITS:
        raise _refused("a number is too large; send a smaller one")
    return number


def _int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise _refused("a number is too large; send a smaller one")
    return int(digits)


def _constant(_name: str) -> NoReturn:
    raise _refused("NaN and Infinity are not JSON; leave the member out")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=_int, parse_constant=_constant
)
