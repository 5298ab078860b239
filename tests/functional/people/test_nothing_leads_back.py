"""Nothing that is left of an erased person leads to what was done with their data.

Every row of every table and every event is joined with every other on each id, handle and case that it holds, beginning with
the id of the person, which certificates and requests name for good. Callers of the shop are in everything, and lead nowhere.
"""

import json
import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest

from app.kernel.ids import number_of
from tests.support.erasing import erasing_vault, rows, with_a_legal_duty
from tests.support.notices import activate
from tests.support.orders import event, events
from tests.support.people import done, in_days, stored_buyer, stored_delivery
from tests.support.vaults import TENANT, Store, Vault

OFFICER = "privacy-officer"
CASE = "dsr/2026-17"
IDS: Final = re.compile(r"\b[a-z]{3}_([0-7][0-9a-hjkmnp-tv-z]{25})\b")
HANDLES: Final = re.compile(r"\b[0-9a-f]{32}\b")
CASES: Final = re.compile(r"\b(?:dsr|court|ticket)/[0-9-]+")


@pytest.fixture
async def vault(store: Store, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault that can erase, on each database in turn."""
    async with erasing_vault(store, tmp_path) as running:
        yield running


async def with_a_history(vault: Vault) -> tuple[str, str]:
    """Somebody with whom everything there is was done, in the same case where that could be; their id and their handle."""
    key = {"Idempotency-Key": "store-1"}
    one = await stored_buyer(vault, purposes=("order", "invoice"), consents=("marketing-sms",))
    subject, path = one["subject"], f"/v1/subjects/{one['subject']}"
    parcel = await stored_delivery(vault)
    await done(vault, "shipping", "GET", f"/v1/records/{parcel['id']}", purpose="delivery")
    for name in ("marketing-email", "marketing-sms"):
        given = {"purpose": name, "given_at": "2026-01-01T00:00:00Z", "method": "box", "wording": "shop/3#a"}
        sent = await vault.client("checkout").post(f"{path}/consents", json=given, headers=key)
        assert sent.status_code == 201, sent.text
        key = {"Idempotency-Key": "store-2"}
    opened = {"purpose": "payment", "ref": "order-1001"}
    binding = await done(vault, "checkout", "POST", f"/v1/records/{one['id']}/bindings", opened)
    await done(vault, "checkout", "POST", "/v1/bindings/close", {"id": binding["id"]})
    assigned = {
        "caller": vault.callers["support"].id,
        "subject": subject,
        "case": "ticket/1",
        "until": in_days(1),
    }
    await done(vault, OFFICER, "POST", "/v1/assignments", assigned)
    held = await done(
        vault, "legal", "POST", "/v1/holds", {"subject": subject, "case": "court/1", "reason": "x"}
    )
    assert (await done(vault, OFFICER, "POST", f"{path}/erase", case=CASE))["held"] is True
    await done(vault, "legal", "POST", f"/v1/holds/{held['id']}/release")
    order = {"purpose": "legal-claim", "case": "court/1", "subjects": [subject], "fields": ["buyer.phone"]}
    await done(vault, "legal", "POST", "/v1/orders", order)
    session = (await done(vault, OFFICER, "POST", f"{path}/sessions", {}))["credential"]
    own = {"purpose": "subject-request", "credential": session}
    await done(vault, None, "GET", f"/v1/records/{one['id']}", **own)
    asked = {"subject": subject, "kind": "erasure", "words": "xóa hết"}
    request = await done(vault, None, "POST", "/v1/requests", asked, credential=session)
    await done(vault, None, "GET", f"/v1/requests/{request['id']}", credential=session)
    await done(vault, OFFICER, "GET", f"/v1/records/{one['id']}", purpose="subject-request", case=CASE)
    await done(vault, OFFICER, "GET", f"{path}/export", purpose="subject-request", case=CASE)
    await done(vault, OFFICER, "POST", f"/v1/requests/{request['id']}/acknowledge", case=CASE)
    partly = await vault.client(OFFICER, case=CASE).post(
        f"{path}/erase", headers={"Idempotency-Key": "erase-1"}
    )
    assert (partly.status_code, partly.json()["key_destroyed"]) == (200, False), partly.text
    assert (await vault.parts.stored_verifier.verify(TENANT)).findings == []
    await done(vault, OFFICER, "GET", f"/v1/certificates/{partly.json()['id']}", case=CASE)
    done_so = {"certificate": partly.json()["id"]}
    await done(vault, OFFICER, "POST", f"/v1/requests/{request['id']}/complete", done_so, case=CASE)
    return str(subject), str((await event(vault, one["receipt"]["event"]))["subject"])


async def test_from_an_erased_person_to_their_events(vault: Vault) -> None:
    await activate(vault, with_a_legal_duty("P0D"))
    subject, handle = await with_a_history(vault)
    assert len([one for one in await events(vault) if one.get("subject") == handle]) > 20
    assert any(handle in found for found in await reached(vault, subject)), "the test sees what leads to them"

    await done(vault, "checkout", "POST", "/v1/bindings/close", {"purpose": "invoice", "ref": "order-1001"})
    path = f"/v1/subjects/{subject}/erase"
    whole = await done(vault, OFFICER, "POST", path, case=CASE)
    assert whole["key_destroyed"] is True
    await done(vault, OFFICER, "POST", path, case=CASE)
    await done(vault, OFFICER, "GET", f"/v1/certificates/{whole['id']}", case=CASE)

    found = await reached(vault, subject)
    reached_events = [json.loads(text) for text in found if text.startswith("{")]
    assert {one["action"] for one in reached_events} >= {
        "subject.erase",
        "request.complete",
        "certificate.read",
    }
    assert [one for one in reached_events if "subject" in one or "record" in one] == []
    assert not any(handle in text for text in found)


async def reached(vault: Vault, subject: str) -> set[str]:
    """Every event, and every other row, that a chain of shared ids leads to from a person's id."""
    there = await nodes(vault)
    of_the_shop = {_number(caller.id) for caller in vault.callers.values()} | {"0"}
    known, found = {_number(subject)}, set[str]()
    while near := {text for text, names in there.items() if text not in found and names & known}:
        found |= near
        known |= {name for text in near for name in there[text]} - of_the_shop
    return found


async def nodes(vault: Vault) -> dict[str, set[str]]:
    """Each event and each row, as text, with the ids, handles and cases in it."""
    tables = await rows(vault.parts.database)
    bodies = [bytes(row._mapping["body"]).decode() for row in tables["audit_events"]]
    others = {
        f"{name} {tuple(row)}": names_in(row)
        for name, found in tables.items()
        if not name.startswith(("audit_", "notice_"))
        for row in found
    }
    return {body: names_in([body]) for body in bodies} | others


def names_in(values: Iterable[object]) -> set[str]:
    """The ids in these values, in whatever spelling, handles and cases."""
    found: set[str] = set()
    for value in values:
        if isinstance(value, UUID):
            found.add(str(value.int))
            continue
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        found |= {str(number_of(letters)) for letters in IDS.findall(text)}
        found |= {str(int(digits, 16)) for digits in HANDLES.findall(text)}
        found |= set(CASES.findall(text))
    return found


def _number(text: str) -> str:
    return str(number_of(text.partition("_")[2]))
