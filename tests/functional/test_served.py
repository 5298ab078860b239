"""A vault served by processes of its own: ready, killed, and what it had acknowledged still there."""

import json
import signal
from pathlib import Path

import httpx

from tests.support.servers import Server, server
from tests.support.vaults import Store, copied_keyring

BUYER = {
    "collection": "buyer",
    "subject": {"ref": "customer-1"},
    "purposes": [{"purpose": "order", "ref": "order-1"}],
    "fields": {"full_name": "Trần Thị Bích", "email": "bich@example.com"},
}


def client(served: Server, store: Store) -> httpx.Client:
    headers = {"Authorization": f"Bearer {store.prepared.callers['checkout'].key}", "Vault-Purpose": "order"}
    return httpx.Client(base_url=served.base_url, headers=headers, trust_env=False)


def test_an_acknowledged_record_survives_kill_9(store: Store, tmp_path: Path) -> None:
    keyring, log = copied_keyring(store, tmp_path), tmp_path / "kin.log"
    with store.copy(tmp_path) as url:
        with server(url, keyring, log) as served, client(served, store) as checkout:
            stored = checkout.post("/v1/records", json=BUYER)
            assert stored.status_code == 201, stored.text
            assert served.process.pid in served.pids()
            served.kill()
            assert served.pids() == []
        with server(url, keyring, log) as served, client(served, store) as checkout:
            read = checkout.get(stored.headers["location"])
            assert read.json()["fields"]["full_name"] == {"form": "plain", "value": "Trần Thị Bích"}
            # Uvicorn ends by the signal that asked it to, once all is closed.
            assert served.stop() == -signal.SIGTERM
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert events.count("started") == 2
    assert events.count("stopped") == 1
