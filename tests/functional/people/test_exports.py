"""The account of what is held of a person: whole, in the forms granted, on record, and only for those who may have it."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import httpx

from app.api.schemas.subject_export import EXPORT_EXAMPLE, ExportOut
from tests.support.export_schema import FILE, text
from tests.support.notices import activate, changed
from tests.support.orders import Body, account, events, events_of, problem, stored
from tests.support.people import call, done, forms, stored_buyer, stored_delivery
from tests.support.vaults import Vault

OFFICER = "privacy-officer"
PURPOSE = "subject-request"
VOID = {"meta", "br", "link", "img", "input"}


class Outline(HTMLParser):
    """What a page is made of; AssertionError for a tag that is not closed as it was opened."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


async def exported(vault: Vault, person: Body, query: str = "", **who: str | None) -> httpx.Response:
    path = f"/v1/subjects/{person['subject']}/export{query}"
    if "credential" in who:
        return await call(vault, None, "GET", path, purpose=PURPOSE, **who)
    return await call(vault, OFFICER, "GET", path, **{"purpose": PURPOSE, "case": "dsr/1", **who})


async def session_of(vault: Vault, person: Body) -> str:
    path = f"/v1/subjects/{person['subject']}/sessions"
    return str((await done(vault, OFFICER, "POST", path, {}))["credential"])


async def a_customer(vault: Vault) -> tuple[Body, Body]:
    """A customer with an account, who agreed to SMS, and whose parcel went out."""
    person = await stored_buyer(vault, consents=("marketing-sms",))
    parcel = await stored_delivery(vault)
    await stored(vault, account())
    carrier = vault.callers["carrier"].id
    path = f"/v1/records/{parcel['id']}?recipient={carrier}"
    read = await done(vault, "shipping", "GET", path, purpose="delivery")
    token = {"tokens": [read["fields"]["address"]["value"]]}
    await done(vault, "carrier", "POST", "/v1/tokens/resolve", token, purpose="delivery")
    return person, parcel


async def test_the_account_is_whole(vault: Vault) -> None:
    person, parcel = await a_customer(vault)
    await forms(vault, "support", person["id"], "customer-care")  # not open: nothing was told
    answer = await exported(vault, person)
    assert answer.status_code == 200, answer.text
    found: Body = answer.json()
    ExportOut.model_validate(found)
    held = {record["collection"]: record for record in found["records"]}
    buyer, delivery, login = held["buyer"], held["delivery"], held["account"]
    assert len(found["records"]) == 3
    phone = buyer["fields"]["phone"]
    assert phone | {"kept_for": sorted(phone["kept_for"], key=str)} == {
        "form": "plain",
        "value": "0912 345 678",
        "reason": None,
        "expires_at": None,
        "verifier": False,
        "kept_for": [{"purpose": "marketing-sms", "until": None}, {"purpose": "order", "until": None}],
    }
    assert "birth_date" not in buyer["fields"]
    assert {(held["purpose"], held["ref"], held["state"]) for held in delivery["held_for"]} == {
        ("order", "order-1001", "open"),
        ("delivery", "order-1001", "open"),
    }
    assert login["fields"]["username"]["value"] == "bich"
    password = login["fields"]["password"]
    assert (password["form"], password["value"], password["verifier"]) == ("withheld", None, True)
    assert found["purposes"]["order"] == {
        "clause": "trade",
        "title": found["purposes"]["order"]["title"],
        "basis": "contract",
    }
    assert found["purposes"]["order"]["title"]["vi"] == "Thu thập để mua bán và giao hàng"
    assert [(consent["purpose"], consent["state"]) for consent in found["consents"]] == [
        ("marketing-sms", "given")
    ]
    assert found["restriction"] is None
    looked = [(item["roles"], item["purpose"]) for item in found["accesses"]["items"]]
    assert looked == [(["carrier"], "delivery"), (["shipping"], "delivery")]
    assert found["accesses"]["items"][1]["fields"]["phone"] == "masked"
    assert found["accesses"]["items"][1]["record"] == parcel["id"]
    assert {item["recipient"]["kind"] for item in found["recipients"]["items"]} == {"carrier"}
    assert {item["recipient"]["id"] for item in found["recipients"]["items"]} == {vault.callers["carrier"].id}
    assert {right["right"]: right["within"] for right in found["rights"]}["erasure"] == "P20D"
    assert found["next"] is None


