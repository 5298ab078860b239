"""Where checkpoints go so that the database's owner cannot take them back: an append-only file, a witness.

Without such a place a log that is cut short, or told in two versions, cannot be told from a good one. Publishing runs beside the
vault's work: a place that cannot be reached is named in the readiness answer, and gets what it missed when it is back.
"""

import fcntl
import os
import re
from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import httpx

from app.audit.checkpoint import Checkpoint, checkpoints_in, notes_in, parse_checkpoint, sign_checkpoint
from app.audit.note import Note, NoteInvalid, Signer, VerifierKey, parse_note, parse_signatures
from app.audit.tree import EMPTY_ROOT
from app.audit.tree_store import LogDamaged, StoredCheckpoint, TreeStore

_AT_ONCE: Final = 1000
_SIZE: Final = "text/x.tlog.size"
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)

Proof = Callable[[str, int, int], Awaitable[Sequence[bytes]]]
"""The consistency proof of a tenant's log between two sizes."""


class NotPublished(Exception):
    """A place did not take a checkpoint: which, and what to look at."""

    def __init__(self, place: str, words: str) -> None:
        super().__init__(words)
        self.place = place


class Publisher(Protocol):
    """A place for checkpoints."""

    @property
    def name(self) -> str:
        """What the log line and readiness call it."""
        ...

    async def known(self, tenant: str, signer: Signer) -> Checkpoint | None:
        """The newest checkpoint of this log that the place has seen; None when it has seen none.

        `LogDamaged` when it has seen one that the database does not hold; `NotPublished` when it cannot be asked.
        """
        ...

    async def publish(self, tenant: str, key: VerifierKey) -> None:
        """Brings what the place has not got of this log; `NotPublished` when it cannot."""
        ...


class CheckpointFile:
    """A file that is only ever appended to: notes with an empty line before each."""

    name: Final = "file"

    def __init__(self, path: Path, store: TreeStore) -> None:
        self._path = path
        self._store = store
        self._read: dict[str, tuple[int, Checkpoint | None]] = {}

    def last(self, key: VerifierKey) -> Checkpoint | None:
        """The largest checkpoint of this log in the file; only what was added since the last time is read."""
        offset, last = self._read.get(key.name, (0, None))
        try:
            with self._path.open("rb") as file:
                file.seek(offset)
                added = file.read().decode(errors="surrogateescape")
        except FileNotFoundError:
            return None
        for found in checkpoints_in(added, key):
            last = found if last is None or found.size > last.size else last
        end = max((end for _, end in notes_in(added)), default=0)
        self._read[key.name] = (offset + len(added[:end].encode(errors="surrogateescape")), last)
        return last

    async def known(self, tenant: str, signer: Signer) -> Checkpoint | None:  # noqa: ARG002  # a file knows logs by their keys
        """The largest checkpoint in the file."""
        try:
            return self.last(signer.key)
        except OSError as error:
            raise _failed("read", error) from None

    async def publish(self, tenant: str, key: VerifierKey) -> None:
        """Appends what is missing, durably; `NotPublished` when the file cannot be written."""
        try:
            last = self.last(key)
            size = last.size if last else 0
            while missing := await self._store.checkpoints_after(tenant, size, _AT_ONCE):
                self._append(key, missing)
                size = missing[-1].size
        except OSError as error:
            raise _failed("written", error) from None

    def _append(self, key: VerifierKey, missing: Sequence[StoredCheckpoint]) -> None:
        with self._path.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            last = self.last(key)  # another process may have been faster
            new = [one for one in missing if last is None or one.size > last.size]
            # The empty line before a note ends whatever a crash has cut short.
            file.write("".join(f"\n{one.note}" for one in new).encode())
            file.flush()
            os.fsync(file.fileno())


