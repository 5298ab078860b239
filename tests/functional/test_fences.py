"""What holds people, tenants and roles apart: the declared permission of each route, uniform answers, a second tenant."""

import re
from collections import Counter
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from fastapi.routing import iter_route_contexts

from app.identity.issue import Actor
from app.kernel.ids import new_uuid, text_of
from app.notice.reference import reference_notice, reference_source
from app.wiring.install import install_tenant
from app.wiring.parts import Parts
from tests.support.erasing import erasing_vault
from tests.support.orders import buyer, delivery, event, events, events_of, problem, read, stored
from tests.support.vaults import CallerKey, Store, Vault

OTHER = "other-shop"
PREFIXES = {"record_id": "rec", "event_id": "evt", "caller_id": "clr", "key_id": "key"}


def operations(vault: Vault) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Method, path with ids of nothing, and the permissions of which one is enough, of every route that wants a caller."""
    for route in iter_route_contexts(vault.app.routes):
        permission = (getattr(route, "openapi_extra", None) or {})["x-permission"]
        path = re.sub(
            r"{(\w+)[^}]*}", lambda m: PREFIXES.get(m[1], m[1][:3]) + "_" + "0" * 26, str(route.path)
        )
        if permission != "public":
            for method in sorted(getattr(route, "methods", None) or ()):
                yield method, path, frozenset(permission.split("|"))


async def test_the_declared_permission_decides_for_every_route_and_role(store: Store, tmp_path: Path) -> None:
    async with erasing_vault(store, tmp_path) as vault:
        asked = await asked_by_every_role(vault)
    assert asked[True] > 40
    assert asked[False] > 100


async def asked_by_every_role(vault: Vault) -> Counter[bool]:
    """Whether the role was permitted → how many calls were answered so."""
    notice = reference_notice()
    asked: Counter[bool] = Counter()
    for method, path, permissions in operations(vault):
        for name, role in notice.roles.items():
            permitted = "grants" in permissions or not permissions.isdisjoint(role.may)
            client = vault.client(name, "order", "CASE-1")
            answer = await client.request(
                method, path, json={} if method in {"POST", "PUT", "PATCH"} else None
            )
            refused = answer.status_code == 403 and answer.json()["code"] == "not-permitted"
            assert refused is not permitted, f"{name}: {method} {path} {answer.text}"
            assert answer.status_code < 500, f"{name}: {method} {path} {answer.text}"
            assert answer.status_code != 401
            asked[permitted] += 1
    return asked


async def test_each_refusal_of_a_route_is_on_record(vault: Vault) -> None:
    for method, path, permissions in operations(vault):
        if "grants" in permissions:
            continue
        answer = await vault.client("shipping").request(method, path)
        if answer.status_code != 403:  # shipping has this permission
            continue
        [found] = await events_of(vault, answer)
        assert (found["action"], found["outcome"]) == ("permission.deny", "denied")
        assert found["caller"] == vault.callers["shipping"].id
        assert frozenset(found["reason"].split("|")) == permissions


async def test_without_a_credential_no_route_but_the_public_ones_answers(vault: Vault) -> None:
    for method, path, _ in operations(vault):
        answer = await vault.client(None, "order").request(method, path)
        assert problem(answer) == (401, "unauthenticated"), path
    assert len(await events(vault, action="auth.fail")) == len(list(operations(vault)))


@pytest.fixture
async def other(vault: Vault) -> dict[str, CallerKey]:
    """A second tenant in the same database, with callers of the same names."""
    return await second_tenant(vault.parts)


async def second_tenant(parts: Parts) -> dict[str, CallerKey]:
    await install_tenant(parts, OTHER, reference_source().decode())
    roles, callers = frozenset(reference_notice().roles), {}
    for role in ("checkout", "shipping", "compliance", "admin"):
        made = await parts.callers.create(OTHER, role, [role], roles, Actor())
        key = await parts.callers.issue_key(OTHER, made.id, Actor())
        callers[f"other {role}"] = CallerKey(text_of("clr", made.id), key.secret)
    return callers


@pytest.fixture
def both(vault: Vault, other: dict[str, CallerKey]) -> Vault:
    """The vault, whose clients can also speak as the callers of the other tenant."""
    vault.callers = {**vault.callers, **other}
    return vault


async def test_nothing_crosses_tenants(both: Vault) -> None:
    mine = await stored(both, delivery("customer-1"))
    theirs = await stored(both, delivery("customer-1"), "other checkout")
    assert mine.json()["subject"] != theirs.json()["subject"]
    assert (await read(both, theirs, "other checkout", "order")).status_code == 200
    assert problem(await read(both, theirs, "checkout", "order")) == (404, "not-found")
    assert problem(await read(both, mine, "other checkout", "order")) == (404, "not-found")
    for caller, person in (("checkout", theirs), ("other checkout", mine)):
        body = buyer({"id": person.json()["subject"]})
        answer = await both.client(caller, "order").post("/v1/records", json=body)
        assert problem(answer) == (404, "not-found")
    mine_seen = {e["id"] for e in await events(both)}
    theirs_seen = {e["id"] for e in await events(both, "other compliance")}
    assert mine_seen
    assert theirs_seen
    assert mine_seen.isdisjoint(theirs_seen)
    assert await events(both, "other compliance", subject=mine.json()["subject"]) == []
    hidden = await both.client("other compliance").get(f"/v1/audit/events/{mine.json()['receipt']['event']}")
    assert problem(hidden) == (404, "not-found")
    assert (await event(both, theirs.json()["receipt"]["event"], "other compliance"))["tenant"] == OTHER


async def test_callers_of_the_other_tenant_cannot_be_seen_or_stopped(both: Vault) -> None:
    admin, theirs = both.client("admin"), both.callers["other checkout"].id
    listed = {item["id"] for item in (await admin.get("/v1/callers")).json()["items"]}
    assert both.callers["checkout"].id in listed
    assert theirs not in listed
    keys = (await both.client("other admin").get("/v1/callers")).json()["items"]
    key = next(item["keys"][0]["id"] for item in keys if item["id"] == theirs)
    for path in (f"{theirs}/keys", f"{theirs}/disable", f"{theirs}/keys/{key}/revoke"):
        assert problem(await admin.post(f"/v1/callers/{path}")) == (404, "not-found")
    assert (await stored(both, delivery(), "other checkout")).status_code == 201


# Set for the requests that are counted: what the vault does on its own beside them (its sequencer) does not count.
ASKING: ContextVar[bool] = ContextVar("asking", default=False)


class Counting:
    """Counts the statements that requests ask the database for, by the way they are asked."""

    def __init__(self, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counts: Counter[str] = Counter()
        database = vault.parts.database
        for name in ("fetch_hot", "insert_hot", "read", "transaction"):
            monkeypatch.setattr(database, name, self._counted(name, getattr(database, name)))

    def _counted(self, name: str, method: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            self.counts[name] += ASKING.get()
            return method(*arguments, **options)

        return call

    def taken(self) -> Counter[str]:
        """What was counted since the last time."""
        counts, self.counts = +self.counts, Counter()
        return counts


async def test_missing_foreign_and_ungranted_records_cannot_be_told_apart(
    both: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    foreign = await stored(both, delivery("customer-1"), "other checkout")
    ungranted = await stored(both, delivery("customer-2"))  # marketing has no grant on parcels
    own = await stored(both, buyer("customer-3", consents=("marketing-sms",)))
    missing = "/v1/records/" + text_of("rec", new_uuid(7))
    marketing = both.client("marketing", "marketing-sms")
    assert (await marketing.get(own.headers["location"])).status_code == 200
    counting, seen = Counting(both, monkeypatch), []
    ASKING.set(True)
    for path in (missing, foreign.headers["location"], ungranted.headers["location"]):
        for query in ("", "?fields=phone", "?fields=recipient&form=masked"):
            answer = await marketing.get(path + query)
            body = answer.json()
            del body["request_id"]
            headers = {k: v for k, v in answer.headers.items() if k != "vault-request"}
            seen.append((query, answer.status_code, body, headers, counting.taken()))
    assert seen[0][1] == 404
    assert seen[0][4]["fetch_hot"] == seen[0][4]["insert_hot"] == 1
    for expected, foreign_one, ungranted_one in zip(seen[:3], seen[3:6], seen[6:], strict=True):
        assert expected[1:] == foreign_one[1:] == ungranted_one[1:]


async def test_row_level_security_hides_what_no_tenant_was_named_for(postgresql_vault: Vault) -> None:
    """The second fence, seen from a plain connection of the role that owns the tables."""
    vault = postgresql_vault
    vault.callers = {**vault.callers, **await second_tenant(vault.parts)}
    await stored(vault, delivery("customer-1"))
    await stored(vault, delivery("customer-1"), "other checkout")
    connection = await asyncpg.connect(vault.database_url)
    try:
        fenced = await connection.fetch(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'tenant' "
            "AND table_schema = 'public' AND table_name <> 'tenants'"
        )
        names = [row["table_name"] for row in fenced]
        assert {"records", "field_values", "subjects", "audit_events", "api_keys"} <= set(names)
        for tenant in (None, "", "shop", OTHER, "nobody"):
            if tenant is not None:
                await connection.execute("SELECT set_config('kin.tenant', $1, false)", tenant)
            allowed = {tenant} & {"shop", OTHER}
            for name in names:
                rows = await connection.fetch(f"SELECT DISTINCT tenant FROM {name}")
                assert {row["tenant"] for row in rows} <= allowed, name
            assert {row["tenant"] for row in await connection.fetch("SELECT tenant FROM records")} == allowed
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(
                "INSERT INTO notice_versions (tenant, version, digest, source, state, created_at) "
                "VALUES ('shop', 9, '', '', 'draft', 0)"
            )
    finally:
        await connection.close()
