"""What every answer looks like, and what is refused before anybody acts on it: headers, methods, bodies, health, docs."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.erasing import erasing_vault
from tests.support.orders import buyer, delivery, problem, read, stored
from tests.support.postgres import PostgresServer, postgres_server
from tests.support.vaults import PostgresStore, SqliteStore, Store, Vault, running_vault

_SCHEMA_WORDS = frozenset({"get", "put", "post", "patch", "delete"})


async def answers_of_all_kinds(vault: Vault) -> list[httpx.Response]:
    parcel = await stored(vault, delivery())
    checkout, nobody = vault.client("checkout", "order"), vault.client(None)
    return [
        parcel,
        await read(vault, parcel, "shipping", "delivery"),
        await read(vault, parcel, "admin", "delivery"),
        await read(vault, parcel, "shipping", None),
        await checkout.get("/v1/records/rec_" + "0" * 26),
        await checkout.post("/v1/records", json={}),
        await checkout.post("/v1/records", content=b"{"),
        await checkout.post("/v1/records", content=b"{}", headers={"Content-Type": "text/plain"}),
        await checkout.post("/v1/records", content=b" " * (2**20 + 1)),
        await checkout.delete("/v1/records"),
        await nobody.get("/v1/callers"),
        await nobody.get("/nowhere"),
        await nobody.get("/livez"),
        await nobody.get("/readyz"),
        await nobody.get("/metrics"),
        await nobody.get("/docs"),
        await nobody.get("/openapi.json"),
        await vault.client("compliance").get("/v1/audit/events"),
    ]


async def test_every_answer_carries_the_headers(vault: Vault) -> None:
    answers = await answers_of_all_kinds(vault)
    assert sorted({answer.status_code for answer in answers}) == [
        200,
        201,
        400,
        401,
        403,
        404,
        405,
        413,
        415,
        422,
    ]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
        if answer.status_code >= 400:
            problem(answer)
    ids = [answer.headers["vault-request"] for answer in answers]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"req_[0-9a-z]{26}", request) for request in ids)


async def test_methods_paths_and_bodies_that_are_not_served(sqlite_vault: Vault) -> None:
    checkout = sqlite_vault.client("checkout", "order")
    unserved = await checkout.put("/v1/records", json={})
    assert (problem(unserved), unserved.headers["allow"]) == ((405, "method-not-allowed"), "POST")
    for path in ("/v1/records/", "/V1/records", "/v1//records", "/v1/record", "/", "/v1/records/../../etc"):
        assert problem(await checkout.post(path, json={})) == (404, "not-found"), path
    for media_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
        "",
    ):
        answer = await checkout.post("/v1/records", content=b"{}", headers={"Content-Type": media_type})
        assert problem(answer) == (415, "unsupported-media-type")
    body = json.dumps(delivery(note="x")).encode()
    assert problem(await checkout.post("/v1/records", content=body + b" " * 2**20)) == (413, "too-large")
    padded = body + b" " * (2**20 - len(body))
    fits = await checkout.post("/v1/records", content=padded, headers={"Content-Type": "application/json"})
    assert fits.status_code == 201


async def test_health_says_what_is_well_and_nothing_else(store: Store, tmp_path: Path) -> None:
    async with erasing_vault(store, tmp_path) as vault:
        nobody = vault.client(None)
        assert (await nobody.get("/livez")).json() == {"status": "ok"}
        ready = await nobody.get("/readyz")
    assert ready.status_code == 200
    assert ready.json().keys() >= {"status", "database", "keys", "audit", "migrations"}
    assert set(ready.json().values()) == {"ok"}


async def test_a_keyring_that_a_restart_would_refuse_makes_it_unready(sqlite_vault: Vault) -> None:
    sqlite_vault.keyring.chmod(0o644)
    answer = await sqlite_vault.client(None).get("/readyz")
    assert (answer.status_code, answer.json()["keys"]) == (503, "unavailable")


@pytest.fixture
def stoppable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PostgresServer, PostgresStore]]:
    """A PostgreSQL of one test's own."""
    with postgres_server(durable=True) as server:
        yield server, PostgresStore(tmp_path_factory.mktemp("stoppable"), server)
        pg_ctl(server, "stop", "-m", "immediate")


async def test_while_the_database_is_stopped_everything_is_503_and_nothing_is_given(
    stoppable: tuple[PostgresServer, PostgresStore], tmp_path: Path
) -> None:
    """I8: neither a value nor a 500, and all is well once it is back."""
    server, store = stoppable
    async with running_vault(store, tmp_path, database_patience=1.0) as vault:
        parcel = await stored(vault, delivery())
        assert (await read(vault, parcel, "checkout", "order")).status_code == 200
        pg_ctl(server, "stop", "-m", "immediate")
        for answer in (
            await read(vault, parcel, "checkout", "order"),
            await read(vault, parcel, "shipping", "delivery"),
            await read(vault, parcel, "admin", "order"),
            await vault.client("checkout", "order").post("/v1/records", json=delivery()),
            await vault.client("compliance").get("/v1/audit/events"),
            await vault.client("admin").get("/v1/callers"),
            await vault.client(None, "order").get(parcel.headers["location"]),
        ):
            assert problem(answer) == (503, "unavailable"), answer.text
            assert answer.headers["retry-after"] == "1"
            assert "Nguyễn" not in answer.text
        unready = await vault.client(None).get("/readyz")
        assert (unready.status_code, unready.json()["database"]) == (503, "unavailable")
        assert (await vault.client(None).get("/livez")).status_code == 200
        start = f"-c listen_addresses= -k {server.directory}"
        pg_ctl(server, "start", "-w", "-l", str(server.directory / "data" / "log-again"), "-o", start)
        back = await read(vault, parcel, "checkout", "order")
        assert back.json()["fields"]["note"]["value"] == "gọi trước"
        assert (await stored(vault, delivery())).status_code == 201