class Witness:
    """A witness over HTTP (C2SP tlog-witness): it signs a checkpoint that is consistent with the last one it saw."""

    name: Final = "witness"

    def __init__(
        self, url: str, key: VerifierKey, store: TreeStore, proof: Proof, client: httpx.AsyncClient
    ) -> None:
        self._url = url.rstrip("/") + "/add-checkpoint"
        self._key = key
        self._store = store
        self._proof = proof
        self._client = client
        self._asked: set[str] = set()

    async def known(self, tenant: str, signer: Signer) -> Checkpoint | None:
        """The checkpoint it has cosigned last, asked once a process and log: later ones are of this process's own telling.

        A witness tells its size to whoever offers an older one (C2SP tlog-witness, 409): it is offered the empty tree.
        """
        if signer.key.name in self._asked:
            return None
        nothing = sign_checkpoint(signer, Checkpoint(signer.key.name, 0, EMPTY_ROOT))
        answer = await self._post("old 0\n\n" + str(nothing))
        size = 0 if answer.status_code == 200 else self._size_in(answer)
        stored = await self._store.checkpoint_of(tenant, size) if size else None
        if size and stored is None:
            raise LogDamaged("the witness has seen a checkpoint that this database does not hold")
        self._asked.add(signer.key.name)
        return parse_checkpoint(parse_note(stored.note).text) if stored else None

    async def publish(self, tenant: str, key: VerifierKey) -> None:  # noqa: ARG002  # a file needs it, a witness has its own
        """Has the newest checkpoint cosigned and keeps the cosignature; `NotPublished` when the witness does not."""
        newest = await self._store.latest(tenant)
        if newest is None or newest.cosignatures:
            return
        seen = await self._store.latest(tenant, cosigned=True)
        answer = await self._offer(tenant, seen.size if seen else 0, newest)
        if answer.status_code == 409 and answer.headers.get("content-type", "").startswith(_SIZE):
            size = self._size_in(answer)
            if size > newest.size:
                raise NotPublished(
                    Witness.name, "the witness has seen a longer log: this one was cut short or put back"
                )
            answer = await self._offer(tenant, size, newest)
        if answer.status_code != 200:
            raise NotPublished(Witness.name, f"the witness answers {answer.status_code}")
        await self._store.add_cosignatures(tenant, newest.size, self._cosigned(newest.note, answer.text))

    async def _offer(self, tenant: str, old: int, newest: StoredCheckpoint) -> httpx.Response:
        proof = await self._proof(tenant, old, newest.size) if 0 < old < newest.size else ()
        lines = [f"old {old}", *(b64encode(one).decode() for one in proof)]
        return await self._post("\n".join(lines) + "\n\n" + newest.note)

    async def _post(self, body: str) -> httpx.Response:
        try:
            return await self._client.post(self._url, content=body.encode())
        except httpx.HTTPError:
            raise NotPublished(Witness.name, "the witness does not answer") from None

    @staticmethod
    def _size_in(answer: httpx.Response) -> int:
        text = answer.text.removesuffix("\n")
        if answer.status_code != 409:
            raise NotPublished(Witness.name, f"the witness answers {answer.status_code}")
        if not _DECIMAL.fullmatch(text):
            raise NotPublished(Witness.name, "the witness answers with something that is not a size")
        return int(text)

    def _cosigned(self, note: str, lines: str) -> str:
        """The lines of the known witness, which must be right; others are left out."""
        try:
            own = [one for one in parse_signatures(lines) if one.name == self._key.name]
            Note(parse_note(note).text, own).verify(self._key)
        except NoteInvalid:
            raise NotPublished(Witness.name, "the witness's cosignature is not under its key") from None
        return "".join(str(one) for one in own if one.key_id == self._key.id)


class Publishing:
    """Brings each log's checkpoints to every place, and knows which place is behind."""

    def __init__(
        self, places: Sequence[Publisher], key_of: Callable[[str], Awaitable[VerifierKey]] | None
    ) -> None:
        self._places = places
        self._key_of = key_of
        self._behind: set[tuple[str, str]] = set()

    @property
    def behind(self) -> Sequence[str]:
        """The places that have not got the newest checkpoint of some log."""
        return sorted({place for place, _ in self._behind})

    async def known(self, tenant: str, signer: Signer) -> list[Checkpoint]:
        """The newest checkpoints of a log that the places have seen: what must be asked before a signature.

        One place that answers is enough; `NotPublished` when there are places and none does, `LogDamaged` as the places say.
        """
        answers: list[Checkpoint | None] = []
        silent: NotPublished | None = None
        for place in self._places:
            try:
                answers.append(await place.known(tenant, signer))
            except NotPublished as failure:
                silent = failure
        if silent and not answers:
            raise silent
        return [one for one in answers if one]

    async def newest(self, tenant: str, signer: Signer) -> Checkpoint | None:
        """The largest checkpoint of a log that a place gives whole, whatever the database says; None when none does."""
        found: list[Checkpoint] = []
        for place in self._places:
            with suppress(NotPublished, LogDamaged):
                found += filter(None, [await place.known(tenant, signer)])
        return max(found, key=lambda one: one.size, default=None)

    async def publish(self, tenant: str) -> list[NotPublished]:
        """Tries every place; the failures that are new. One that fails is tried again with the next call."""
        new: list[NotPublished] = []
        if self._key_of is None:
            return new
        key = await self._key_of(tenant)
        for place in self._places:
            missing = (place.name, tenant)
            try:
                await place.publish(tenant, key)
                self._behind.discard(missing)
            except NotPublished as failure:
                if missing not in self._behind:
                    new.append(failure)
                self._behind.add(missing)
        return new


def _failed(done: str, error: OSError) -> NotPublished:
    reason = os.strerror(error.errno or 0).lower()
    return NotPublished(CheckpointFile.name, f"the checkpoint file cannot be {done} ({reason})")
