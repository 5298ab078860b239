"""What a command is given to verify with: files and keys, read or refused as wrong usage (exit code 2)."""

import sys
from pathlib import Path
from typing import NoReturn

import typer

from app.audit.note import NoteInvalid, VerifierKey


def wrong_usage(words: str) -> NoReturn:
    """Says what is wrong, and ends with 2."""
    print(f"kin: {words}", file=sys.stderr)
    raise typer.Exit(2)


def text_in(path: Path) -> str:
    """A file's text; bytes that are no UTF-8 stay visible as such, and no signature is over them."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        wrong_usage(f"{path}: {(error.strerror or 'cannot be read').lower()}")


def verifier_key(text: str) -> VerifierKey:
    """A verifier key (C2SP signed-note), or the one in the file of this name."""
    try:
        return VerifierKey.parse(text if "+" in text else text_in(Path(text)).strip())
    except (NoteInvalid, ValueError):
        wrong_usage("the key is not a verifier key; copy the whole line, name+id+key")
