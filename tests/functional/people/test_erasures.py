"""Erasure on request: what goes and what stays, the certificate, and that the person is nowhere afterwards."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from app.audit.note import NoteInvalid, VerifierKey
from app.cli.main import commands
from app.kernel.ids import parse_id
from app.rights import ledger as ledger_module
from app.rights.certificate import open_certificate
from app.rights.ledger import lines_in
from app.rights.tables import certificates
from tests.support.erasing import (
    ORIGIN,
    erasing_vault,
    rows,
    spellings_of,
    tables_naming,
    with_a_legal_duty,
)
from tests.support.notices import activate
from tests.support.orders import ADDRESS, account, event, events, problem, stored
from tests.support.people import call, done, forms, in_days, stored_buyer, stored_delivery
from tests.support.vaults import TENANT, Store, Vault

OFFICER = "privacy-officer"
HOLD = {"case": "court/2026-118", "reason": "tranh chấp đơn hàng"}


@pytest.fixture
async def vault(store: Store, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault that can erase, on each database in turn."""
    async with erasing_vault(store, tmp_path) as running:
        yield running


async def test_nothing_is_left_where_no_legal_duty_keeps_it(vault: Vault) -> None:
    theirs = [
        await stored_buyer(vault, consents=("marketing-sms",)),
        await stored_delivery(vault),
        (await stored(vault, account())).json(),
    ]
    other = await stored_buyer(vault, "customer-2")
    subject = theirs[0]["subject"]
    await done(vault, "shipping", "GET", f"/v1/records/{theirs[1]['id']}", purpose="delivery")
    held = await done(vault, "legal", "POST", "/v1/holds", {"subject": subject, **HOLD})
    await done(vault, "legal", "POST", f"/v1/holds/{held['id']}/release")
    assigned = {"caller": vault.callers["support"].id, "subject": subject, "case": "t/1", "until": in_days(1)}
    await done(vault, OFFICER, "POST", "/v1/assignments", assigned)
    await done(vault, OFFICER, "POST", f"/v1/subjects/{subject}/sessions", {})
    order = {"purpose": "legal-claim", "case": "c/1", "subjects": [subject], "fields": ["buyer.phone"]}
    await done(vault, "legal", "POST", "/v1/orders", order)
    assert len(await tables_naming(vault.parts.database, spellings_of(theirs))) >= 9

    certificate = await done(vault, OFFICER, "POST", f"/v1/subjects/{subject}/erase")

    assert certificate["key_destroyed"] is True
    assert {r["record"]: set(r["erased"]) for r in certificate["records"]} == {
        one["id"]: set(one["fields"]) for one in theirs
    }
    assert not any(record["kept"] for record in certificate["records"])
    assert await tables_naming(vault.parts.database, spellings_of(theirs)) == {"certificates"}
    assert (await forms(vault, "checkout", other["id"], "order"))["full_name"] == "plain"
    again = await stored_buyer(vault)
    assert again["subject"] != subject


