import itertools
import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.keys.providers.keyring_file import (
    Keyring,
    KeyringRefused,
    is_known_key,
    read_keyring,
    replace_keyring,
)
from app.keys.providers.local import create_keyring, retire_root, rotate_root


def refusal_of(path: Path) -> str:
    with pytest.raises(KeyringRefused) as refused:
        read_keyring(path)
    assert str(path) in refused.value.detail
    return refused.value.detail


def test_a_new_keyring_is_private_and_complete(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    create_keyring(path, development=False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    keyring = read_keyring(path)
    assert (keyring.primary, list(keyring.root_keys), keyring.development) == (1, [1], False)
    assert list(tmp_path.iterdir()) == [path]


def test_a_generous_umask_does_not_open_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_keyring(tmp_path / "keyring.json", development=False)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keyring.json").stat().st_mode) == 0o600


def test_a_keyring_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    create_keyring(path, development=False)
    before = path.read_bytes()
    with pytest.raises(KeyringRefused, match="already"):
        create_keyring(path, development=True)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_missing(tmp_path: Path) -> None:
    assert "kin key init" in refusal_of(tmp_path / "keyring.json")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666], ids=oct)
def test_open_to_others(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keyring.json"
    create_keyring(path, development=False)
    path.chmod(mode)
    assert "chmod 600" in refusal_of(path)


@pytest.mark.parametrize("mode", [0o600, 0o400], ids=oct)
def test_closed_to_others(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keyring.json"
    create_keyring(path, development=False)
    path.chmod(mode)
    assert read_keyring(path).primary == 1


def test_a_link_is_judged_by_its_target(tmp_path: Path) -> None:
    target, link = tmp_path / "keyring.json", tmp_path / "link.json"
    create_keyring(target, development=False)
    link.symlink_to(target)
    assert read_keyring(link).primary == 1
    target.chmod(0o644)
    assert "chmod 600" in refusal_of(link)


def test_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "is not a file" in refusal_of(tmp_path / "folder")
    assert "is not a file" in refusal_of(tmp_path / "pipe")
    assert "cannot be opened" in refusal_of(tmp_path / "pipe" / "below")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 50_000, b"{}" + b" " * 70_000 + b"x", b"9" * 60_000],
    ids=["empty", "cut", "not text", "deep", "long", "a long number"],
)
def test_not_json_or_not_a_keyring(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keyring.json"
    path.touch(mode=0o600)
    path.write_bytes(content)
    assert "restore it from its backup" in refusal_of(path)


def test_a_refusal_never_quotes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    create_keyring(path, development=False)
    text = path.read_text(encoding="ascii")
    key = json.loads(text)["root_keys"][0]["key"]
    for damaged in (text[:-4], text.replace(key, key[:-4]), text.replace(key, "!" + key), text + key):
        path.write_text(damaged, encoding="ascii")
        with pytest.raises(KeyringRefused) as refused:
            read_keyring(path)
        assert key[:-4] not in str(refused.value)
        assert refused.value.__context__ is None or refused.value.__suppress_context__


def test_rotation_keeps_the_old_key_until_it_is_retired(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    create_keyring(path, development=True)
    first = read_keyring(path)
    assert [rotate_root(path), rotate_root(path)] == [2, 3]
    rotated = read_keyring(path)
    assert (rotated.primary, list(rotated.root_keys)) == (3, [1, 2, 3])
    assert rotated.root_keys[1] == first.root_keys[1]
    assert len(set(rotated.root_keys.values())) == 3
    assert (rotated.created_at, rotated.development) == (first.created_at, True)
    retire_root(path, 1)
    assert list(read_keyring(path).root_keys) == [2, 3]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_version_is_never_given_twice(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    create_keyring(path, development=False)
    rotate_root(path)
    retire_root(path, 1)
    assert rotate_root(path) == 3


@pytest.mark.parametrize(("version", "words"), [(2, "rotate first"), (7, "no root key of version 7")])
def test_what_cannot_be_retired(tmp_path: Path, version: int, words: str) -> None:
    path = tmp_path / "keyring.json"
    create_keyring(path, development=False)
    rotate_root(path)
    before = path.read_bytes()
    with pytest.raises(KeyringRefused, match=words):
        retire_root(path, version)
    assert path.read_bytes() == before


def test_two_changes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    create_keyring(path, development=False)
    with pytest.raises(KeyringRefused, match="another change is under way"):
        replace_keyring(path, lambda: _rotated(path))
    assert read_keyring(path).primary == 1
    assert list(tmp_path.iterdir()) == [path]


def _rotated(path: Path) -> Keyring:
    rotate_root(path)
    raise AssertionError("the second change was let in")


def test_a_change_that_fails_leaves_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    create_keyring(path, development=False)
    before = path.read_bytes()
    path.chmod(0o644)
    with pytest.raises(KeyringRefused, match="chmod 600"):
        rotate_root(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_nowhere_to_write(tmp_path: Path) -> None:
    with pytest.raises(KeyringRefused, match="cannot be written"):
        create_keyring(tmp_path / "missing" / "keyring.json", development=False)


@given(st.binary(min_size=32, max_size=32).filter(lambda key: len(set(key)) > 16 and max(key) > 126))
def test_an_irregular_key_is_not_known(key: bytes) -> None:
    steps = {(after - before) % 256 for before, after in itertools.pairwise(key)}
    assert is_known_key(key) == (len(steps) == 1)


@given(st.binary(min_size=1, max_size=16))
def test_a_repeated_pattern_is_known(pattern: bytes) -> None:
    assert is_known_key((pattern * 32)[:32])


@given(st.integers(0, 255), st.integers(0, 255))
def test_a_sequence_is_known(start: int, step: int) -> None:
    assert is_known_key(bytes((start + step * position) % 256 for position in range(32)))


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=32, max_size=32))
def test_words_are_known(words: str) -> None:
    assert is_known_key(words.encode())
