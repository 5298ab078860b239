"""L-01: marked values go through everything that is served, and none of them is in a file afterwards.

Searched are all files that a vault leaves (database, journal, keyring, log at DEBUG) and, on PostgreSQL, the server's data with
its write-ahead log and its own log. What is no person's value and stored as it is by design is not marked: the wording of a
consent, a case, the names of callers.
"""

import asyncio
import base64
import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import make_url, update

from app.crypto.api_key import new_api_key
from app.storage.engine import Database
from app.vault.tables import field_values
from tests.support.leaks import leaks, spellings
from tests.support.orders import ADDRESS, account, buyer, delivery
from tests.support.postgres import PostgresServer
from tests.support.servers import Server, server
from tests.support.vaults import TENANT, PostgresStore, SqliteStore, Store, copied_keyring

MARK: Final = "Vx9qMärk"
PEOPLE: Final = 7
PHONE, NATIONAL_ID, BORN = "0907 913 571", "079 157 246 813", "1957-03-19"
VALUES: Final = (
    MARK,
    MARK.lower(),
    "vx9qmark",
    PHONE,
    "0907913571",
    "+84907913571",
    NATIONAL_ID,
    NATIONAL_ID.replace(" ", ""),
    BORN,
)


def test_the_search_finds_what_is_planted(tmp_path: Path) -> None:
    value = "Nguyễn+Văn/An 1"
    raw = value.encode()
    plants = {
        "raw": b"xx" + raw + b"yy",
        "utf-16 little": ("é" + value).encode("utf-16-le"),
        "utf-16 big, shifted": b"\0" + value.encode("utf-16-be"),
        "hex": (b"\x01" + raw).hex().encode(),
        "hex in capitals": raw.hex().upper().encode(),
        "json": json.dumps({"name": f"a {value}"}).encode(),
        "url": b"GET /?q=Nguy%E1%BB%85n%2BV%C4%83n%2FAn%201 HTTP/1.1",
        "url in small letters": b"Nguy%e1%bb%85n%2bV%c4%83n%2fAn%201",
        **{f"base64 after {n}": base64.b64encode(b"z" * n + raw + b"tail") for n in range(7)},
        **{f"base64url after {n}": base64.urlsafe_b64encode(b"z" * n + raw) for n in range(3)},
        "across blocks": b"-" * (64 * 2**20 - 5) + raw,
    }
    (tmp_path / "deep").mkdir()
    for name, content in plants.items():
        (tmp_path / "deep" / name).write_bytes(content)
    (tmp_path / "clean").write_bytes(b"Nguyen Van An 1, " + raw[:-1] + base64.b64encode(raw[3:-3]))
    found = {Path(leak.partition(": ")[0]).name for leak in leaks([tmp_path], [value])}
    assert found == plants.keys()
    assert not any(value in leak for leak in leaks([tmp_path], [value]))
    assert len(spellings(value)) == 15


def bodies(number: int) -> Iterator[dict[str, Any]]:
    """What one person's records hold: a mark in each field that takes one."""
    mark, ref = f"{MARK}{number:03}", f"{MARK}-customer-{number}"
    address = ADDRESS | {"lines": [f"{number} {mark}", mark]}
    for body in (
        delivery(ref, recipient=f"Nguyễn {mark}", phone=PHONE, address=address, note=f"{mark}\n{mark}"),
        buyer(
            ref,
            ("order", "customer-care"),
            consents=("marketing-sms",),
            full_name=mark,
            email=f"vx9qmark{number}@example.com",
            phone=PHONE,
            address=address,
            birth_date=BORN,
            gender="other",
            national_id=NATIONAL_ID,
        ),
        account(ref, username=mark, password=f"{mark} {mark}"),
    ):
        yield body | {"purposes": [p | {"ref": f"vx9qmark-{number}"} for p in body["purposes"]]}


