"""The keyring file: what it must look like to be trusted, and how it changes (docs/formats/keyring-file.md).

Decides format, file mode, which keys are refused, and that a change replaces the file whole or not at all.
When its keys change, and what is wrapped under them, is decided by `local`.
"""

import base64
import binascii
import itertools
import json
import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from app.crypto.aead import KEY_BYTES
from app.keys.provider import KeyProviderUnavailable

FORMAT: Final = "kin-keyring/1"
MAX_VERSION: Final = 2**32 - 1
_MEMBERS: Final = frozenset({"format", "created_at", "development", "root_keys", "primary"})
_MAX_BYTES: Final = 65_536
_PRINTABLE: Final = frozenset(range(32, 127))


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The root keys by version, and which of them wraps from now on."""

    created_at: str
    development: bool
    root_keys: Mapping[int, bytes]
    primary: int


class KeyringRefused(KeyProviderUnavailable):
    """The keyring file cannot be used as it is; the text names the file and says what to do."""

    def __init__(self, path: Path, words: str) -> None:
        super().__init__(f"keyring {path}: {words}")


def read_keyring(path: Path) -> Keyring:
    """The keyring of a file that only its owner can read; KeyringRefused for every other file."""
    try:
        document = json.loads(_read_private(path))
    except (ValueError, RecursionError):  # json.loads quotes the document in its error
        raise KeyringRefused(path, "is not JSON; restore it from its backup") from None
    keyring = _keyring_of(path, document)
    for version, key in keyring.root_keys.items():
        if is_known_key(key):
            raise KeyringRefused(
                path, f"root key {version} is a known default key; make a keyring with `kin key init`"
            )
    return keyring


def replace_keyring(path: Path, change: Callable[[], Keyring]) -> Keyring:
    """Runs `change` and puts its keyring in place of the file, durably.

    The new file's name is fixed and taken exclusively, so two changes at once cannot lose each other's keys.
    """
    new = path.with_name(path.name + ".new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise KeyringRefused(
            path, f"another change is under way, or one was cut short; if none is running, delete {new}"
        ) from None
    except OSError as error:
        raise KeyringRefused(path, f"cannot be written ({os.strerror(error.errno or 0).lower()})") from None
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            keyring = change()
            file.write(_text_of(keyring))
            file.flush()
            os.fsync(descriptor)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)
    return keyring


def is_known_key(key: bytes) -> bool:
    """Whether a key is one that people write by hand: a pattern repeated, a sequence, or words.

    A random key is taken for one with a probability below 2⁻⁴⁵.
    """
    repeated = any(key == (key[:period] * len(key))[: len(key)] for period in range(1, len(key) // 2 + 1))
    steps = {(after - before) % 256 for before, after in itertools.pairwise(key)}
    return repeated or len(steps) == 1 or _PRINTABLE.issuperset(key)


def _read_private(path: Path) -> bytes:
    try:
        # O_NONBLOCK: opening a named pipe in its place must not wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise KeyringRefused(
            path, "is missing; make one with `kin key init`, or restore it from its backup"
        ) from None
    except OSError as error:
        raise KeyringRefused(path, f"cannot be opened ({os.strerror(error.errno or 0).lower()})") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise KeyringRefused(path, "is not a file; name the keyring file itself")
        if status.st_mode & 0o077:
            raise KeyringRefused(
                path, "can be read or changed by others than its owner; take that away with `chmod 600`"
            )
        return os.read(descriptor, _MAX_BYTES)
    finally:
        os.close(descriptor)


def _keyring_of(path: Path, document: Any) -> Keyring:
    if not isinstance(document, dict) or document.get("format") != FORMAT or document.keys() != _MEMBERS:
        raise KeyringRefused(path, f"is not of the format {FORMAT}; restore it from its backup")
    created_at, development, primary = document["created_at"], document["development"], document["primary"]
    if not isinstance(development, bool):
        raise KeyringRefused(path, "`development` must be true or false")
    if not isinstance(created_at, str) or not _is_moment(created_at):
        raise KeyringRefused(path, "`created_at` must be a time with its offset (RFC 3339)")
    root_keys = _root_keys_of(path, document["root_keys"])
    if type(primary) is not int or primary not in root_keys:
        raise KeyringRefused(path, "`primary` must be the version of one of its root keys")
    return Keyring(created_at, development, root_keys, primary)


def _root_keys_of(path: Path, entries: Any) -> dict[int, bytes]:
    root_keys: dict[int, bytes] = {}
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or entry.keys() != {"version", "key"}:
            raise KeyringRefused(path, "each of `root_keys` must have a `version` and a `key`, nothing else")
        version = entry["version"]
        if type(version) is not int or not 1 <= version <= MAX_VERSION or version in root_keys:
            raise KeyringRefused(path, "each root key needs a version of its own, a number from 1 on")
        root_keys[version] = _key_of(path, version, entry["key"])
    return root_keys


def _key_of(path: Path, version: int, text: Any) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise KeyringRefused(path, f"root key {version} is not base64; restore it from its backup") from None
    if len(key) != KEY_BYTES:
        raise KeyringRefused(path, f"root key {version} must have 32 bytes; restore it from its backup")
    return key


def _is_moment(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _text_of(keyring: Keyring) -> str:
    root_keys = [
        {"version": version, "key": base64.b64encode(key).decode()}
        for version, key in sorted(keyring.root_keys.items())
    ]
    document = {
        "format": FORMAT,
        "created_at": keyring.created_at,
        "development": keyring.development,
        "root_keys": root_keys,
        "primary": keyring.primary,
    }
    return json.dumps(document, indent=2) + "\n"


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
