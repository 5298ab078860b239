import tomllib
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from app.notice.places import Path, places
from app.notice.reference import reference_source


def _paths(value: object, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _paths(item, (*path, key))
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from _paths(item, (*path, place))


_TRICKY = '''\
# [not.a.table]
title = "a # no comment, [no] { table } = 1"   # comment
[a.b]
text = """
[still.text]
key = 1"""""
'quoted # key'."other \\u0041" = 'x'
inline = { one = 1, two.three = [1, 2], "four five" = { six = [ { seven = 7 } ] } }
list = [
  1979-05-27 07:32:00,   # ]
  [ "x", 'y' ],

  { z = 1.5e3 },
]
[[rows]]
n = 1
[rows.sub]
m = 1
[[rows]]
n = 2
[[rows.deeper]]
k = 1
[[rows.deeper]]
k = 2
last = """a\\
   b"""
end = inf
'''


def test_finds_the_line_of_everything_in_a_tricky_document():
    lines = places(_TRICKY)
    assert set(_paths(tomllib.loads(_TRICKY))) == set(lines)
    assert lines["title",] == 2
    assert lines["a", "b"] == 3
    assert lines["a", "b", "text"] == 4
    assert lines["a", "b", "quoted # key", "other A"] == 7
    assert lines["a", "b", "inline", "four five", "six", 0, "seven"] == 8
    assert lines["a", "b", "list", 0] == 10
    assert lines["a", "b", "list", 1, 1] == 11
    assert lines["a", "b", "list", 2, "z"] == 13
    assert lines["rows", 0, "n"] == 16
    assert lines["rows", 0, "sub", "m"] == 18
    assert lines["rows", 1] == 19
    assert lines["rows", 1, "deeper", 1, "k"] == 24
    assert lines["rows", 1, "deeper", 1, "end"] == 27


def test_windows_line_ends_count_once():
    assert places("a = 1\r\n\r\nb = 2\r\n") == {("a",): 1, ("b",): 3}


def test_finds_every_path_of_the_reference_notice_where_its_key_is_written():
    source = reference_source().decode()
    lines = places(source)
    rows = source.splitlines()
    assert set(_paths(tomllib.loads(source))) == set(lines)
    for path, line in lines.items():
        if isinstance(path[-1], str):
            assert path[-1] in rows[line - 1]


_keys = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=6)
_text = st.text(
    st.characters(codec="utf-8", exclude_characters="\x7f", exclude_categories=["Cc"]), max_size=8
)
_values = st.recursive(
    st.integers() | st.booleans() | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_keys, inner, max_size=3),
)


def _toml(value: object, gap: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + gap + ("," + gap).join(_toml(item, gap) for item in value) + gap + "]"
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{_toml(key, gap)} = {_toml(item, '')}" for key, item in value.items()) + " }"
        )
    return str(value)


@given(st.dictionaries(_keys, _values, max_size=4), st.sampled_from(["", " ", "\n", " # ]\n"]))
def test_finds_every_path_of_any_document(document, gap):
    source = "".join(f"{_toml(key, gap)} = {_toml(value, gap)}\n" for key, value in document.items())
    assert tomllib.loads(source) == document
    assert set(_paths(document)) == set(places(source))