async def test_what_a_legal_duty_needs_stays_and_is_named(vault: Vault) -> None:
    await activate(vault, with_a_legal_duty())
    kept = await stored_buyer(
        vault, purposes=("order", "invoice"), consents=("marketing-sms",), address=ADDRESS
    )
    gone = await stored_delivery(vault)
    subject, path = kept["subject"], f"/v1/subjects/{kept['subject']}"
    session = await done(vault, OFFICER, "POST", f"{path}/sessions", {})

    certificate = await done(vault, OFFICER, "POST", f"{path}/erase")

    by_record = {record["record"]: record for record in certificate["records"]}
    assert certificate["key_destroyed"] is False
    duty = {"reason": "legal-obligation", "clause": "trade", "purpose": "invoice", "until": None}
    assert by_record[kept["id"]]["kept"] == {"full_name": [duty], "address": [duty]}
    assert set(by_record[kept["id"]]["erased"]) == {"email", "phone"}
    assert by_record[gone["id"]]["kept"] == {}
    assert (
        problem(await call(vault, "shipping", "GET", f"/v1/records/{gone['id']}", purpose="delivery"))[0]
        == 404
    )
    page = await done(vault, OFFICER, "GET", path)
    assert {b["purpose"]: b["state"] for b in page["bindings"]} == {
        "order": "closed",
        "invoice": "open",
        "marketing-sms": "closed",
    }
    assert [consent["state"] for consent in page["consents"]] == ["withdrawn"]
    assert by_record[kept["id"]]["closed"] == ["marketing-sms", "order"]
    assert certificate["consents_withdrawn"] == ["marketing-sms"]
    found = await call(vault, None, "GET", path, credential=session["credential"])
    assert found.status_code == 401
    shown = await forms(vault, OFFICER, kept["id"], "subject-request", case="dsr/1")
    assert shown["full_name"] == "plain"
    assert "phone" not in shown
    assert await tables_naming(vault.parts.database, spellings_of([gone])) >= {"certificates", "subjects"}
    searched = {"collection": "buyer", "field": "phone", "equals": "0912345678"}
    assert (await done(vault, "checkout", "POST", "/v1/records/search", searched, purpose="order"))[
        "items"
    ] == []
    assert (await vault.parts.stored_verifier.verify(TENANT)).findings == []
    assert parse_id("sub", subject) in {row.id for row in (await rows(vault.parts.database))["subjects"]}


async def test_a_duty_that_is_over_keeps_nothing(vault: Vault) -> None:
    await activate(
        vault,
        with_a_legal_duty().replace(
            'keep   = "P10Y"\ncovers = ["buyer.full_name", "buyer.address"]',
            'keep   = "P0D"\ncovers = ["buyer.full_name", "buyer.address"]',
        ),
    )
    kept = await stored_buyer(vault, purposes=("order", "invoice"))
    await done(vault, "checkout", "POST", "/v1/bindings/close", {"purpose": "invoice", "ref": "order-1001"})
    certificate = await done(vault, OFFICER, "POST", f"/v1/subjects/{kept['subject']}/erase")
    assert certificate["key_destroyed"] is True


async def test_a_hold_keeps_everything_as_it_is(vault: Vault) -> None:
    kept = await stored_buyer(vault, consents=("marketing-sms",))
    path = f"/v1/subjects/{kept['subject']}"
    hold = await done(vault, "legal", "POST", "/v1/holds", {"subject": kept["subject"], **HOLD})
    refused = await done(vault, OFFICER, "POST", f"{path}/erase")
    assert (refused["held"], refused["key_destroyed"]) == (True, False)
    assert refused["records"][0]["erased"] == {}
    assert {why["reason"] for field in refused["records"][0]["kept"].values() for why in field} == {"hold"}
    found = await event(vault, refused["receipt"]["event"])
    assert (found["outcome"], found["reason"]) == ("denied", "held")
    assert (await forms(vault, "marketing", kept["id"], "marketing-sms"))["phone"] == "plain"
    await done(vault, "legal", "POST", f"/v1/holds/{hold['id']}/release")
    assert (await done(vault, OFFICER, "POST", f"{path}/erase"))["key_destroyed"] is True


async def test_the_log_says_what_was_erased_by_whom_and_why(vault: Vault) -> None:
    one, two = await stored_buyer(vault), await stored_delivery(vault)
    answer = await call(vault, OFFICER, "POST", f"/v1/subjects/{one['subject']}/erase", case="dsr/7")
    certificate = answer.json()
    found = [e for e in await events(vault) if e.get("request") == answer.headers["vault-request"]]
    assert sorted(each["action"] for each in found) == ["record.erase", "record.erase", "subject.erase"]
    assert {each["about"] for each in found} == {certificate["id"]}
    assert {each["outcome"] for each in found} == {"allowed"}
    assert {each["caller"] for each in found} == {vault.callers[OFFICER].id}
    assert not any(name in each for each in found for name in ("subject", "record", "case"))
    whole = next(each for each in found if each["action"] == "subject.erase")
    assert whole["inputs"] == {"erased": str(len(one["fields"]) + len(two["fields"])), "kept": "0"}
    assert certificate["receipt"]["event"] == whole["id"]
    traces = [each["fields"]["phone"] for each in found if each is not whole]
    assert traces == [{"given": "erased", "reason": "requested", "clause": "keeping"}] * 2


