"""A vault served by two processes on PostgreSQL sequences its log with nothing set: an event has its proof soon after."""

import time
from pathlib import Path

import httpx

from app.audit.note import VerifierKey
from app.audit.signing_key import create_signing_key, load_signing_key
from app.audit.verify import Trust, verify_proof
from tests.support.servers import server
from tests.support.vaults import TENANT, PostgresStore, copied_keyring

_ORIGIN = "vault.test/audit"


def proven(client: httpx.Client, event: str) -> tuple[str, float]:
    """The event's proof, and how many seconds it took to be there; the budget is far above what is promised."""
    began = time.monotonic()
    while True:
        answer = client.get(f"/v1/audit/events/{event}/proof")
        waited = time.monotonic() - began
        if answer.status_code == 200 or waited > 30:
            return answer.text, waited
        assert answer.status_code == 409, answer.text
        time.sleep(0.1)


def test_two_processes_sequence_one_log(postgres_store: PostgresStore, tmp_path: Path) -> None:
    keyring, signing_key = copied_keyring(postgres_store, tmp_path), tmp_path / "audit.pem"
    create_signing_key(signing_key)
    key: VerifierKey = load_signing_key(signing_key, _ORIGIN).signer(TENANT).key
    compliance = postgres_store.prepared.callers["compliance"].key
    with (
        postgres_store.copy(tmp_path) as url,
        server(
            url,
            keyring,
            tmp_path / "log",
            workers=2,
            audit_signing_key=str(signing_key),
            audit_origin=_ORIGIN,
            checkpoint_file=str(tmp_path / "checkpoints"),
        ) as served,
        httpx.Client(
            base_url=served.base_url, headers={"Authorization": f"Bearer {compliance}"}, trust_env=False
        ) as client,
    ):
        for _ in range(3):
            newest = client.get("/v1/audit/events", params={"limit": 1}).json()["items"][0]
            text, waited = proven(client, newest["id"])
            print(f"proven after {waited:.2f} s")
            assert verify_proof(text, Trust(key)).fine
        assert key.name in (tmp_path / "checkpoints").read_text()