def pg_ctl(server: PostgresServer, *command: str) -> None:
    """pg_ctl on the server's data."""
    subprocess.run(
        [server.programs / "pg_ctl", "-D", server.directory / "data", *command],
        user=server.user,
        cwd="/",
        check=True,
        capture_output=True,
    )


async def test_metrics_count_each_record_and_field_of_a_batch(
    sqlite_store: SqliteStore, tmp_path: Path
) -> None:
    token = "metrics-token-of-32-characters-00"
    async with running_vault(sqlite_store, tmp_path, metrics_token=token) as vault:
        whole = [(await stored(vault, delivery(f"customer-{n}"))).json()["id"] for n in range(3)]
        other = (await stored(vault, buyer("customer-9"))).json()["id"]
        body = {"ids": [*whole, other, f"rec_{'0' * 26}"]}
        answer = await vault.client("shipping", "delivery").post("/v1/records/read", json=body)
        items = answer.json()["items"]
        given = Counter(f["form"] for item in items for f in item.get("fields", {}).values())
        assert len(given) == 4
        told = await vault.client(None).get("/metrics", headers={"Authorization": f"Bearer {token}"})
        for form, number in given.items():
            assert f'kin_disclosed_fields_total{{form="{form}",purpose="delivery"}} {number}.0' in told.text
        for outcome, number in (("partial", 3), ("denied", 2)):
            assert f'kin_disclosures_total{{outcome="{outcome}",purpose="delivery"}} {number}.0' in told.text


async def test_metrics_are_for_who_has_the_token(sqlite_store: SqliteStore, tmp_path: Path) -> None:
    token = "metrics-token-of-32-characters-00"
    async with running_vault(sqlite_store, tmp_path, metrics_token=token) as vault:
        parcel = await stored(vault, delivery("QzMark7"))
        await read(vault, parcel, "shipping", "delivery")
        nobody = vault.client(None)
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {token}"}):
            assert problem(await nobody.get("/metrics", headers=headers)) == (401, "unauthenticated")
        assert problem(await vault.client("admin").get("/metrics")) == (401, "unauthenticated")
        answer = await nobody.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain")
        assert 'route="/v1/records/{record_id}",status="200"} 1.0' in answer.text
        for text in ("QzMark7", "Nguyễn", "sub_", "rec_", "clr_", "tok_"):
            assert text not in answer.text


async def test_without_a_token_there_are_no_metrics(sqlite_vault: Vault) -> None:
    assert problem(await sqlite_vault.client(None).get("/metrics")) == (404, "not-found")


async def test_the_documentation_asks_nobody_else(sqlite_vault: Vault) -> None:
    page = await sqlite_vault.client(None).get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.findall(r"""(?:src|href|action)\s*=\s*["']?\s*(?:[a-z]+:)?//""", page.text, re.IGNORECASE)
    assert not re.findall(r"@import|url\(|<script|<link|<img|<iframe", page.text, re.IGNORECASE)
    assert "unsafe" not in page.headers["content-security-policy"]


async def test_every_operation_is_described_with_permission_and_example(sqlite_vault: Vault) -> None:
    document = (await sqlite_vault.client(None).get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1.")
    operations = [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in _SCHEMA_WORDS
    ]
    assert len(operations) >= 15
    ids = [operation["operationId"] for _, _, operation in operations]
    assert len(set(ids)) == len(ids)
    lacking = [f"{m} {p}: {what}" for p, m, o in operations for what in _lacks(p, o, document)]
    assert not lacking, lacking


def _lacks(path: str, operation: dict[str, Any], document: dict[str, Any]) -> list[str]:
    found = []
    if not operation.get("summary"):
        found.append("summary")
    if not operation.get("x-permission"):
        found.append("permission")
    declared = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
    if declared != set(re.findall(r"{(\w+)}", path)):
        found.append("path parameters")
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    shown = [body["content"].get("application/json") for body in (*bodies, *good) if "content" in body]
    found += ["example" for media in shown if media is not None and not _has_example(media, document)]
    if not good:
        found.append("answer")
    return found


def _has_example(media: dict[str, Any], document: dict[str, Any]) -> bool:
    schema = media.get("schema", {})
    known = document["components"]["schemas"]
    choices = [known.get(s.get("$ref", "").rpartition("/")[2], s) for s in (schema, *schema.get("anyOf", ()))]
    return any(word in holder for holder in (media, *choices) for word in ("example", "examples"))


async def test_references_in_the_document_resolve_and_patterns_compile(sqlite_vault: Vault) -> None:
    document = (await sqlite_vault.client(None).get("/openapi.json")).json()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                target: Any = document
                for step in node["$ref"].removeprefix("#/").split("/"):
                    target = target[step]
            if isinstance(node.get("pattern"), str):
                re.compile(node["pattern"])
            for child in node.values():
                walk(child)
        elif isinstance(node, list):
            for child in node:
                walk(child)

    walk(document)
