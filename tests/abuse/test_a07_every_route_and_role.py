"""A-07: every route for every role, and every purpose for every role on data in every state, against the notice read naively.

The tables below are written by hand and share nothing with the vault but the notice's text: who changes the permission of a
route, adds one, or changes what a grant comes to, has to say so here as well.
"""

import asyncio
import re
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from app.identity.issue import Actor
from app.kernel.ids import text_of
from app.notice.reference import reference_source
from app.wiring.install import install_tenant
from tests.support.orders import ADDRESS, EVIDENCE, Body
from tests.support.people import done, stored_buyer
from tests.support.vaults import CallerKey, SqliteStore, Vault, running_vault

NOTICE: Final[dict[str, Any]] = tomllib.loads(reference_source().decode())
ROLES: Final[dict[str, Any]] = NOTICE["roles"]

ROUTES: Final = {
    "POST /v1/records": "grants",
    "GET /v1/records/{record_id}": "grants",
    "PATCH /v1/records/{record_id}": "grants",
    "DELETE /v1/records/{record_id}": "grants",
    "POST /v1/records/read": "grants",
    "POST /v1/records/store": "grants",
    "POST /v1/records/search": "grants",
    "POST /v1/records/{record_id}/verify": "grants",
    "POST /v1/records/{record_id}/bindings": "bindings",
    "POST /v1/bindings/close": "bindings",
    "GET /v1/tokens": "tokens.issue",
    "POST /v1/tokens": "tokens.issue",
    "POST /v1/tokens/revoke": "tokens.issue",
    "POST /v1/tokens/resolve": "grants",
    "POST /v1/statistics": "statistics",
    "POST /v1/subjects/find": "subjects",
    "GET /v1/subjects/{subject_id}": "subjects own",
    "GET /v1/subjects/{subject_id}/accesses": "subjects subjects.accesses own",
    "GET /v1/subjects/{subject_id}/recipients": "subjects subjects.accesses own",
    "GET /v1/subjects/{subject_id}/export": "requests own",
    "PUT /v1/subjects/{subject_id}/restriction": "subjects own",
    "DELETE /v1/subjects/{subject_id}/restriction": "subjects own",
    "POST /v1/subjects/{subject_id}/consents": "consents consents.record own",
    "POST /v1/subjects/{subject_id}/objection": "consents subjects own",
    "POST /v1/subjects/{subject_id}/sessions": "subjects",
    "POST /v1/subjects/{subject_id}/sessions/end": "subjects own",
    "POST /v1/subjects/{subject_id}/erase": "erasure",
    "POST /v1/sessions/end": "own",
    "POST /v1/consents/import": "consents.record",
    "POST /v1/consents/{consent_id}/withdraw": "consents consents.record own",
    "POST /v1/holds": "holds",
    "POST /v1/holds/{hold_id}/release": "holds",
    "POST /v1/assignments": "assignments",
    "DELETE /v1/assignments": "assignments",
    "GET /v1/orders": "orders.request orders.approve",
    "POST /v1/orders": "orders.request",
    "POST /v1/orders/{order_id}/approve": "orders.approve",
    "POST /v1/orders/{order_id}/reject": "orders.approve",
    "GET /v1/requests": "requests own",
    "POST /v1/requests": "requests own",
    "GET /v1/requests/{request_id}": "requests own",
    "POST /v1/requests/{request_id}/acknowledge": "requests",
    "POST /v1/requests/{request_id}/extend": "requests",
    "POST /v1/requests/{request_id}/complete": "requests",
    "POST /v1/requests/{request_id}/refuse": "requests",
    "GET /v1/erasures/due": "erasure",
    "GET /v1/certificates/{certificate_id}": "erasure",
    "GET /v1/audit/events": "audit",
    "GET /v1/audit/events/{event_id}": "audit",
    "GET /v1/audit/events/{event_id}/proof": "audit",
    "GET /v1/audit/summary": "audit",
    "GET /v1/audit/export": "audit",
    "GET /v1/audit/checkpoint": "audit",
    "GET /v1/audit/consistency": "audit",
    "GET /v1/audit/log/checkpoint": "audit",
    "GET /v1/audit/log/tile/{path}": "audit",
    "GET /v1/notice": "notice.read",
    "POST /v1/notice/check": "notice.read",
    "GET /v1/notice/matrix": "notice.read",
    "POST /v1/notice/explain": "notice.read",
    "GET /v1/callers": "callers",
    "POST /v1/callers": "callers",
    "POST /v1/callers/{caller_id}/keys": "callers",
    "POST /v1/callers/{caller_id}/keys/{key_id}/revoke": "callers",
    "POST /v1/callers/{caller_id}/disable": "callers",
    "GET /livez": "public",
    "GET /readyz": "public",
    "GET /metrics": "public",
}
"""Method and path → the permissions of which one is enough; `own` is the customer's who is signed in."""

