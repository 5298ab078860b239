"""Callers and keys: made, shown once, revoked at once; and every failed authentication on record without its credential."""

import httpx

from app.crypto.api_key import new_api_key
from tests.support.orders import codes, delivery, events, events_of, problem, read, stored
from tests.support.vaults import Vault


async def new_caller(vault: Vault, name: str, *roles: str) -> tuple[str, str, str]:
    """A caller made over HTTP: its id, its key's id, its key."""
    admin = vault.client("admin")
    made = await admin.post("/v1/callers", json={"name": name, "roles": list(roles)})
    assert made.status_code == 201, made.text
    issued = await admin.post(f"{made.headers['location']}/keys")
    assert issued.status_code == 201, issued.text
    assert issued.json()["caller"] == made.json()["id"]
    return made.json()["id"], issued.json()["id"], issued.json()["key"]


def with_key(vault: Vault, key: str, purpose: str = "delivery") -> httpx.AsyncClient:
    client = vault.client(None, purpose)
    client.headers["Authorization"] = f"Bearer {key}"
    return client


async def test_a_new_caller_works_until_its_key_is_revoked(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    caller, key_id, key = await new_caller(vault, "label-printer", "shipping")
    printer = with_key(vault, key)
    assert (await printer.get(parcel.headers["location"])).status_code == 200
    revoked = await vault.client("admin").post(f"/v1/callers/{caller}/keys/{key_id}/revoke")
    assert (revoked.status_code, revoked.content) == (204, b"")
    refused = await printer.get(parcel.headers["location"])
    assert problem(refused) == (401, "unauthenticated")
    assert refused.headers["www-authenticate"] == "Bearer"
    [found] = await events_of(vault, refused)
    assert (found["action"], found["outcome"]) == ("auth.fail", "denied")
    assert found["reason"] == "unknown-or-revoked-key"
    again = await vault.client("admin").post(f"/v1/callers/{caller}/keys/{key_id}/revoke")
    assert problem(again) == (404, "not-found")


async def test_a_remembered_key_stops_at_once_where_it_is_revoked(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    caller, key_id, key = await new_caller(vault, "label-printer", "shipping")
    vault.parts.authenticator._remember = 60.0
    printer = with_key(vault, key)
    assert (await printer.get(parcel.headers["location"])).status_code == 200
    await vault.client("admin").post(f"/v1/callers/{caller}/keys/{key_id}/revoke")
    assert problem(await printer.get(parcel.headers["location"])) == (401, "unauthenticated")


async def test_a_disabled_caller_stops_with_all_its_keys(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    caller, _, first = await new_caller(vault, "label-printer", "shipping")
    second = (await vault.client("admin").post(f"/v1/callers/{caller}/keys")).json()["key"]
    assert (await with_key(vault, second).get(parcel.headers["location"])).status_code == 200
    assert (await vault.client("admin").post(f"/v1/callers/{caller}/disable")).status_code == 204
    for key in (first, second):
        assert problem(await with_key(vault, key).get(parcel.headers["location"])) == (401, "unauthenticated")
    listed = (await vault.client("admin").get("/v1/callers")).json()["items"]
    assert [item["state"] for item in listed if item["id"] == caller] == ["disabled"]


async def test_what_is_done_to_callers_is_on_record_and_no_key_is(vault: Vault) -> None:
    caller, key_id, key = await new_caller(vault, "label-printer", "shipping")
    await vault.client("admin").post(f"/v1/callers/{caller}/keys/{key_id}/revoke")
    await vault.client("admin").post(f"/v1/callers/{caller}/disable")
    found = await events(vault, caller=vault.callers["admin"].id)
    assert [(e["action"], e["about"]) for e in found] == [
        ("caller.disable", caller),
        ("api-key.revoke", key_id),
        ("api-key.issue", key_id),
        ("caller.create", caller),
    ]
    listed = await vault.client("admin").get("/v1/callers")
    assert key.rpartition("_")[2] not in listed.text + str(found)
    mine = [item for item in listed.json()["items"] if item["id"] == caller]
    assert [key["id"] for key in mine[0]["keys"]] == [key_id]
    assert mine[0]["keys"][0]["revoked_at"] is not None


CREDENTIALS = [
    (None, "no-credential"),
    ("Basic a2luOmtpbg==", "no-credential"),
    ("Bearer", "no-credential"),
    ("Bearer QzMark7", "malformed-credential"),
    ("Bearer kin_shop_" + "0" * 58, "malformed-credential"),
    (f"Bearer {new_api_key('elsewhere')}", "unknown-tenant"),
    (f"Bearer {new_api_key('shop')}", "unknown-or-revoked-key"),
]


async def test_no_bad_credential_gets_in_and_none_is_kept(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    for authorization, reason in CREDENTIALS:
        client = vault.client(None, "delivery")
        if authorization:
            client.headers["Authorization"] = authorization
        answer = await client.get(parcel.headers["location"])
        assert problem(answer) == (401, "unauthenticated")
        [found] = await events_of(vault, answer)
        assert (found["action"], found["outcome"], found["reason"]) == ("auth.fail", "denied", reason)
        assert "caller" not in found
        if authorization and " " in authorization:
            assert authorization.partition(" ")[2] not in answer.text + str(found)


async def test_two_credentials_are_none(sqlite_vault: Vault) -> None:
    key = sqlite_vault.callers["admin"].key
    answer = await sqlite_vault.client(None).get(
        "/v1/callers", headers=[("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {key}")]
    )
    assert problem(answer) == (400, "bad-request")


async def test_a_caller_is_made_as_described_or_not_at_all(vault: Vault) -> None:
    admin = vault.client("admin")
    for body, pointers in [
        ({"name": "Label Printer", "roles": ["shipping"]}, {"/name": "bad-name"}),
        ({"name": "printer", "roles": []}, {"/roles": "empty"}),
        ({"name": "printer", "roles": ["shipping", "QzMark7"]}, {"/roles": "unknown-role"}),
        ({"name": "printer"}, {"/roles": "missing"}),
    ]:
        answer = await admin.post("/v1/callers", json=body)
        assert (problem(answer), codes(answer)) == ((422, "invalid"), pointers)
        assert "QzMark7" not in answer.text
    assert (
        await admin.post("/v1/callers", json={"name": "printer", "roles": ["shipping"]})
    ).status_code == 201
    taken = await admin.post("/v1/callers", json={"name": "printer", "roles": ["admin"]})
    assert problem(taken) == (409, "conflict")


async def test_what_does_not_exist_is_not_found(vault: Vault) -> None:
    admin, nobody = vault.client("admin"), "clr_" + "0" * 26
    checkout = vault.callers["checkout"].id
    for path in (
        f"/v1/callers/{nobody}/keys",
        f"/v1/callers/{nobody}/disable",
        f"/v1/callers/{checkout}/keys/key_{'0' * 26}/revoke",
        "/v1/callers/checkout/disable",
    ):
        assert problem(await admin.post(path)) == (404, "not-found")
    assert await events(vault, caller=vault.callers["admin"].id) == []


async def test_two_roles_read_what_either_may(vault: Vault) -> None:
    parcel = await stored(vault, delivery())
    _, _, key = await new_caller(vault, "small-shop", "shipping", "order-desk")
    seen = await with_key(vault, key).get(parcel.headers["location"])
    assert seen.json()["fields"]["address"]["form"] == "token"
    assert problem(await read(vault, parcel, "order-desk", "delivery")) == (403, "disclosure-denied")