async def test_recipients_outside_the_shop_are_named_to_be_told(vault: Vault) -> None:
    await stored_buyer(vault)
    parcel = await stored_delivery(vault)
    carrier = vault.callers["carrier"].id
    wanted = {"record": parcel["id"], "fields": ["address"], "purpose": "delivery", "recipient": carrier}
    issued = await done(vault, "shipping", "POST", "/v1/tokens", wanted, purpose="delivery")
    tokens = {"tokens": [issued["items"][0]["token"]]}
    await done(vault, "carrier", "POST", "/v1/tokens/resolve", tokens, purpose="delivery")
    certificate = await done(vault, OFFICER, "POST", f"/v1/subjects/{parcel['subject']}/erase")
    assert certificate["recipients"] == [carrier]
    (resolved,) = (await done(vault, "carrier", "POST", "/v1/tokens/resolve", tokens, purpose="delivery"))[
        "items"
    ]
    assert resolved["problem"]["code"] == "not-found"


async def test_the_certificate_is_checked_offline(vault: Vault, tmp_path: Path) -> None:
    one = await stored_buyer(vault)
    erased = await done(vault, OFFICER, "POST", f"/v1/subjects/{one['subject']}/erase")
    shown = await done(vault, OFFICER, "GET", f"/v1/certificates/{erased['id']}")
    assert {**shown, "receipt": None} == {**erased, "receipt": None}
    signing = vault.parts.audit_tree.signing
    assert signing is not None
    key, of_log = signing.signer(f"{TENANT}/certificates").key, signing.signer(TENANT).key
    assert key.name == f"{ORIGIN}/{TENANT}/certificates"
    assert open_certificate(erased["note"], key)["id"] == erased["id"]
    for wrong in (of_log, signing.signer("other/certificates").key):
        with pytest.raises(NoteInvalid):
            open_certificate(erased["note"], wrong)
    for name, content, code in (
        ("answer.json", json.dumps(shown), 0),
        ("note", erased["note"], 0),
        ("changed", erased["note"].replace('"held":false', '"held":true'), 1),
        ("nonsense", "certificate", 1),
    ):
        (tmp_path / name).write_text(content)
        run = CliRunner().invoke(commands, ["certificate", "verify", str(tmp_path / name), "--key", str(key)])
        assert run.exit_code == code, run.output
    other = VerifierKey(key.name, key.kind, of_log.public[::-1])
    run = CliRunner().invoke(commands, ["certificate", "verify", str(tmp_path / "note"), "--key", str(other)])
    assert run.exit_code == 1


async def test_asked_again_the_officer_gets_the_same_certificate(vault: Vault) -> None:
    one = await stored_buyer(vault)
    path = f"/v1/subjects/{one['subject']}/erase"
    first = await done(vault, OFFICER, "POST", path)
    second = await done(vault, OFFICER, "POST", path)
    assert {**first, "receipt": None} == {**second, "receipt": None}
    assert (await event(vault, second["receipt"]["event"]))["action"] == "certificate.read"
    nobody = await call(vault, OFFICER, "POST", f"/v1/subjects/{'sub_' + '0' * 26}/erase")
    assert problem(nobody) == (404, "not-found")
    (denied,) = [e for e in await events(vault) if e.get("request") == nobody.headers["vault-request"]]
    assert (denied["action"], denied["outcome"], denied["reason"]) == ("subject.erase", "denied", "not-found")


