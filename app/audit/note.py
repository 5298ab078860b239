"""Signed notes (C2SP signed-note): a text and the signatures under it, Ed25519, and the keys' names as people pass them on.

Decides what a note looks like and when a signature counts; what the text says is `checkpoint`'s. Of the assigned kinds of
signature two are known here: the log's own (0x01) and a witness's timestamped cosignature (0x04, C2SP tlog-cosignature).
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = 1
COSIGNATURE: Final = 4
_PUBLIC_BYTES: Final = 32
_TIME_BYTES: Final = 8
_ID_BYTES: Final = 4
_MOST_SIGNATURES: Final = 64
_NAME: Final = re.compile(r"[^\s+]+")
_SIGNATURE: Final = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})\n")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteInvalid(ValueError):
    """A note, key or signature is not what it must be; the text says why, and carries no value."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name and the kind of signature it makes."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """SHA-256(name ‖ newline ‖ kind ‖ public key), first four bytes."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """`name+id+key`, as verifiers are configured (vkey)."""
        return f"{self.name}+{self.id.hex()}+{b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """The inverse of `str`; `NoteInvalid` for anything else, a wrong id included."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        material = _base64(encoded)
        if len(material) != 1 + _PUBLIC_BYTES or material[0] not in {ED25519, COSIGNATURE}:
            raise NoteInvalid("the key is not an Ed25519 verifier key; write it as name+id+key")
        key = cls(name, material[0], material[1:])
        if not _NAME.fullmatch(name) or key.id.hex() != key_id:
            raise NoteInvalid("the key's name or id does not fit it; copy the whole line")
        return key

    def verify(self, text: str, blob: bytes) -> None:
        """Returns when `blob` is this key's signature of `text`; else `NoteInvalid`."""
        message = text.encode()
        if self.kind == COSIGNATURE:
            message = b"cosignature/v1\ntime %d\n" % int.from_bytes(blob[:_TIME_BYTES], "big") + message
            blob = blob[_TIME_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(blob, message)
        except InvalidSignature:
            raise NoteInvalid("a signature under the known key is wrong") from None


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who is said to have signed, and the bytes."""

    name: str
    key_id: bytes
    blob: bytes

    def __str__(self) -> str:
        return f"— {self.name} {b64encode(self.key_id + self.blob).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, which ends with a newline, and its signatures. Trust the text only after `verify`."""

    text: str
    signatures: Sequence[Signature]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(map(str, self.signatures))

    def verify(self, key: VerifierKey) -> None:
        """Returns when this key has signed; `NoteInvalid` when it has not, or one signature under its name and id is wrong."""
        own = [one for one in self.signatures if (one.name, one.key_id) == (key.name, key.id)]
        if not own:
            raise NoteInvalid("the note is not signed by the known key")
        for signature in own:
            key.verify(self.text, signature.blob)

    def is_signed_by(self, key: VerifierKey) -> bool:
        """Whether this key has signed, without an error."""
        try:
            self.verify(key)
        except NoteInvalid:
            return False
        return True


class Signer:
    """The log's private key under the log's name."""

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        if not _NAME.fullmatch(name):
            raise NoteInvalid("the name of a key must not be empty or hold spaces or plus signs")
        self._private = private
        self.key: Final = VerifierKey(name, ED25519, private.public_key().public_bytes_raw())

    def sign(self, text: str) -> Note:
        """The text with one signature; the same text is always signed the same (RFC 8032)."""
        blob = self._private.sign(text.encode())
        return Note(text, (Signature(self.key.name, self.key.id, blob),))


def parse_note(data: str) -> Note:
    """The note in `data`, signatures not yet verified; `NoteInvalid` for what is not one."""
    if _CONTROL.search(data):
        raise NoteInvalid("a note must not hold control characters")
    text, separator, signed = data.rpartition("\n\n")
    if not separator:
        raise NoteInvalid("a note needs an empty line and signatures under its text")
    return Note(text + "\n", parse_signatures(signed))


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """One or more signature lines, each with its newline; `NoteInvalid` for anything else."""
    whole = lines.splitlines(keepends=True)
    if not 0 < len(whole) <= _MOST_SIGNATURES:
        raise NoteInvalid("a note needs at least one signature, and at most 64")
    found = []
    for line in whole:
        match = _SIGNATURE.fullmatch(line)
        blob = _base64(match[2]) if match else b""
        if match is None or len(blob) <= _ID_BYTES:
            raise NoteInvalid("a signature line is not `— name base64`")
        found.append(Signature(match[1], blob[:_ID_BYTES], blob[_ID_BYTES:]))
    return tuple(found)


def _base64(text: str) -> bytes:
    """Standard base64 in its one spelling (RFC 4648 section 4)."""
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        raise NoteInvalid("what should be base64 is not") from None
    if b64encode(found).decode() != text:
        raise NoteInvalid("base64 has unused bits that are not zero")
    return found
