"""A witness (C2SP tlog-witness) as a process of its own: `python -m tests.support.witness PORT FILE ORIGIN_KEY SEED`.

Keeps one checkpoint in FILE, written before it answers; cosigns what is consistent with it. Written from the C2SP pages, with no
code of the vault.
"""

import base64
import hashlib
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

NAME = "witness.test/w1"


def vkey(seed: str) -> str:
    """The verifier key of the witness with this seed (64 hexadecimal digits)."""
    public = _private(seed).public_key().public_bytes_raw()
    return f"{NAME}+{_key_id(public).hex()}+{base64.b64encode(bytes([4]) + public).decode()}"


def _private(seed: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))


def _key_id(public: bytes) -> bytes:
    return hashlib.sha256(NAME.encode() + b"\n\x04" + public).digest()[:4]


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def consistent(old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes]) -> bool:
    """RFC 9162 section 2.1.4.2."""
    if old == new:
        return not proof and old_root == new_root
    if old & (old - 1) == 0:
        proof = [old_root, *proof]
    if not proof:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = _node(c, fr), _node(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = _node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and (fr, sr) == (old_root, new_root)


class Witness(BaseHTTPRequestHandler):
    """Answers add-checkpoint."""

    state: Path
    origin_key: str
    seed: str

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        head, _, note = body.partition("\n\n")
        first, *proof = head.split("\n")
        text, _, signatures = note.rpartition("\n\n")
        text += "\n"
        origin, size, root = text.split("\n")[:3]
        name, _, encoded = self.origin_key.split("+", 2)
        if self.path != "/add-checkpoint" or origin != name:
            self._answer(404)
            return
        try:
            signature = base64.b64decode(signatures.split(" ")[2])[4:]
            Ed25519PublicKey.from_public_bytes(base64.b64decode(encoded)[1:]).verify(signature, text.encode())
        except InvalidSignature:
            self._answer(403)
            return
        self._consider(text, int(first.removeprefix("old ")), int(size), base64.b64decode(root), proof)

    def _consider(self, text: str, old: int, size: int, root: bytes, proof: list[str]) -> None:
        kept = self.state.read_text().split("\n") if self.state.exists() else ["", "0", ""]
        kept_size, kept_root = int(kept[1]), base64.b64decode(kept[2])
        if old > size:
            self._answer(400)
        elif old != kept_size:
            self._answer(409, f"{kept_size}\n", "text/x.tlog.size")
        elif old == size and root != kept_root:
            self._answer(409)
        elif old and not consistent(old, size, kept_root, root, [base64.b64decode(one) for one in proof]):
            self._answer(422)
        else:
            written = self.state.with_suffix(".new")
            written.write_text(text)
            written.replace(self.state)
            self._answer(200, self._cosigned(text))

    def _cosigned(self, text: str) -> str:
        now = int(time.time())
        private = _private(self.seed)
        signature = private.sign(f"cosignature/v1\ntime {now}\n{text}".encode())
        blob = _key_id(private.public_key().public_bytes_raw()) + now.to_bytes(8, "big") + signature
        return f"— {NAME} {base64.b64encode(blob).decode()}\n"

    def _answer(self, status: int, body: str = "", kind: str = "text/plain") -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


if __name__ == "__main__":
    port, Witness.state, Witness.origin_key, Witness.seed = (
        int(sys.argv[1]),
        Path(sys.argv[2]),
        sys.argv[3],
        sys.argv[4],
    )
    HTTPServer(("127.0.0.1", port), Witness).serve_forever()