class Abuser:
    """A served vault and clients that put marks wherever a client can put anything."""

    def __init__(self, served: Server, store: Store) -> None:
        self.served = served
        self.store = store
        self.statuses: set[int] = set()
        self.records: list[tuple[str, str]] = []

    def client(self, caller: str, purpose: str | None = None) -> httpx.AsyncClient:
        headers = {
            "Authorization": f"Bearer {self.store.prepared.callers[caller].key}",
            "Vault-Case": "CASE-1",
        }
        if purpose:
            headers["Vault-Purpose"] = purpose
        return httpx.AsyncClient(base_url=self.served.base_url, headers=headers, trust_env=False, timeout=60)

    async def store_all(self) -> None:
        """Every person twice at once, so that somebody meets a conflict."""
        async with self.client("checkout", "order") as http:
            for number in range(PEOPLE):
                sent = [body for _ in range(2) for body in bodies(number)]
                answers = await asyncio.gather(*(self._store(http, body) for body in sent))
                assert [answer.status_code for answer in answers] == [201] * 6, [a.text for a in answers]
                self.records += [
                    (a.headers["location"], b["collection"]) for a, b in zip(answers, sent, strict=True)
                ]

    async def _store(self, http: httpx.AsyncClient, body: dict[str, Any]) -> httpx.Response:
        purpose = "account" if body["collection"] == "account" else "order"
        return await http.post("/v1/records", json=body, headers={"Vault-Purpose": purpose})

    async def read_all(self, fewer: int = 8) -> None:
        """Everybody (or the first few) reads everything: plain, masked, tokens and refusals."""
        asked = [
            ("checkout", "order"),
            ("checkout", "account"),
            ("shipping", "delivery"),
            ("support", "customer-care"),
            ("privacy-officer", "subject-request"),
            ("marketing", "marketing-sms"),
            ("carrier", "delivery"),
            ("admin", "sale"),
        ]
        for caller, purpose in asked[:fewer]:
            async with self.client(caller, purpose) as http:
                answers = await asyncio.gather(*(http.get(location) for location, _ in self.records))
                self.statuses |= {answer.status_code for answer in answers}

    async def make_mistakes(self) -> None:
        """Marks in bodies, names, paths, queries, headers and credentials that are refused."""
        bad = [
            delivery(recipient=f"{MARK}\u0007"),
            delivery(phone=MARK),
            delivery(note=MARK * 200),
            delivery(address={MARK: MARK}),
            buyer(birth_date=MARK, gender=MARK, national_id=MARK, email=MARK),
            buyer(purposes=(MARK,)),
            buyer(consents=(MARK,)),
            buyer() | {"collection": MARK},
            buyer() | {"subject": {"id": MARK}},
            buyer() | {MARK: MARK},
            {"fields": {MARK: MARK}},
            [MARK],
            {"name": MARK, "roles": [MARK]},
            {"source": f"[{MARK}]\na = '{MARK}'"},
        ]
        raw = [f'{{"a": "{MARK}', f'{{"{MARK}": 1, "{MARK}": 2}}', f'"{MARK}\\u0000"', MARK]
        async with self.client("checkout", "order") as http, self.client("admin") as admin:
            for body in bad:
                for poster, path in (
                    (http, "/v1/records"),
                    (admin, "/v1/callers"),
                    (admin, "/v1/notice/check"),
                ):
                    self._seen(await poster.post(path, json=body))
            for text in raw:
                headers = {"Content-Type": "application/json"}
                self._seen(await http.post("/v1/records", content=text.encode(), headers=headers))
            with contextlib.suppress(httpx.TransportError):  # refused before it is read to its end
                await http.post("/v1/records", content=MARK.encode() * 200_000)
            self._seen(await http.post("/v1/records", data={MARK: MARK}))
            for path in (
                f"/v1/records/{MARK}",
                f"/{MARK}",
                f"/v1/records/rec_{'0' * 26}?fields={MARK}",
                f"/v1?{MARK}",
            ):
                self._seen(await http.get(path))
            self._seen(await http.get(self.records[0][0], params={"fields": MARK, "form": MARK}))
            self._seen(
                await admin.get(
                    self.records[0][0], params={"fields": MARK}, headers={"Vault-Purpose": "order"}
                )
            )
            for method in ("VX9QMARK", "PUT"):
                self._seen(await http.request(method, "/v1/records", json=MARK))
            for name in (
                "User-Agent",
                "Cookie",
                "Traceparent",
                "X-Forwarded-For",
                "Vault-Case",
                "Vault-Purpose",
                "Vx9qmark",
            ):
                self._seen(
                    await http.get(f"/v1/records/rec_{'0' * 26}", headers={name.encode(): MARK.encode()})
                )

    async def try_credentials(self) -> None:
        """Marked bearer tokens, and a real key's likeness."""
        async with self.client("compliance") as http:
            for query in (
                "role",
                "subject",
                "purpose",
                "case",
                "clause",
                "caller",
                "since",
                "cursor",
                "vx9qmark",
            ):
                self._seen(await http.get("/v1/audit/events", params={query: MARK}))
            for credential in (
                f"Bearer {MARK}",
                "Bearer vx9qmark",
                f"Basic {MARK}",
                f"Bearer kin_vx9qmark_{MARK}",
            ):
                self._seen(await http.get("/v1/callers", headers={b"Authorization": credential.encode()}))
            unknown = new_api_key("vx9qmark")
            self._seen(await http.get("/v1/callers", headers={"Authorization": f"Bearer {unknown}"}))

    def talk_nonsense(self) -> None:
        """What is no HTTP at all."""
        host, _, port = self.served.base_url.removeprefix("http://").partition(":")
        for words in (
            f"{MARK}\r\n\r\n",
            f"GET /{MARK} HTTP/9.9\r\n\r\n",
            f"GET / HTTP/1.1\r\n{MARK}\r\n\r\n",
        ):
            with socket.create_connection((host, int(port)), timeout=10) as connection:
                connection.sendall(words.encode())
                connection.recv(1000)

    def _seen(self, answer: httpx.Response) -> None:
        self.statuses.add(answer.status_code)
        assert answer.status_code < 500, answer.text
        assert not [value for value in (MARK, MARK.lower(), "vx9qmark") if value in answer.text], answer.text