async def test_a_damaged_certificate_is_unavailable(vault: Vault) -> None:
    stored = await stored_buyer(vault)
    certificate = await done(vault, OFFICER, "POST", f"/v1/subjects/{stored['subject']}/erase")
    async with vault.parts.database.bookkeeping(TENANT) as work:
        await work.execute(update(certificates).values(note=certificate["note"][2:]))
    shown = await call(vault, OFFICER, "GET", f"/v1/certificates/{certificate['id']}")
    assert problem(shown) == (503, "unavailable")


async def test_who_may_not_and_what_is_not_there(vault: Vault) -> None:
    one = await stored_buyer(vault)
    path = f"/v1/subjects/{one['subject']}/erase"
    session = await done(vault, OFFICER, "POST", f"/v1/subjects/{one['subject']}/sessions", {})
    for caller in set(vault.callers) - {OFFICER}:
        assert problem(await call(vault, caller, "POST", path)) == (403, "not-permitted")
        assert problem(await call(vault, caller, "GET", "/v1/certificates/crt_" + "0" * 26))[0] == 403
    assert (await call(vault, None, "POST", path, credential=session["credential"])).status_code == 403
    assert problem(await call(vault, None, "POST", path)) == (401, "unauthenticated")
    for wrong in ("crt_" + "0" * 26, "crt_x", one["subject"]):
        assert problem(await call(vault, OFFICER, "GET", f"/v1/certificates/{wrong}")) == (404, "not-found")
    assert (await forms(vault, "checkout", one["id"], "order"))["full_name"] == "plain"


async def test_an_erasure_is_acknowledged_when_the_ledger_has_it(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, ledger = await stored_buyer(vault), vault.directory / "erasures"
    path = f"/v1/subjects/{one['subject']}/erase"
    ledger.unlink(missing_ok=True)
    ledger.mkdir()
    assert problem(await call(vault, OFFICER, "POST", path)) == (503, "unavailable")
    assert (await forms(vault, "checkout", one["id"], "order"))["full_name"] == "plain", "nothing was erased"
    ledger.rmdir()
    real = ledger_module._append

    def full(where: Path, lines: list[str]) -> None:
        if lines:
            raise OSError(28, "No space left on device")
        real(where, lines)

    with monkeypatch.context() as patch:
        patch.setattr(ledger_module, "_append", full)
        assert problem(await call(vault, OFFICER, "POST", path)) == (503, "unavailable")
        assert (
            problem(await call(vault, "checkout", "GET", f"/v1/records/{one['id']}", purpose="order"))[0]
            == 404
        )
        assert problem(await call(vault, OFFICER, "POST", path)) == (503, "unavailable")
    assert list(lines_in(ledger)) == []
    certificate = await done(vault, OFFICER, "POST", path)
    (line,) = lines_in(ledger)
    assert (line.everything, line.note) == (True, certificate["note"])
    await done(vault, OFFICER, "POST", path)
    assert len(list(lines_in(ledger))) == 1
    assert await vault.parts.erasing.ledger.catch_up(TENANT) == 0


async def test_what_a_stopped_process_left_unwritten_is_caught_up(vault: Vault) -> None:
    one, ledger = await stored_buyer(vault), vault.directory / "erasures"
    await done(vault, OFFICER, "POST", f"/v1/subjects/{one['subject']}/erase")
    ledger.unlink()
    async with vault.parts.database.bookkeeping(TENANT) as work:
        await work.execute(update(certificates).values(ledgered_at=None))
    assert await vault.parts.erasing.ledger.catch_up(TENANT) == 1
    assert await vault.parts.erasing.ledger.catch_up(TENANT) == 0
    assert [line.everything for line in lines_in(ledger)] == [True]


async def test_a_certificate_is_kept_under_an_idempotency_key(vault: Vault) -> None:
    one = await stored_buyer(vault)
    client = vault.client(OFFICER)
    sent = [
        await client.post(f"/v1/subjects/{one['subject']}/erase", headers={"Idempotency-Key": "erase-1"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in sent] == [200, 200]
    assert sent[0].content == sent[1].content
