"""The active notice over HTTP: read, checked, shown as a matrix, and asked."""

import hashlib

import pytest

from app.notice.reference import reference_source
from tests.support.orders import codes, events, problem
from tests.support.vaults import Vault

SOURCE = reference_source().decode()


@pytest.mark.parametrize("role", ["compliance", "privacy-officer", "admin"])
async def test_the_active_notice_is_the_one_that_was_installed(vault: Vault, role: str) -> None:
    body = (await vault.client(role).get("/v1/notice")).json()
    assert (body["id"], body["version"]) == ("shop", 1)
    assert body["digest"] == f"sha256:{hashlib.sha256(SOURCE.encode()).hexdigest()}"
    assert body["source"] == SOURCE
    assert body["title"]["vi"] == "Chính sách bảo mật"


async def test_a_notice_is_checked_and_not_stored(vault: Vault) -> None:
    compliance = vault.client("compliance")
    fine = await compliance.post("/v1/notice/check", json={"source": SOURCE})
    assert fine.json() == {"fine": True, "items": []}
    sold = SOURCE.replace("forbidden = true", "forbidden = false")
    broken = (await compliance.post("/v1/notice/check", json={"source": sold})).json()
    assert broken["fine"] is False
    assert all(item["line"] and item["message"] for item in broken["items"] if item["severity"] == "error")
    unknown = (await compliance.post("/v1/notice/check", json={"source": "a = "})).json()
    assert [(item["severity"], item["line"]) for item in unknown["items"]] == [("error", 1)]
    assert (await compliance.get("/v1/notice")).json()["source"] == SOURCE
    assert await events(vault, action="notice.activate", since="2026-01-01T00:00:00Z") == await events(
        vault, action="notice.activate"
    )


async def test_a_body_that_is_no_notice_is_refused(sqlite_vault: Vault) -> None:
    compliance = sqlite_vault.client("compliance")
    for body, pointer in [({}, "/source"), ({"source": 1}, "/source"), ({"source": "a", "x": 1}, "")]:
        answer = await compliance.post("/v1/notice/check", json=body)
        assert problem(answer) == (422, "invalid")
        assert list(codes(answer)) == [pointer]


async def test_the_matrix_says_who_can_see_what(vault: Vault) -> None:
    compliance = vault.client("compliance")
    body = (await compliance.get("/v1/notice/matrix")).json()
    assert len(body["fields"]) == 13
    shipping = [c for c in body["columns"] if (c["role"], c["purpose"]) == ("shipping", "delivery")]
    assert len(shipping) == 1
    assert "token" in str(shipping[0])
    assert (await compliance.get("/v1/notice/matrix?version=1")).json() == body
    for version, status in [("2", 404), ("99", 404), ("one", 422), ("", 422), ("9" * 30, 422), ("-1", 422)]:
        answer = await compliance.get("/v1/notice/matrix", params={"version": version})
        assert problem(answer)[0] == status, version


async def test_a_question_is_answered_as_a_read_would_be(vault: Vault) -> None:
    question = {"roles": ["shipping"], "purpose": "delivery", "collection": "delivery"}
    body = (await vault.client("compliance").post("/v1/notice/explain", json=question)).json()
    assert body["outcome"] == "partial"
    assert {name: field["form"] for name, field in body["fields"].items()} == {
        "recipient": "plain",
        "phone": "masked",
        "address": "token",
        "note": "withheld",
    }
    assert body["fields"]["address"]["clause"] == "third-parties"
    closed = await vault.client("compliance").post(
        "/v1/notice/explain", json=question | {"binding": "closed"}
    )
    assert closed.json()["fields"]["phone"]["reason"] == "purpose-not-open"


async def test_a_question_about_what_does_not_exist_is_answered_or_told(sqlite_vault: Vault) -> None:
    compliance = sqlite_vault.client("compliance")
    question = {"roles": ["shipping"], "purpose": "delivery", "collection": "delivery"}
    unknown = await compliance.post("/v1/notice/explain", json=question | {"purpose": "nonsense"})
    assert {field["reason"] for field in unknown.json()["fields"].values()} == {"unknown-purpose"}
    odd: list[dict[str, object]] = [
        {"collection": "nonsense"},
        {"roles": ["nonsense"]},
        {"fields": ["nonsense"]},
        {"fields": []},
    ]
    for more in odd:
        answer = await compliance.post("/v1/notice/explain", json=question | more)
        assert answer.status_code in {200, 422}, answer.text
    wrong: list[dict[str, object]] = [
        {"channel": "post"},
        {"asked": "naked"},
        {"conditions": ["rich"]},
        {"roles": []},
    ]
    for more in wrong:
        assert problem(await compliance.post("/v1/notice/explain", json=question | more)) == (422, "invalid")