async def damage(url: str) -> None:
    """Gives every sealed note another version, so that reads fail their integrity check."""
    database = Database(url)
    async with database.bookkeeping(TENANT) as work:
        notes = update(field_values).where(field_values.c.field == "note")
        await work.execute(notes.values(version=field_values.c.version + 1))
    await database.close()


def run(store: Store, url: str, directory: Path) -> Path:
    """The whole story, served at DEBUG, stopped in good order; where the log is."""
    log = directory / "kin.log"
    with server(
        url, copied_keyring(store, directory), log, log_level="debug", metrics_token="x" * 32
    ) as served:
        abuser = Abuser(served, store)
        asyncio.run(_story(abuser, url))
        abuser.talk_nonsense()
        metrics = httpx.get(
            f"{served.base_url}/metrics", headers={"Authorization": f"Bearer {'x' * 32}"}
        ).text
        assert "kin_requests_total" in metrics
        assert not [value for value in VALUES if value in metrics]
        served.stop()
    assert {200, 400, 401, 403, 404, 405, 415, 422, 503} <= abuser.statuses
    assert log.read_text().count('"event":"request"') > 250
    return log


async def _story(abuser: Abuser, url: str) -> None:
    await abuser.store_all()
    await abuser.read_all()
    await abuser.make_mistakes()
    await abuser.try_credentials()
    await damage(url)
    await abuser.read_all(fewer=3)


@pytest.mark.timeout(240)
def test_no_value_is_in_any_file_of_a_vault_on_sqlite(sqlite_store: SqliteStore, tmp_path: Path) -> None:
    with sqlite_store.copy(tmp_path) as url:
        run(sqlite_store, url, tmp_path)
    assert (tmp_path / "kin.db").stat().st_size > 100_000
    assert leaks([tmp_path], VALUES) == []


@pytest.mark.timeout(240)
def test_no_value_is_in_any_file_of_a_vault_on_postgresql(
    postgres: PostgresServer, postgres_store: PostgresStore, tmp_path: Path
) -> None:
    with postgres_store.copy(tmp_path) as url:
        run(postgres_store, url, tmp_path)
        postgres.sql("CHECKPOINT")
        rows = int(postgres.sql("SELECT count(*) FROM field_values", str(make_url(url).database)))
        assert rows == PEOPLE * 2 * 13
        assert leaks([tmp_path, postgres.directory / "data", postgres.directory / "log"], VALUES) == []
