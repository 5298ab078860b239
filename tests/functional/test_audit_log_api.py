"""Proofs, checkpoints, tiles and exports over HTTP, checked by the verifier and by a reader written from the C2SP pages alone."""

import asyncio
import base64
import csv
import hashlib
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.audit.note import VerifierKey
from app.audit.signing_key import create_signing_key
from app.audit.verify import Code, Trust, verify_export, verify_proof
from app.kernel.ids import text_of
from tests.support.logs import invented
from tests.support.orders import delivery, problem, read, stored
from tests.support.vaults import Store, Vault, running_vault


@pytest.fixture
async def proven(store: Store, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault that signs its log; the tests sequence when they want."""
    create_signing_key(tmp_path / "audit.pem")
    settings: dict[str, Any] = {
        "audit_signing_key": tmp_path / "audit.pem",
        "audit_sequencer": "worker",
        "checkpoint_file": tmp_path / "checkpoints",
        "audit_origin": "vault.test/audit",
    }
    async with running_vault(store, tmp_path, **settings) as running:
        yield running


async def ask(vault: Vault, path: str, **parameters: Any) -> httpx.Response:
    return await vault.client("compliance").get(path, params=parameters)


async def trust(vault: Vault) -> Trust:
    key = VerifierKey.parse((await ask(vault, "/v1/audit/checkpoint")).json()["key"])
    return Trust(key)


async def some_reads(vault: Vault, count: int) -> list[str]:
    """The events of reads of one parcel."""
    parcel = await stored(vault, delivery())
    answers = [await read(vault, parcel, "shipping", "delivery") for _ in range(count)]
    return [answer.json()["receipt"]["event"] for answer in answers]


async def many_events(vault: Vault, count: int) -> list[str]:
    """Disclosures that were never asked for over HTTP, recorded at once."""
    receipts = await asyncio.gather(*(vault.parts.audit.append(event) for event in invented(count)))
    return [text_of("evt", receipt.event.id) for receipt in receipts]


async def test_the_proof_of_a_read_verifies_offline(proven: Vault) -> None:
    (event,) = await some_reads(proven, 1)
    early = await ask(proven, f"/v1/audit/events/{event}/proof")
    assert problem(early) == (409, "conflict")
    await proven.parts.audit_tree.keeper.catch_up()
    answer = await ask(proven, f"/v1/audit/events/{event}/proof")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    report = verify_proof(answer.text, await trust(proven))
    assert report.fine, report
    assert event in base64.b64decode(answer.text.split("\n")[1].removeprefix("extra ")).decode()


async def test_a_proof_of_nothing_is_not_found(proven: Vault) -> None:
    for event in ("evt_" + "0" * 26, "nonsense"):
        answer = await ask(proven, f"/v1/audit/events/{event}/proof")
        assert problem(answer) == (404, "not-found")


async def test_before_anything_is_signed_there_is_no_checkpoint(proven: Vault) -> None:
    for path in ("/v1/audit/checkpoint", "/v1/audit/log/checkpoint"):
        assert problem(await ask(proven, path)) == (404, "not-found")
    assert problem(await ask(proven, "/v1/audit/log/tile/0/000.p/1")) == (404, "not-found")


async def test_sizes_and_paths_that_are_none_are_refused(proven: Vault) -> None:
    await proven.parts.audit_tree.keeper.catch_up()
    size = (await ask(proven, "/v1/audit/checkpoint")).json()["size"]
    for old, new in ((0, 1), (2, 1), (1, size + 1), ("x", 1), (1, "1e3")):
        answer = await ask(proven, "/v1/audit/consistency", **{"from": old, "to": new})
        assert problem(answer) == (422, "invalid"), (old, new)
    for path in ("0/000", f"0/000.p/{size + 1}", "1/000.p/1", "entries/001.p/1", "0/0", "x"):
        assert problem(await ask(proven, f"/v1/audit/log/tile/{path}")) == (404, "not-found"), path


@pytest.mark.parametrize(
    "path",
    [
        "/v1/audit/events/evt_00000000000000000000000000/proof",
        "/v1/audit/checkpoint",
        "/v1/audit/consistency?from=1&to=1",
        "/v1/audit/log/checkpoint",
        "/v1/audit/log/tile/0/000.p/1",
        "/v1/audit/export",
    ],
)
async def test_each_call_needs_the_permission_and_is_on_record(proven: Vault, path: str) -> None:
    await proven.parts.audit_tree.keeper.catch_up()
    for caller in ("support", "checkout", "shipping", "carrier"):
        assert problem(await proven.client(caller).get(path)) == (403, "not-permitted")
    assert problem(await proven.client(None).get(path)) == (401, "unauthenticated")
    answer = await proven.client("compliance").get(path)
    recorded = await ask(proven, "/v1/audit/events", action="audit.query", limit=1)
    assert recorded.json()["items"][0]["request"] == answer.headers["vault-request"]


class Reader:
    """A client of C2SP tlog-tiles, signed-note and RFC 6962, as their pages describe them; knows nothing of the vault."""

    def __init__(self, client: httpx.AsyncClient, prefix: str, vkey: str) -> None:
        self.client, self.prefix = client, prefix
        self.name, self.key_id, encoded = vkey.split("+", 2)
        self.public = base64.b64decode(encoded)[1:]

    async def get(self, path: str) -> bytes:
        answer = await self.client.get(f"{self.prefix}/{path}")
        assert answer.status_code == 200, (path, answer.text)
        return answer.content

    async def checkpoint(self) -> tuple[int, bytes]:
        text, _, signatures = (await self.get("checkpoint")).decode().rpartition("\n\n")
        text += "\n"
        _, name, encoded = signatures.splitlines()[0].split(" ")
        signature = base64.b64decode(encoded)
        assert (name, signature[:4].hex()) == (self.name, self.key_id)
        Ed25519PublicKey.from_public_bytes(self.public).verify(signature[4:], text.encode())
        origin, size, root = text.splitlines()[:3]
        assert origin == self.name
        return int(size), base64.b64decode(root)

    @staticmethod
    def path(kind: str, n: int, width: int) -> str:
        groups: list[str] = []
        while True:
            groups.insert(0, f"{n % 1000:03}")
            n //= 1000
            if not n:
                break
        path = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
        return f"tile/{kind}/{path}" + (f".p/{width}" if width < 256 else "")

    async def tile(self, level: int, n: int, size: int) -> list[bytes]:
        width = min(256, size // 256**level - n * 256)
        data = await self.get(self.path(str(level), n, width))
        assert len(data) == width * 32
        return [data[i : i + 32] for i in range(0, len(data), 32)]

    async def entries(self, n: int, size: int) -> list[bytes]:
        data, found = await self.get(self.path("entries", n, min(256, size - n * 256))), []
        while data:
            length = int.from_bytes(data[:2], "big")
            found.append(data[2 : 2 + length])
            data = data[2 + length :]
        return found

    def mth(self, hashes: list[bytes]) -> bytes:
        if not hashes:
            return hashlib.sha256(b"").digest()
        if len(hashes) == 1:
            return hashes[0]
        k = 1
        while k * 2 < len(hashes):
            k *= 2
        return hashlib.sha256(b"\x01" + self.mth(hashes[:k]) + self.mth(hashes[k:])).digest()


async def test_a_reader_of_the_public_formats_reads_the_whole_log(proven: Vault) -> None:
    events = await many_events(proven, 300)
    await proven.parts.audit_tree.keeper.catch_up()
    vkey = (await ask(proven, "/v1/audit/checkpoint")).json()["key"]
    reader = Reader(proven.client("compliance"), "/v1/audit/log", vkey)
    size, root = await reader.checkpoint()
    assert size > 300
    entries = [entry for n in range(-(-size // 256)) for entry in await reader.entries(n, size)]
    leaves = [hash_ for n in range(-(-size // 256)) for hash_ in await reader.tile(0, n, size)]
    assert [hashlib.sha256(b"\x00" + entry).digest() for entry in entries] == leaves
    assert reader.mth(leaves) == root
    assert await reader.tile(1, 0, size) == [reader.mth(leaves[:256])]
    assert set(events) <= {json.loads(entry)["id"] for entry in entries}


async def test_an_older_checkpoint_is_shown_to_begin_the_newer_one(proven: Vault) -> None:
    await proven.parts.audit_tree.keeper.catch_up()
    old = (await ask(proven, "/v1/audit/checkpoint")).json()
    await some_reads(proven, 20)
    await proven.parts.audit_tree.keeper.catch_up()
    new = (await ask(proven, "/v1/audit/checkpoint")).json()
    answer = await ask(proven, "/v1/audit/consistency", **{"from": old["size"], "to": new["size"]})
    hashes = [base64.b64decode(one) for one in answer.json()["proof"]]
    roots = tuple(base64.b64decode(one["root"]) for one in (old, new))
    assert climbs(old["size"], new["size"], roots[0], hashes) == roots


def climbs(old: int, new: int, old_root: bytes, proof: list[bytes]) -> tuple[bytes, bytes]:
    """Both roots as a consistency proof builds them (RFC 9162 section 2.1.4.2)."""
    if old & (old - 1) == 0:
        proof = [old_root, *proof]
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if fn & 1 or fn == sn:
            fr = hashlib.sha256(b"\x01" + c + fr).digest()
            sr = hashlib.sha256(b"\x01" + c + sr).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = hashlib.sha256(b"\x01" + sr + c).digest()
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0
    return fr, sr


@pytest.mark.parametrize("form", ["ndjson", "csv", "ocsf"])
async def test_an_export_verifies_whole_and_filtered(proven: Vault, form: str) -> None:
    await many_events(proven, 280)
    await proven.parts.audit_tree.keeper.catch_up()
    known = await trust(proven)
    size = (await ask(proven, "/v1/audit/checkpoint")).json()["size"]
    whole = await ask(proven, "/v1/audit/export", format=form)
    report = verify_export(io.BytesIO(whole.content), known)
    assert report.fine, report
    assert report.events == report.size == size
    some = await ask(proven, "/v1/audit/export", format=form, action="record.disclose")
    report = verify_export(io.BytesIO(some.content), known)
    assert report.fine, report
    assert (report.events, report.size) == (280, size)
    assert any("left out" in unknown for unknown in report.unknown)


@pytest.mark.parametrize("form", ["ndjson", "csv"])
async def test_an_export_that_breaks_off_is_noticed(proven: Vault, form: str) -> None:
    await some_reads(proven, 5)
    await proven.parts.audit_tree.keeper.catch_up()
    known = await trust(proven)
    some = await ask(proven, "/v1/audit/export", format=form, action="record.disclose")
    lines = some.content.splitlines(keepends=True)
    for kept in (lines[:-1], lines[:-2] + lines[-1:]):
        report = verify_export(kept, known)
        assert [finding.code for finding in report.findings] == [Code.MISSING]


async def test_no_cell_of_a_csv_is_a_formula(proven: Vault) -> None:
    await some_reads(proven, 30)
    await proven.parts.audit_tree.keeper.catch_up()
    answer = await ask(proven, "/v1/audit/export", format="csv")
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert len(rows) > 30
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


async def test_ocsf_lines_have_what_the_class_requires(proven: Vault) -> None:
    await some_reads(proven, 3)
    await proven.parts.audit_tree.keeper.catch_up()
    answer = await ask(proven, "/v1/audit/export", format="ocsf", action="record.disclose")
    for line in answer.text.splitlines():
        event = json.loads(line)
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"] == 600302
        required = {"actor", "api", "category_uid", "metadata", "severity_id", "src_endpoint", "time"}
        assert required <= event.keys()


async def test_an_export_of_an_unsigned_log_does_not_verify(proven: Vault) -> None:
    answer = await ask(proven, "/v1/audit/export")
    await proven.parts.audit_tree.keeper.catch_up()
    report = verify_export(io.BytesIO(answer.content), await trust(proven))
    assert [finding.code for finding in report.findings] == [Code.NOT_SIGNED]