PREFIXES: Final = {
    "record_id": "rec",
    "event_id": "evt",
    "caller_id": "clr",
    "key_id": "key",
    "certificate_id": "crt",
    "consent_id": "cns",
    "hold_id": "hld",
}


@pytest.fixture
async def vault(sqlite_store: SqliteStore, tmp_path: Path) -> AsyncIterator[Vault]:
    """One database is enough: who may come in is decided before any is asked (tests/functional/test_fences.py has both)."""
    async with running_vault(sqlite_store, tmp_path) as running:
        yield running


def may(role: str) -> frozenset[str]:
    return frozenset(ROLES[role].get("may", ()))


def expected_to_pass(permissions: str, held: frozenset[str]) -> bool:
    words = frozenset(permissions.split())
    return bool(words & {"public", "grants"} or words & held)


def calls(credential: str | None) -> Iterator[tuple[str, str, httpx.Request]]:
    """Every route with ids of nothing, asked with a credential: route, permissions, request."""
    headers = {"Vault-Purpose": "order", "Vault-Case": "CASE-1"}
    if credential:
        headers["Authorization"] = f"Bearer {credential}"
    for route, permissions in ROUTES.items():
        method, _, path = route.partition(" ")
        where = re.sub(r"{(\w+)}", lambda m: f"{PREFIXES.get(m[1], m[1][:3])}_{'0' * 26}", path)
        body: Body | None = {} if method in {"POST", "PUT", "PATCH"} else None
        yield (
            route,
            permissions,
            httpx.Request(method, f"http://vault.test{where}", headers=headers, json=body),
        )


async def asked(vault: Vault, credential: str | None, but: str = "") -> dict[str, httpx.Response]:
    """Route → answer, of every route but one."""
    client, wanted = vault.client(None), [each for each in calls(credential) if each[0] != but]
    answers = await asyncio.gather(*(client.send(request) for _, _, request in wanted))
    found = {route: answer for (route, _, _), answer in zip(wanted, answers, strict=True)}
    assert [route for route, answer in found.items() if answer.status_code in {500, 502, 504}] == []
    return found


def code(answer: httpx.Response) -> str:
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    return str(answer.json()["code"]) if is_problem else "none"


