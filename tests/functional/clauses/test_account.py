"""Clause `account`: account and password stay with the customer: checked, never read; and signing out ends it everywhere."""

from app.kernel.ids import parse_id
from app.main import create_app_from
from app.vault.sealing import RecordCipher
from tests.support.orders import account, problem, stored
from tests.support.people import call, done, told
from tests.support.vaults import TENANT, Vault, settings_for

PASSWORD = "con mèo trèo cây cau"
REACHING = ("account", "customer-care", "subject-request", "authority-request", "order", "sale")


async def at_rest(vault: Vault, record: str) -> str:
    """What the vault itself finds when it opens the stored password."""
    kept = await vault.parts.discloser._store.load(TENANT, parse_id("rec", record))
    assert kept is not None
    keys = await vault.parts.keyring.subject(TENANT, kept.subject, kept.key)
    cipher = RecordCipher(keys.field, TENANT, kept.subject, kept.id, kept.collection)
    field = kept.fields["password"]
    return str(cipher.open_sealed("password", field.version, field.envelope).reveal())


async def test_a_password_is_checked_and_never_read(vault: Vault) -> None:
    kept = (await stored(vault, account(username="bich.tran", password=PASSWORD))).json()
    path = f"/v1/records/{kept['id']}"

    # What is kept is no password but a verifier (argon2id): even who opened it could not read the password in it.
    verifier = await at_rest(vault, kept["id"])
    assert verifier.startswith("$argon2id$")
    assert PASSWORD not in verifier

    # The shop's sign-in page asks whether a password is right, and learns that and no more.
    async def is_right(password: str) -> object:
        answer = {"field": "password", "value": password}
        return (await done(vault, "checkout", "POST", f"{path}/verify", answer, purpose="account"))["matches"]

    assert await is_right(PASSWORD) is True
    assert await is_right("con mèo trèo cây chanh") is False

    # Nobody reads it: no role, for no purpose, in no form; nor does the customer.
    session = await done(vault, "privacy-officer", "POST", f"/v1/subjects/{kept['subject']}/sessions", {})
    for caller in sorted(vault.callers):
        for purpose in REACHING:
            answer = await call(vault, caller, "GET", path, purpose=purpose, case="CASE-1")
            shown = answer.json().get("fields", {}).get("password", {"form": "withheld"})
            assert shown["form"] in {"withheld", "verified"}
            assert "value" not in shown
            assert PASSWORD not in answer.text
            assert "argon2" not in answer.text
    own = await told(vault, None, kept["id"], "subject-request", credential=session["credential"])
    assert (own["username"], own["password"]) == ("bich.tran", "not-granted")


async def test_who_guesses_is_stopped(vault: Vault) -> None:
    kept = (await stored(vault, account(username="bich.tran", password=PASSWORD))).json()
    path = f"/v1/records/{kept['id']}/verify"
    for guess in range(10):
        wrong = {"field": "password", "value": f"guess {guess}"}
        assert (await done(vault, "checkout", "POST", path, wrong, purpose="account"))["matches"] is False

    # From now on nobody is answered for a quarter of an hour, not even who knows the password.
    right = {"field": "password", "value": PASSWORD}
    refused = await call(vault, "checkout", "POST", path, right, purpose="account")
    assert problem(refused) == (429, "too-many-requests")
    assert refused.headers["retry-after"] == "900"


async def test_signing_out_ends_it_in_every_worker(vault: Vault) -> None:
    kept = (await stored(vault, account(username="bich.tran", password=PASSWORD))).json()
    started = await done(vault, "privacy-officer", "POST", f"/v1/subjects/{kept['subject']}/sessions", {})
    mine = {"credential": started["credential"]}
    page = f"/v1/subjects/{kept['subject']}"
    worker = create_app_from(settings_for(vault.database_url, vault.keyring))
    async with worker.router.lifespan_context(worker):
        first = vault.app
        for app in (first, worker):  # signed in, whichever worker answers
            vault.app = app
            await done(vault, None, "GET", page, **mine)

        # She signs out at one of them; the other knows at once.
        vault.app = first
        await done(vault, None, "POST", "/v1/sessions/end", **mine)
        for app in (worker, first):
            vault.app = app
            assert problem(await call(vault, None, "GET", page, **mine)) == (401, "unauthenticated")
