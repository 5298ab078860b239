"""F-17: clients that hang up at random moments, on pools of two connections.

Nobody gets what another asked for, no connection is lost, and whoever stays is served. A commit runs 1,000 clients (half on each
database), a release 20,000.
"""

import asyncio
import json
import os
import random
import re
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.support.orders import Body, delivery
from tests.support.servers import Server, server
from tests.support.vaults import PostgresStore, Store, copied_keyring

SEED: Final = int(os.environ.get("KIN_FAULT_SEED", "17"))
CLIENTS: Final = [pytest.param(500, id="500"), pytest.param(10_000, id="10000", marks=pytest.mark.long)]
AT_ONCE: Final = 32
RECORDS: Final = 200
STAYS: Final = 0.3
LATEST_HANG_UP: Final = 0.3
NAMED: Final = re.compile(r"Khách ([0-9]+)\.")
POOLED: Final = 2


def name(n: int) -> str:
    """Occurs in the answers about one record and in no other."""
    return f"Khách {n}."


def phone(n: int) -> str:
    return f"09{n:08d}"


class Crowd:
    """Clients of one served vault."""

    def __init__(self, served: Server, key: str, records: list[str], draw: random.Random) -> None:
        self._host, _, port = served.base_url.removeprefix("http://").partition(":")
        self._port = int(port)
        self._key = key
        self._records = records
        self._draw = draw
        self._turn = asyncio.Semaphore(AT_ONCE)
        self.answered = 0
        self.hung_up = 0

    async def one(self) -> None:
        """A client that asks for one record, by id or by search, and stays or goes."""
        async with self._turn:
            n = self._draw.randrange(len(self._records))
            stays = self._draw.random() < STAYS
            patience = 30.0 if stays else self._draw.random() ** 2 * LATEST_HANG_UP
            received = await self._asked(self._request(n), patience)
            seen = set(NAMED.findall(received.decode(errors="replace")))
            assert seen <= {str(n)}, f"seed {SEED}: the answer for another"
            if stays:
                assert received.startswith(b"HTTP/1.1 200 "), f"seed {SEED}: {received[:400]!r}"
                assert seen == {str(n)}, f"seed {SEED}"
            self.answered += received.endswith(b"}")
            self.hung_up += not received.endswith(b"}")

    async def _asked(self, request: bytes, patience: float) -> bytes:
        """What arrived before the client's patience was at its end."""
        reader, writer = await asyncio.open_connection(self._host, self._port)
        received = b""
        try:
            # Some go in the middle of what they have to say.
            part = self._draw.randrange(len(request)) if patience < LATEST_HANG_UP / 100 else len(request)
            writer.write(request[:part])
            async with asyncio.timeout(patience):
                while more := await reader.read(65536):
                    received += more
        except TimeoutError:
            pass  # the moment to hang up
        finally:
            writer.transport.abort()
        return received

    def _request(self, n: int) -> bytes:
        if self._draw.random() < 0.6:
            return self._http("GET", f"/v1/records/{self._records[n]}")
        search = {"collection": "delivery", "field": "phone", "equals": phone(n)}
        if self._draw.random() < 0.5:
            return self._http("POST", "/v1/records/search", search)
        return self._http("POST", "/v1/records/read", {"ids": [self._records[n]]})

    def _http(self, method: str, path: str, body: Body | None = None) -> bytes:
        content = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {self._host}:{self._port}",
            f"Authorization: Bearer {self._key}",
            "Vault-Purpose: order",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
            "Connection: close",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + content


@pytest.mark.parametrize("clients", CLIENTS)
async def test_clients_that_hang_up(store: Store, tmp_path: Path, clients: int) -> None:
    keyring, log, key = (
        copied_keyring(store, tmp_path),
        tmp_path / "kin.log",
        store.prepared.callers["checkout"].key,
    )
    with (
        store.copy(tmp_path) as url,
        server(url, keyring, log, database_pool=str(POOLED), database_hot_pool=str(POOLED)) as served,
    ):
        async with httpx.AsyncClient(
            base_url=served.base_url,
            headers={"Authorization": f"Bearer {key}", "Vault-Purpose": "order"},
            trust_env=False,
            timeout=30,
        ) as checkout:
            records = await kept(checkout)
            before = open_sockets(served)
            crowd = Crowd(served, key, records, random.Random(SEED))
            await asyncio.gather(*(crowd.one() for _ in range(clients)))
            # Both ways have happened, or the moments were badly chosen and nothing was tested.
            assert crowd.answered > clients * STAYS / 2
            assert crowd.hung_up > clients / 10
            # A connection that was lost would be missing now: all are needed, one after another, many times.
            answers = await asyncio.gather(*(checkout.get(f"/v1/records/{text}") for text in records[:64]))
            assert [answer.status_code for answer in answers] == [200] * 64
            wrote = await asyncio.gather(*(checkout.post("/v1/records", json=parcel(n)) for n in range(16)))
            assert [answer.status_code for answer in wrote] == [201] * 16
        await settled(served, before)
        if isinstance(store, PostgresStore):
            await assert_few_connections(store, url)
    levels = {json.loads(line)["level"] for line in log.read_text().splitlines()}
    assert levels <= {"info", "warning"}
    print(f"{clients} clients: {crowd.answered} answered in full, {crowd.hung_up} hung up before")


def parcel(n: int) -> Body:
    return delivery(f"customer-{n}", recipient=name(n), phone=phone(n))


async def kept(checkout: httpx.AsyncClient) -> list[str]:
    answer = await checkout.post("/v1/records/store", json={"records": [parcel(n) for n in range(RECORDS)]})
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def open_sockets(served: Server) -> int:
    """Sockets of the serving process (Linux: read from /proc)."""
    links = []
    for descriptor in Path(f"/proc/{served.process.pid}/fd").iterdir():
        try:
            links.append(descriptor.readlink().as_posix())
        except OSError:
            continue  # closed while the list was read
    return sum(link.startswith("socket:") for link in links)


async def settled(served: Server, before: int) -> None:
    """Returns when no more sockets are open than before the crowd came; fails when they stay."""
    for _ in range(200):
        if open_sockets(served) <= before:
            return
        await asyncio.sleep(0.05)
    assert open_sockets(served) <= before


async def assert_few_connections(store: PostgresStore, url: str) -> None:
    """No more than both pools hold, and none left in the middle of a transaction; the log is sequenced now and then."""
    database = url.partition("?")[0].rpartition("/")[2]
    where = f"datname = '{database}' AND backend_type = 'client backend'"
    for _ in range(200):
        found = store._server.sql(f"SELECT state FROM pg_stat_activity WHERE {where}").splitlines()
        assert 0 < len(found) <= 2 * POOLED
        if set(found) == {"idle"}:
            return
        await asyncio.sleep(0.05)
    assert set(found) == {"idle"}
