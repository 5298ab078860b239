"""Several processes on one PostgreSQL: what one stores the others read, and an activated notice reaches every one of them."""

import hashlib
import json
import time
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import make_url

from app.notice.reference import reference_source
from tests.support.orders import delivery
from tests.support.postgres import PostgresServer
from tests.support.servers import Server, server
from tests.support.vaults import PostgresStore, copied_keyring

PATIENCE: Final = 30.0
STRICTER: Final = (
    reference_source()
    .decode()
    .replace('"delivery.phone" = "masked", "delivery.address" = "token"', '"delivery.address" = "token"')
    .replace('phone = "masked", address = "token", note', 'phone = "withheld", address = "token", note')
)


def client(served: Server, store: PostgresStore, caller: str, purpose: str) -> httpx.Client:
    """A client that opens a connection for each request, so that any of the processes may answer."""
    headers = {
        "Authorization": f"Bearer {store.prepared.callers[caller].key}",
        "Vault-Purpose": purpose,
        "Connection": "close",
    }
    return httpx.Client(base_url=served.base_url, headers=headers, trust_env=False, timeout=30)


def processes_in(log: Path, event: str) -> int:
    return sum(json.loads(line).get("event") == event for line in log.read_text().splitlines())


def test_all_workers_read_what_one_stored_and_take_up_an_activated_notice(
    postgres: PostgresServer, postgres_store: PostgresStore, tmp_path: Path
) -> None:
    log = tmp_path / "kin.log"
    with (
        postgres_store.copy(tmp_path) as url,
        server(url, copied_keyring(postgres_store, tmp_path), log, workers=2) as served,
        client(served, postgres_store, "checkout", "order") as checkout,
        client(served, postgres_store, "shipping", "delivery") as shipping,
    ):
        until = time.monotonic() + PATIENCE
        while processes_in(log, "started") < 2:
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)

        def phone() -> tuple[str, int]:
            answer = shipping.get(location).json()
            return answer["fields"]["phone"]["form"], answer["receipt"]["notice"]["version"]

        location = checkout.post("/v1/records", json=delivery()).headers["location"]
        before = time.monotonic()
        assert {phone() for _ in range(40)} == {("masked", 1)}
        each = (time.monotonic() - before) / 40
        activate(postgres, str(make_url(url).database), 2, STRICTER)
        # Both processes share one socket: forty answers in a row from the new version are not all from one of them.
        in_a_row, until = 0, time.monotonic() + PATIENCE + 80 * each
        while in_a_row < 40:
            assert time.monotonic() < until, "an activated notice does not reach every worker"
            in_a_row = in_a_row + 1 if phone() == ("withheld", 2) else 0


def activate(postgres: PostgresServer, database: str, version: int, source: str) -> None:
    """What an approved activation leaves in the database, in one statement."""
    text, digest = source.replace("'", "''"), hashlib.sha256(source.encode()).hexdigest()
    postgres.sql(
        "BEGIN; UPDATE notice_versions SET state = 'retired' WHERE tenant = 'shop'; "
        "INSERT INTO notice_versions (tenant, version, digest, source, state, created_at, activated_at) "
        f"VALUES ('shop', {version}, 'sha256:{digest}', '{text}', 'active', 0, 0); COMMIT",
        database,
    )
