"""`kin dev`: a complete vault on an empty machine, and three calls to try.

Makes the folder, a development keyring, the database, the reference notice, a caller for each role (two for support), a few
hundred invented orders; serves on 127.0.0.1. Started again on the same folder, it goes on with what is there.
"""

import asyncio
import json
import os
import shlex
import signal
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer
import uvicorn
from rich.console import Console
from rich.progress import track

from app.audit.signing_key import create_signing_key
from app.cli.sample_orders import Order, sample_orders
from app.cli.serve import server_options
from app.identity.issue import Actor
from app.kernel.ids import text_of
from app.keys.providers.local import create_keyring
from app.notice.reference import reference_source
from app.settings.settings import Mode, Settings, load
from app.wiring.install import install_tenant
from app.wiring.migrate import migrate
from app.wiring.parts import Parts, build

_TENANT: Final = "shop"
_ORDERS: Final = 300
_SEED: Final = 2026
_TWICE: Final = {"support": 2}


def dev(
    directory: Annotated[
        Path, typer.Option("--dir", help="The folder of this vault; made when it is not there.")
    ],
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port on 127.0.0.1.")] = 8080,
    empty: Annotated[bool, typer.Option("--empty", help="Store no invented orders.")] = False,
    database_url: Annotated[
        str | None, typer.Option(help="Another database than SQLite in the folder.")
    ] = None,
) -> None:
    """Start a complete vault on an empty machine, for trying out."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = _settings(directory, database_url)
    callers = asyncio.run(_prepare(settings, directory))
    asyncio.run(_serve(directory, port, callers, orders=0 if empty else _ORDERS))


def _settings(directory: Path, database_url: str | None) -> Settings:
    """The settings of this folder; put into the environment as well, where the server reads them."""
    keyring = directory / "keyring.json"
    if not keyring.exists():
        create_keyring(keyring, development=True)
    signing_key = directory / "audit-signing.pem"
    if not signing_key.exists():
        create_signing_key(signing_key)
    os.environ |= {
        "KIN_MODE": Mode.DEVELOPMENT.value,
        "KIN_DATABASE_URL": database_url or f"sqlite:///{(directory / 'vault.db').absolute()}",
        "KIN_KEYRING": str(keyring),
        "KIN_HOME_TENANT": _TENANT,
        "KIN_AUDIT_SIGNING_KEY": str(signing_key),
        "KIN_AUDIT_SEQUENCER": "embedded",
        "KIN_WORKER": "embedded",
        "KIN_CHECKPOINT_FILE": str(directory / "checkpoints"),
        "KIN_ERASURE_LEDGER": str(directory / "erasures"),
        "KIN_LOG_LEVEL": os.environ.get("KIN_LOG_LEVEL", "warning"),
    }
    return load()


async def _prepare(settings: Settings, directory: Path) -> dict[str, dict[str, str]]:
    """Schema, tenant and callers, as far as they are not there yet."""
    parts = build(settings)
    try:
        await migrate(parts.database)
        await parts.database.open()
        if not await parts.identity.has_tenant(_TENANT):
            await install_tenant(parts, _TENANT, reference_source().decode())
        return await _callers(parts, directory / "callers.json")
    finally:
        parts.passwords.close()
        await parts.database.close()


async def _callers(parts: Parts, file: Path) -> dict[str, dict[str, str]]:
    """Name → id and key, from the file, or made and written to it (mode 0600)."""
    if file.exists():
        known: dict[str, dict[str, str]] = json.loads(file.read_text())
        return known
    roles = (await parts.notices.table(_TENANT)).notice.roles
    there = {stored.caller.name: stored.caller for stored in await parts.identity.callers(_TENANT)}
    callers: dict[str, dict[str, str]] = {}
    for role in roles:
        for number in range(1, _TWICE.get(role, 1) + 1):
            name = role if number == 1 else f"{role}-{number}"
            caller = there.get(name) or await parts.callers.create(_TENANT, name, [role], roles, Actor())
            issued = await parts.callers.issue_key(_TENANT, caller.id, Actor())
            callers[name] = {"id": text_of("clr", caller.id), "key": issued.secret}
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump(callers, out, indent=2)
    return callers


async def _serve(directory: Path, port: int, callers: dict[str, dict[str, str]], orders: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn ends on the signal, puts this handler back and raises the signal again: stopping is no failure here.
        signal.signal(number, lambda *_: None)
    server = uvicorn.Server(uvicorn.Config(**server_options("127.0.0.1", port)))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            break
        await asyncio.sleep(0.05)
    if server.started:
        try:
            sample = await _samples(directory, f"http://127.0.0.1:{port}", callers["checkout"]["key"], orders)
            _welcome(directory, port, callers, sample)
        except httpx.HTTPError:
            if not server.should_exit:
                raise
    await serving


async def _samples(directory: Path, address: str, key: str, orders: int) -> dict[str, Any] | None:
    """Stores the invented orders that are not stored yet, through the API; a delivery record to try with, if there is one."""
    file = directory / "samples.json"
    state: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"stored": 0, "sample": None}
    if state["stored"] < orders:
        async with httpx.AsyncClient(
            base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=30
        ) as client:
            waiting = list(sample_orders(_SEED, orders))[state["stored"] :]
            for order in track(waiting, description="storing invented orders", console=Console(stderr=True)):
                state["sample"] = await _store(client, order)
                state["stored"] += 1
                if state["stored"] % 25 == 0 or state["stored"] == orders:
                    file.write_text(json.dumps(state))
    sample: dict[str, Any] | None = state["sample"]
    return sample


async def _store(client: httpx.AsyncClient, order: Order) -> dict[str, str]:
    bodies = [
        (order.buyer, "order"),
        (order.delivery, "order"),
        *([(order.account, "account")] if order.account else []),
    ]
    stored = {}
    for body, purpose in bodies:
        answer = await client.post("/v1/records", json=body, headers={"Vault-Purpose": purpose})
        answer.raise_for_status()
        stored[body["collection"]] = answer.json()
    return {"record": stored["delivery"]["id"], "subject": stored["delivery"]["subject"]}


def _welcome(
    directory: Path, port: int, callers: dict[str, dict[str, str]], sample: dict[str, Any] | None
) -> None:
    """Prints the address and three calls; without samples the second and third use the answer of the first."""
    address = f"http://127.0.0.1:{port}"
    answer = directory / "answer.json"
    kept = "" if sample else f" | tee {shlex.quote(str(answer))}"
    record = sample["record"] if sample else _from_answer(answer, "id")
    subject = sample["subject"] if sample else _from_answer(answer, "subject")
    body = {
        "collection": "delivery",
        "subject": {"ref": "customer-8123"},
        "purposes": [{"purpose": purpose, "ref": "order-1001"} for purpose in ("order", "delivery")],
        "fields": {
            "recipient": "Nguyễn Văn An",
            "phone": "0903 123 456",
            "address": {
                "lines": ["12 Nguyễn Huệ"],
                "ward": "Phường Sài Gòn",
                "province": "Thành phố Hồ Chí Minh",
                "country": "VN",
            },
        },
    }
    print(
        f"""
Kín serves {address}   documentation {address}/docs
the callers and their keys are in {directory / "callers.json"}

1. checkout stores a delivery
curl -s {address}/v1/records -H 'Authorization: Bearer {callers["checkout"]["key"]}' -H 'Vault-Purpose: order' \
-H 'Content-Type: application/json' -d '{json.dumps(body, ensure_ascii=False)}'{kept}

2. shipping reads what a label needs: the name, a masked phone, a token for the address
curl -s {address}/v1/records/{record} -H 'Authorization: Bearer {callers["shipping"]["key"]}' -H 'Vault-Purpose: delivery'

3. compliance asks who read this customer's data, and why
curl -s "{address}/v1/audit/events?subject={subject}" -H 'Authorization: Bearer {callers["compliance"]["key"]}'

stop with Ctrl-C; start again to go on with what is there
""",
        flush=True,
    )


def _from_answer(file: Path, member: str) -> str:
    code = f'import json, sys; print(json.load(open(sys.argv[1]))["{member}"])'
    return f"$(python3 -c '{code}' {shlex.quote(str(file))})"