async def test_each_record_has_its_event_and_the_account_its_own(vault: Vault) -> None:
    person, _ = await a_customer(vault)
    answer = await exported(vault, person)
    made = await events_of(vault, answer)
    disclosed = [found for found in made if found["action"] == "record.disclose"]
    assert {found["id"] for found in disclosed} == {record["event"] for record in answer.json()["records"]}
    assert {(found["purpose"], found["case"]) for found in disclosed} == {(PURPOSE, "dsr/1")}
    (own,) = [found for found in made if found["action"] == "subject.export"]
    assert own["id"] == answer.json()["receipt"]["event"]
    assert own["subject"] == disclosed[0]["subject"]
    assert "Bích" not in str(made)
    later = (await exported(vault, person)).json()["accesses"]["items"]
    assert [item["roles"] for item in later[:3]] == [[OFFICER]] * 3


async def test_when_a_purpose_ends_the_account_says_until_when_data_stays(vault: Vault) -> None:
    person = await stored_buyer(vault, consents=("marketing-email",))
    await done(vault, "checkout", "POST", "/v1/bindings/close", {"purpose": "order", "ref": "order-1001"})
    (consent,) = (await exported(vault, person)).json()["consents"]
    page = await done(vault, OFFICER, "GET", f"/v1/subjects/{person['subject']}")
    await done(vault, OFFICER, "POST", f"/v1/consents/{page['consents'][0]['id']}/withdraw")
    await done(vault, OFFICER, "PUT", f"/v1/subjects/{person['subject']}/restriction", {"reason": "x & y"})
    found = (await exported(vault, person)).json()
    assert (consent["state"], found["consents"][0]["state"]) == ("given", "withdrawn")
    (record,) = found["records"]
    ended = {held["purpose"]: held for held in record["held_for"]}
    assert {held["state"] for held in ended.values()} == {"closed"}
    closed, kept_until = ended["order"]["closed_at"], ended["order"]["kept_until"]
    assert int(kept_until[:4]) == int(closed[:4]) + 2
    assert ended["marketing-email"]["kept_until"] == ended["marketing-email"]["closed_at"]
    assert record["fields"]["phone"]["kept_for"] == [{"purpose": "order", "until": kept_until}]
    assert found["restriction"]["reason"] == "x & y"


async def test_a_customer_has_their_own_account_and_nobody_elses(vault: Vault) -> None:
    (mine, _), other = await a_customer(vault), await stored_buyer(vault, "customer-9000")
    session = await session_of(vault, mine)
    answer = await exported(vault, mine, credential=session)
    assert answer.status_code == 200, answer.text
    assert answer.json()["records"][0]["fields"]["full_name"]["value"] == "Trần Thị Bích"
    assert {"holds", "assignments"}.isdisjoint(answer.json())
    for foreign in (other["subject"], "sub_" + "0" * 26, "nonsense"):
        refused = await exported(vault, {"subject": foreign}, credential=session)
        assert problem(refused) == (404, "not-found")


async def test_who_may_not_and_why_is_asked(sqlite_vault: Vault) -> None:
    person = await stored_buyer(sqlite_vault)
    path = f"/v1/subjects/{person['subject']}/export"
    for caller in ("checkout", "support", "compliance", "admin", "legal"):
        answer = await call(sqlite_vault, caller, "GET", path, purpose=PURPOSE, case="x")
        assert problem(answer) == (403, "not-permitted")
    assert problem(await call(sqlite_vault, OFFICER, "GET", path)) == (400, "purpose-required")
    without_case = await exported(sqlite_vault, person, case=None)
    assert problem(without_case) == (403, "disclosure-denied")
    assert without_case.json()["reasons"]["phone"] == "needs-case"
    other = await call(sqlite_vault, OFFICER, "GET", path, purpose="order", case="dsr/1")
    assert problem(other) == (403, "disclosure-denied")
    assert await events(sqlite_vault, action="subject.export") == []
    nobody = await exported(sqlite_vault, {"subject": "sub_" + "0" * 26})
    assert problem(nobody) == (404, "not-found")
    for query in ("?format=pdf", "?language=fr", "?limit=1001", "?cursor=1"):
        assert problem(await exported(sqlite_vault, person, query)) == (422, "invalid"), query


