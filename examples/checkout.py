"""A checkout stores a buyer and a parcel. Each call may be repeated: the same order number never stores twice.

KIN_URL=http://127.0.0.1:8080 KIN_KEY=kin_… python examples/checkout.py order-1001

`make run` prints the address; the key of the caller `checkout` stands in .kin/callers.json.
"""

import os
import sys
from datetime import UTC, datetime

from kin_client.consents import Consent
from kin_client.errors import Invalid
from kin_client.records import NewRecord
from kin_client.vault import Vault

ADDRESS = {
    "lines": ["12 Nguyễn Huệ"],
    "ward": "Phường Sài Gòn",
    "province": "Thành phố Hồ Chí Minh",
    "country": "VN",
}
# When the customer ticked the box: part of the order, so that a repetition says the same.
AGREED_AT = datetime(2025, 11, 22, 8, 0, tzinfo=UTC)


def records(order: str) -> dict[str, NewRecord]:
    """What this order needs: the buyer, who agrees to text messages, and where the parcel goes."""
    wants_messages = Consent("marketing-sms", AGREED_AT, method="checkbox", wording="shop/3#sms")
    return {
        "buyer": NewRecord(
            collection="buyer",
            customer="customer-8123",
            purposes={"order": order, "customer-care": None},
            consents=[wants_messages],
            fields={
                "full_name": "Nguyễn Văn An",
                "email": "an.nguyen@example.com",
                "phone": "0903 123 456",
            },
        ),
        "delivery": NewRecord(
            collection="delivery",
            customer="customer-8123",
            purposes={"order": order, "delivery": order},
            fields={"recipient": "Nguyễn Văn An", "phone": "0903 123 456", "address": ADDRESS},
        ),
    }


def main(order: str) -> int:
    """Store both, and print their ids; or print what the customer has to correct."""
    with Vault(os.environ["KIN_URL"], os.environ["KIN_KEY"]) as vault:
        for name, record in records(order).items():
            try:
                stored = vault.store(record, purpose="order", idempotency_key=f"{order}-{name}")
            except Invalid as invalid:
                for mistake in invalid.errors:
                    print(f"{name}{mistake.pointer}: {mistake.detail}")
                return 1
            print(f"{name} {stored.id}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
