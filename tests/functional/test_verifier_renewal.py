"""A password's verifier follows today's parameters, once its password was given."""

from typing import Final

import pytest
from argon2 import Parameters, Type, extract_parameters

from app.crypto.password import PARAMETERS
from app.kernel.ids import parse_id
from app.vault.sealing import RecordCipher
from app.vault.store import VaultStore
from tests.support.orders import account, events, stored
from tests.support.vaults import TENANT, Vault

CHEAP: Final = Parameters(Type.ID, 19, salt_len=16, hash_len=32, time_cost=1, memory_cost=64, parallelism=1)
PASSWORD: Final = "correct horse"


async def stored_cheaply(vault: Vault) -> str:
    """An account whose verifier was made with other parameters; its path."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(vault.parts.passwords, "_parameters", CHEAP)
        location: str = (await stored(vault, account(password=PASSWORD))).headers["location"]
    return location


async def matches(vault: Vault, path: str, password: str = PASSWORD) -> bool:
    body = {"field": "password", "value": password}
    answer = await vault.client("checkout", "account").post(f"{path}/verify", json=body)
    assert answer.status_code == 200, answer.text
    return bool(answer.json()["matches"])


async def verifier(vault: Vault, path: str) -> Parameters:
    """The parameters of the stored verifier."""
    record = await VaultStore(vault.parts.database).load(TENANT, parse_id("rec", path.rpartition("/")[2]))
    assert record is not None
    keys = await vault.parts.keyring.subject(TENANT, record.subject, record.key)
    sealed = record.fields["password"]
    cipher = RecordCipher(keys.field, TENANT, record.subject, record.id, "account")
    opened = cipher.open_sealed("password", sealed.version, sealed.envelope)
    return extract_parameters(opened.reveal())


async def test_a_right_password_renews_its_verifier_once(vault: Vault) -> None:
    path = await stored_cheaply(vault)
    assert not await matches(vault, path, "wrong")
    assert await verifier(vault, path) == CHEAP
    assert [await matches(vault, path) for _ in range(2)] == [True, True]
    assert await verifier(vault, path) == PARAMETERS
    (event,) = await events(vault, action="record.change")
    assert (event["reason"], event["written"]["password"]["version"]) == ("verifier-renewed", 2)
    assert event["fields"]["password"]["given"] == "stored"
    assert (await vault.parts.stored_verifier.verify(TENANT)).findings == []
    assert not await matches(vault, path, "wrong")


async def test_a_change_made_meanwhile_wins(vault: Vault) -> None:
    path = await stored_cheaply(vault)
    renewed = vault.parts.passwords.renewed
    owner = vault.client("checkout", "account")

    async def slowly(old: str, password: str) -> str | None:
        headers = {"If-Match": '"1"'}
        changed = await owner.patch(path, json={"fields": {"password": "another one"}}, headers=headers)
        assert changed.status_code == 200
        return await renewed(old, password)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(vault.parts.verifier, "_renew_password", slowly)
        assert await matches(vault, path)
    assert not await matches(vault, path)
    assert await matches(vault, path, "another one")
    assert [event.get("reason") for event in await events(vault, action="record.change")] == [None]
    assert (await vault.parts.stored_verifier.verify(TENANT)).findings == []