async def denials(vault: Vault, auditor: str = "compliance") -> dict[str, Body]:
    """Request → its `permission.deny`, of the whole log."""
    found: dict[str, Body] = {}
    cursor: dict[str, str] = {}
    while True:
        query = {"action": "permission.deny", "limit": "1000", **cursor}
        page = (await vault.client(auditor).get("/v1/audit/events", params=query)).json()
        found |= {event["request"]: event for event in page["items"]}
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def test_every_route_is_in_the_table_with_its_permission(vault: Vault) -> None:
    paths = vault.app.openapi()["paths"]
    declared = {
        f"{method.upper()} {path}": frozenset(operation["x-permission"].split("|"))
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert declared == {route: frozenset(permissions.split()) for route, permissions in ROUTES.items()}


async def test_exactly_the_roles_that_may_pass_and_each_refusal_is_on_record(vault: Vault) -> None:
    refused: dict[str, tuple[str, str]] = {}
    passed = 0
    for role in ROLES:
        for route, answer in (await asked(vault, vault.callers[role].key)).items():
            assert answer.status_code != 401, f"{role}: {route}"
            if expected_to_pass(ROUTES[route], may(role)):
                assert code(answer) != "not-permitted", f"{role}: {route}"
                passed += 1
            else:
                assert (answer.status_code, code(answer)) == (403, "not-permitted"), f"{role}: {route}"
                refused[answer.headers["vault-request"]] = (role, route)
    on_record = await denials(vault)
    assert on_record.keys() == refused.keys()
    for request, (role, route) in refused.items():
        event = on_record[request]
        assert (event["outcome"], event["roles"]) == ("denied", [role])
        assert event["caller"] == vault.callers[role].id
        assert frozenset(event["reason"].split("|")) == frozenset(ROUTES[route].split())
    assert passed > 150
    assert len(refused) > 500


async def test_a_customer_who_is_signed_in_passes_only_where_it_is_theirs(vault: Vault) -> None:
    person = await stored_buyer(vault)
    path = f"/v1/subjects/{person['subject']}/sessions"
    session = (await done(vault, "privacy-officer", "POST", path, {}))["credential"]
    for route, answer in (await asked(vault, session, but="POST /v1/sessions/end")).items():
        if expected_to_pass(ROUTES[route], frozenset({"own"})):
            assert code(answer) not in {"not-permitted", "unauthenticated"}, route
        else:
            assert (answer.status_code, code(answer)) == (403, "not-permitted"), route
    await done(vault, None, "POST", "/v1/sessions/end", credential=session)
    ended = await asked(vault, session, but="GET /metrics")
    assert {code(a) for route, a in ended.items() if ROUTES[route] != "public"} == {"unauthenticated"}


async def test_without_a_live_credential_only_the_public_routes_answer(vault: Vault) -> None:
    admin = vault.client("admin")
    made = (await admin.post("/v1/callers", json={"name": "gone", "roles": sorted(ROLES)})).json()
    key = (await admin.post(f"/v1/callers/{made['id']}/keys")).json()
    secret = next(value for value in key.values() if isinstance(value, str) and value.startswith("kin_"))
    before = await asked(vault, secret)
    assert {code(answer) for route, answer in before.items() if ROUTES[route] != "own"}.isdisjoint(
        {"not-permitted", "unauthenticated"}
    )
    await admin.post(f"/v1/callers/{made['id']}/disable")
    for credential in (None, secret, secret[:-1] + ("0" if secret[-1] != "0" else "1")):
        for route, answer in (await asked(vault, credential)).items():
            expected = "none" if ROUTES[route] == "public" else "unauthenticated"
            assert route == "GET /metrics" or code(answer) == expected, route


async def test_a_caller_of_another_tenant_is_judged_by_its_own_notice_and_its_own_log(vault: Vault) -> None:
    parts, roles = vault.parts, frozenset(ROLES)
    await install_tenant(parts, "other-shop", reference_source().decode())
    theirs = {}
    for role in ("checkout", "privacy-officer", "compliance"):
        made = await parts.callers.create("other-shop", role, [role], roles, Actor())
        key = await parts.callers.issue_key("other-shop", made.id, Actor())
        theirs[f"other {role}"] = CallerKey(text_of("clr", made.id), key.secret)
    vault.callers = {**vault.callers, **theirs}
    refused = set()
    for name in theirs:
        for route, answer in (await asked(vault, vault.callers[name].key)).items():
            passes = expected_to_pass(ROUTES[route], may(name.removeprefix("other ")))
            assert (code(answer) == "not-permitted") is not passes, f"{name}: {route}"
            refused |= set() if passes else {answer.headers["vault-request"]}
    assert (await denials(vault, "other compliance")).keys() == refused
    assert await denials(vault) == {}


# ------------------------------------------------------------------ purposes: what each role reads of data in each state

PURPOSES: Final[dict[str, Any]] = NOTICE["purposes"]
FIELDS: Final[dict[str, Body]] = {
    "buyer": {
        "full_name": "Trần Thị Bích",
        "email": "bich@example.com",
        "phone": "0912 345 678",
        "address": ADDRESS,
        "birth_date": "1990-04-30",
        "gender": "female",
        "national_id": "001190012345",
    },
    "delivery": {"recipient": "Nguyễn An", "phone": "0903 123 456", "address": ADDRESS, "note": "gọi trước"},
    "account": {"username": "bich.tran", "password": "correct horse battery"},
}
CASE: Final = "CASE-7"
ORDERED: Final = ("buyer", "delivery")
"""The collections that the approved orders are about."""


def matches(patterns: Any, collection: str, field: str) -> list[str]:
    """The keys of a TOML table (or list) that name the field: `buyer.phone`, or `buyer.*`."""
    return [name for name in patterns if name in {f"{collection}.{field}", f"{collection}.*"}]


def covering(collection: str) -> list[str]:
    return [
        name
        for name, purpose in PURPOSES.items()
        if any(place.partition(".")[0] == collection for place in purpose.get("covers", ()))
    ]


def covered(collection: str, opened: list[str]) -> Body:
    """The fields that the opened purposes let be stored."""
    return {
        field: value
        for field, value in FIELDS[collection].items()
        if any(matches(PURPOSES[purpose]["covers"], collection, field) for purpose in opened)
    }


class Kept:
    """A record, and how it stands: purpose → open or closed (none when it was never opened)."""

    def __init__(self, collection: str, state: str, opened: list[str]) -> None:
        self.collection = collection
        self.state = state
        self.opened = opened
        self.fields = covered(collection, opened)
        self.id = self.subject = ""

    def body(self) -> Body:
        by_consent = [p for p in self.opened if PURPOSES[p]["basis"] == "consent"]
        purposes = [p for p in self.opened if p not in by_consent]
        return {
            "collection": self.collection,
            "subject": {"ref": f"{self.collection}-{self.state}"},
            "purposes": [{"purpose": p, "ref": f"{self.collection}-{self.state}"} for p in purposes],
            "consents": [{"purpose": p, **EVIDENCE} for p in by_consent],
            "fields": self.fields,
        }

    def standing(self, purpose: str) -> str:
        """Why the purpose cannot be read for, or nothing."""
        if PURPOSES[purpose].get("binding") == "standing":
            return ""
        if self.state == "restricted":
            return "restricted"
        return "" if self.state != "closed" and purpose in self.opened else "purpose-not-open"


async def kept_in_every_state(vault: Vault) -> list[Kept]:
    kept = []
    for collection in FIELDS:
        every = covering(collection)
        kept += [Kept(collection, state, every) for state in ("open", "closed", "restricted")]
        kept += [
            Kept(collection, f"only-{purpose}", [purpose])
            for purpose in every
            if purpose != "market-research"
        ]
    for record in kept:
        # Some purposes cover no required field: their records hold those under another purpose that says so.
        purpose = "account" if record.collection == "account" else "order"
        required = [
            n for n, f in NOTICE["collections"][record.collection]["fields"].items() if f.get("required")
        ]
        if not set(required) <= record.fields.keys():
            record.opened = [*record.opened, "order"]
            record.fields = covered(record.collection, record.opened)
        stored = await done(vault, "checkout", "POST", "/v1/records", record.body(), purpose=purpose)
        record.id, record.subject = stored["id"], stored["subject"]
        if record.state == "restricted":
            path = f"/v1/subjects/{record.subject}/restriction"
            await done(vault, "privacy-officer", "PUT", path, {"reason": "x"})
        if record.state == "closed":
            for given in record.body()["purposes"]:
                await done(vault, "checkout", "POST", "/v1/bindings/close", given | {"reason": "x"})
            objection = {"purposes": [given["purpose"] for given in record.body()["consents"]]}
            if objection["purposes"]:
                path = f"/v1/subjects/{record.subject}/objection"
                await done(vault, "privacy-officer", "POST", path, objection)
    return kept


def grants(role: str, purpose: str) -> list[Body]:
    """What a role may read directly for a purpose."""
    return [
        grant
        for grant in NOTICE["grants"]
        if (grant["role"], grant["purpose"], grant.get("through", "direct")) == (role, purpose, "direct")
    ]


RANK: Final = ["withheld", "verified", "token", "generalised", "masked", "plain"]


def expected(role: str, purpose: str, record: Kept, held: frozenset[str]) -> str | dict[str, str]:
    """A problem's code, or field → form or reason; a missing condition is `needs`."""
    granted = grants(role, purpose)
    if not granted:
        if purpose not in PURPOSES:
            return "unknown-purpose"
        return "forbidden-purpose" if PURPOSES[purpose].get("forbidden") else "not-granted"
    if not any(name.partition(".")[0] == record.collection for g in granted for name in g["reads"]):
        return "not-found"
    found = {}
    for field in NOTICE["collections"][record.collection]["fields"]:
        forms = [
            grant["reads"][name] if set(grant.get("when", ())) <= held else ""
            for grant in granted
            for name in matches(grant["reads"], record.collection, field)
        ]
        best = max((form for form in forms if form), key=RANK.index, default="needs")
        found[field] = "not-granted" if not forms else record.standing(purpose) or best
    return found


def seen(item: Body) -> str | dict[str, str]:
    """The same, as the vault answered."""
    if "problem" in item:
        item = item["problem"]
    if "fields" in item:
        told = {name: shown.get("reason", shown["form"]) for name, shown in item["fields"].items()}
    elif item["code"] == "disclosure-denied":
        told = item["reasons"]
        if told.keys() == {"*"}:
            return str(told["*"])
    else:
        return str(item["code"])
    return {name: "needs" if word.startswith("needs-") else word for name, word in told.items()}


def assert_told(item: Body, record: Kept) -> None:
    """What is told in plain is the value, and in any other form it is not."""
    for name, shown in item.get("fields", {}).items():
        if shown["form"] == "plain":
            assert shown["value"] == record.fields[name]
        else:
            assert shown.get("value") is None or shown["value"] != record.fields[name]


async def read_all(
    vault: Vault, kept: list[Kept], caller: str | None, purpose: str, **headers: str | None
) -> list[Body]:
    body = {"ids": [record.id for record in kept]}
    found = await done(vault, caller, "POST", "/v1/records/read", body, purpose=purpose, **headers)
    items: list[Body] = found["items"]
    return items


def compare(items: list[Body], kept: list[Kept], role: str, purpose: str, held: frozenset[str]) -> None:
    """Checks every cell."""
    for item, record in zip(items, kept, strict=True):
        approved = held if record.collection in ORDERED else held - {"approved"}
        wanted = expected(role, purpose, record, approved)
        if isinstance(wanted, dict):  # of a field that is not stored only a refusal is told
            told = {*record.fields, *(n for n, w in wanted.items() if w not in RANK)}
            wanted = {name: word for name, word in wanted.items() if name in told}
        assert seen(item) == wanted, f"{role}, {purpose}, {record.collection} {record.state}, {sorted(held)}"
        assert_told(item, record)


async def test_every_role_and_purpose_on_data_in_every_state(vault: Vault) -> None:
    kept = await kept_in_every_state(vault)
    states = {(record.collection, record.state) for record in kept}
    assert {(c, s) for c in FIELDS for s in ("open", "closed", "restricted")} < states
    cells = 0
    for role in ROLES:
        for purpose in (*PURPOSES, "weather"):
            for case in (None, CASE) if grants(role, purpose) else (None,):
                held = frozenset({"case"} if case else ())
                items = await read_all(vault, kept, role, purpose, case=case)
                compare(items, kept, role, purpose, held)
                cells += len(items)
    assert cells > 5000


async def test_what_an_assignment_an_approval_and_a_session_open(vault: Vault) -> None:
    kept = await kept_in_every_state(vault)
    for record in kept:
        made = {"subject": record.subject, "until": "2999-01-01T00:00:00Z"}
        assignment = {"caller": vault.callers["support"].id, **made}
        await done(vault, "privacy-officer", "POST", "/v1/assignments", assignment)
    conditional = {(grant["role"], grant["purpose"]) for grant in NOTICE["grants"] if "when" in grant}
    assert {"support", "legal"} < {role for role, _ in conditional}
    for role in ("support", "legal", "subject"):
        for purpose in sorted({purpose for _, purpose in conditional}):
            held = frozenset({"case", "assigned"} if role == "support" else {"case"})
            order = None
            if role == "legal" and PURPOSES[purpose].get("binding") == "standing" and grants(role, purpose):
                body = {
                    "purpose": purpose,
                    "case": CASE,
                    "subjects": sorted({record.subject for record in kept}),
                }
                fields = {"fields": [f"{collection}.*" for collection in ORDERED]}
                order = (await done(vault, "legal", "POST", "/v1/orders", body | fields))["id"]
                await done(vault, "privacy-officer", "POST", f"/v1/orders/{order}/approve")
                held |= {"approved"}
            items = await read_all(vault, kept, role, purpose, case=CASE, order=order)
            compare(items, kept, role, purpose, held)
    mine = kept[0]
    path = f"/v1/subjects/{mine.subject}/sessions"
    session = (await done(vault, "privacy-officer", "POST", path, {}))["credential"]
    for purpose in PURPOSES:
        own, *others = await read_all(vault, kept, None, purpose, credential=session)
        compare([own], [mine], "subject", purpose, frozenset({"own"}))
        foreign = {str(seen(item)) for item in others}
        assert foreign == {"not-found" if grants("subject", purpose) else seen(own)}, purpose