async def test_fields_that_the_notice_does_not_grant_are_named_and_withheld(sqlite_vault: Vault) -> None:
    granted = 'writes  = ["buyer.*", "delivery.*"]\n\n[[grants]]\nclause  = "care"\nrole    = "subject"'
    reads = 'reads   = { "buyer.*" = "plain", "delivery.*" = "plain", "account.username" = "plain" }\n'
    masked = 'reads   = { "buyer.full_name" = "plain", "buyer.phone" = "masked" }\n'
    await activate(sqlite_vault, changed((reads + granted, masked + granted)))
    person = await stored_buyer(sqlite_vault)
    await stored_delivery(sqlite_vault)
    found = (await exported(sqlite_vault, person)).json()
    buyer, delivery = found["records"]
    assert {name: field["form"] for name, field in buyer["fields"].items()} == {
        "full_name": "plain",
        "phone": "masked",
        "email": "withheld",
    }
    assert {field["form"] for field in delivery["fields"].values()} <= {"withheld"}
    assert found["receipt"]["outcome"] == "partial"


async def test_what_the_notice_grants_nothing_of_or_has_no_more_is_named_and_withheld(vault: Vault) -> None:
    await stored_delivery(vault)
    login = (await stored(vault, account())).json()
    granted = '"delivery.*" = "plain", "account.username" = "plain" }\nwrites  = ["buyer.*", "delivery.*"]'
    await activate(
        vault,
        changed(
            ('note        = { type = "text", max_length = 500 }\n', ""),
            ('address = "token", note = "withheld" }', 'address = "token" }'),
            (granted, granted.replace(', "account.username" = "plain"', "")),
        ),
    )
    answer = await exported(vault, login)
    assert answer.status_code == 200, answer.text
    held = {record["collection"]: record["fields"] for record in answer.json()["records"]}
    assert {name: field["form"] for name, field in held["delivery"].items()} == {
        "recipient": "plain",
        "phone": "plain",
        "address": "plain",
        "note": "withheld",
    }
    assert held["delivery"]["note"]["reason"] == "not-in-notice"
    assert {name: field["reason"] for name, field in held["account"].items()} == {
        "username": "not-granted",
        "password": "not-granted",
    }
    assert answer.json()["receipt"]["outcome"] == "partial"
    page = await exported(vault, login, "?format=html&language=en")
    assert "Note" in page.text


async def test_many_records_come_in_parts(vault: Vault) -> None:
    person = await stored_buyer(vault)
    for _ in range(2):
        await stored_delivery(vault)
    first = (await exported(vault, person, "?limit=2")).json()
    rest = (await exported(vault, person, f"?limit=2&cursor={first['next']}")).json()
    assert [len(part["records"]) for part in (first, rest)] == [2, 1]
    assert first["next"] == first["records"][-1]["id"]
    assert rest["next"] is None


async def test_the_page_can_be_read_and_carries_nothing_but_itself(vault: Vault) -> None:
    person, _ = await a_customer(vault)
    hostile = '<script>alert("x")</script> & <b>'
    await stored_delivery(vault, note=hostile)
    answer = await exported(vault, person, "?format=html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    page = answer.text
    outline = Outline(page)
    assert set(outline.tags).isdisjoint({"script", "link", "img", "iframe", "form", "a", "b"})
    assert outline.attributes <= {"lang", "charset", "name", "content", "class", "scope"}
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert len(style) == 1
    assert "url(" not in style[0]
    assert "@import" not in style[0]
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert hostile in outline.texts
    for shown in (
        "Dữ liệu của bạn",
        "Trần Thị Bích",
        "Họ và tên",
        "đơn vị vận chuyển",
        "Quyền của bạn",
        "quảng cáo qua SMS",
    ):
        assert any(shown in words for words in outline.texts), shown
    assert "correct horse" not in page
    assert any("không ai đọc được" in words for words in outline.texts)


async def test_the_page_in_english_and_for_a_browser(sqlite_vault: Vault) -> None:
    person = await stored_buyer(sqlite_vault)
    english = await exported(sqlite_vault, person, "?format=html&language=en")
    assert '<html lang="en">' in english.text
    assert {"Your data", "Full name", "Until when", "Nobody so far."} <= set(Outline(english.text).texts)
    client = sqlite_vault.client(OFFICER, PURPOSE, "dsr/1")
    path = f"/v1/subjects/{person['subject']}/export"
    for accept, kind in (
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
    ):
        answer = await client.get(path, headers={"Accept": accept})
        assert answer.headers["content-type"].startswith(kind), accept
    chosen = await client.get(f"{path}?format=json", headers={"Accept": "text/html"})
    assert chosen.headers["content-type"] == "application/json"


def test_the_schema_is_shipped_and_its_example_fits() -> None:
    assert FILE.read_text() == text(), "run `python -m tests.support.export_schema`"
    example: Any = ExportOut.model_validate(EXPORT_EXAMPLE)
    assert example.model_dump(by_alias=True, mode="json") == EXPORT_EXAMPLE
