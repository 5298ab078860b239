"""How a mistake in a submitted document is told: where, which, and what to do; never what was submitted.

Pydantic's own words can repeat the input (a union's tag, a time zone, the text of a ValueError), so only
the *type* of its error is used, and the words are ours. A pointer names only what the document and the
model both have: a member that the model does not know is reported at the object that holds it, because its
name is the sender's text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from app.kernel.errors import FieldError

MAX_ERRORS: Final = 50
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,63}")

_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "missing": "is required; send it",
        "extra_forbidden": "holds a member that this operation does not know; remove it",
        "string_type": "must be a string",
        "string_too_short": "is too short",
        "string_too_long": "is too long",
        "string_pattern_mismatch": "is not written as the schema's pattern says",
        "int_type": "must be an integer",
        "int_parsing": "must be an integer",
        "int_from_float": "must be an integer",
        "int_parsing_size": "is too large",
        "float_type": "must be a number",
        "float_parsing": "must be a number",
        "finite_number": "must be a finite number",
        "bool_type": "must be true or false",
        "bool_parsing": "must be true or false",
        "dict_type": "must be an object",
        "model_type": "must be an object",
        "model_attributes_type": "must be an object",
        "list_type": "must be an array",
        "tuple_type": "must be an array",
        "too_long": "has too many items",
        "too_short": "has too few items",
        "greater_than": "is too small",
        "greater_than_equal": "is too small",
        "less_than": "is too large",
        "less_than_equal": "is too large",
        "literal_error": "is not one of the values the schema allows",
        "enum": "is not one of the values the schema allows",
        "union_tag_invalid": "is not one of the values the schema allows",
        "datetime_type": "must be a time as RFC 3339 writes it",
        "datetime_parsing": "must be a time as RFC 3339 writes it",
        "datetime_from_date_parsing": "must be a time as RFC 3339 writes it",
        "timezone_aware": "must be a time with its offset, such as Z",
        "date_type": "must be a date as YYYY-MM-DD",
        "date_parsing": "must be a date as YYYY-MM-DD",
        "date_from_datetime_parsing": "must be a date as YYYY-MM-DD",
        "time_delta_type": "must be an ISO 8601 duration",
        "time_delta_parsing": "must be an ISO 8601 duration",
    }
)


def field_errors(mistakes: Iterable[Mapping[str, Any]], document: Any) -> tuple[FieldError, ...]:
    """Pydantic's error dicts (only `type` and `loc` are read) as at most 50 errors with pointers."""
    found = [
        _field_error(mistake["type"], pointer_to(mistake["loc"], document, mistake["type"]))
        for mistake in mistakes
    ]
    return tuple(dict.fromkeys(found))[:MAX_ERRORS]


def parameter_error(mistake: Mapping[str, Any]) -> FieldError:
    """A mistake outside the body, such as `/query/limit`: declared names, never the sender's."""
    return _field_error(
        mistake["type"], "".join(f"/{part}" for part in mistake["loc"] if isinstance(part, str))
    )


def pointer_to(loc: Sequence[str | int], document: Any, error_type: str) -> str:
    """The place in `document` (RFC 6901), without the tags that pydantic adds for unions."""
    node, pointer = document, ""
    steps = loc[:-1] if error_type == "extra_forbidden" else loc
    for index, step in enumerate(steps):
        known = _holds(node, step)
        if known and isinstance(step, str) and not _NAME.fullmatch(step):
            break
        if known:
            node = node[step]
        elif error_type != "missing" or index != len(steps) - 1:
            continue
        pointer += f"/{step}"
    return pointer


def _holds(node: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(node, list) and step < len(node)
    return isinstance(node, dict) and step in node


def _field_error(error_type: str, pointer: str) -> FieldError:
    words = _WORDS.get(error_type, "is not valid here; see the schema of this operation")
    return FieldError(pointer, error_type.replace("_", "-"), words)
