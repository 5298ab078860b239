"""`parse_json` against the standard parser: equal on what both take, stricter on what only one should."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.errors import Kind, VaultError
from app.web.strict_json import parse_json

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def refused(body: bytes, max_depth: int = 64) -> bool:
    try:
        parse_json(body, max_depth=max_depth)
    except VaultError as error:
        if error.kind is Kind.BAD_REQUEST:
            return True
        raise
    return False


def depth_of(node: object) -> int:
    if isinstance(node, dict):
        return 1 + max(map(depth_of, node.values()), default=0)
    if isinstance(node, list):
        return 1 + max(map(depth_of, node), default=0)
    return 0


@given(DOCUMENTS, st.booleans())
def test_what_json_writes_is_read_back(document: object, ascii_only: bool) -> None:
    assert parse_json(json.dumps(document, ensure_ascii=ascii_only).encode()) == document


@given(DOCUMENTS)
def test_the_limit_is_the_depth_itself(document: object) -> None:
    body, depth = json.dumps(document).encode(), depth_of(document)
    assert parse_json(body, max_depth=depth) == document
    assert depth == 0 or refused(body, depth - 1)


@given(st.binary(max_size=60) | st.text(alphabet='[]{}",:\\u0d8 1eE+-.tn', max_size=40).map(str.encode))
def test_it_takes_nothing_that_the_standard_parser_refuses(body: bytes) -> None:
    assert refused(body) or json.loads(body) == parse_json(body)


@pytest.mark.parametrize("inner", [b'"]"', b'"\\""', b'"["', b'"\\\\"'])
def test_brackets_in_strings_do_not_count(inner: bytes) -> None:
    assert refused(b"[[[" + inner + b"]]]", 2)
    assert parse_json(b"[[" + inner + b"]]", max_depth=2) == [[json.loads(inner)]]


def test_errors_name_a_place_and_no_text() -> None:
    with pytest.raises(VaultError, match=r"^the body is not JSON: see line 2, column 9$"):
        parse_json(b'{"a": 1,\n "name" KINMARK}')
