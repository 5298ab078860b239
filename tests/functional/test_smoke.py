"""The shortest story: checkout stores a parcel's data, shipping gets a label, and nobody else gets anything."""

from tests.support.vaults import Vault

PARCEL = {
    "collection": "delivery",
    "subject": {"ref": "customer-8123"},
    "purposes": [{"purpose": "order", "ref": "order-1001"}, {"purpose": "delivery", "ref": "order-1001"}],
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


async def test_a_parcel_is_stored_and_its_label_read(vault: Vault) -> None:
    stored = await vault.client("checkout", "order").post("/v1/records", json=PARCEL)
    assert stored.status_code == 201, stored.text
    read = await vault.client("shipping", "delivery").get(stored.headers["location"])
    assert read.status_code == 200, read.text
    fields = read.json()["fields"]
    assert fields["recipient"] == {"form": "plain", "value": "Nguyễn Văn An"}
    assert fields["phone"] == {"form": "masked", "value": "+84 90••• ••56"}
    assert fields["address"]["form"] == "token"


async def test_who_is_not_granted_and_who_is_nobody(vault: Vault) -> None:
    stored = await vault.client("checkout", "order").post("/v1/records", json=PARCEL)
    refused = await vault.client("compliance", "order").get(stored.headers["location"])
    assert (refused.status_code, refused.json()["code"]) == (403, "disclosure-denied")
    unknown = await vault.client(None, "order").get(stored.headers["location"])
    assert (unknown.status_code, unknown.json()["code"]) == (401, "unauthenticated")
