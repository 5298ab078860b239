"""Shipping prints labels without owning addresses: a name, a masked number, and a token that only the carrier can turn back.

KIN_URL=http://127.0.0.1:8080 KIN_KEY=kin_… python examples/shipping.py rec_… rec_…

The ids are those that examples/checkout.py printed behind `delivery`; the key is that of the caller `shipping`.
"""

import asyncio
import os
import sys

from kin_client.async_vault import AsyncVault
from kin_client.errors import Denied, NotFound
from kin_client.records import Disclosure


async def label(vault: AsyncVault, record: str) -> str:
    """The label of one parcel, or why there is none."""
    try:
        parcel = await vault.read(record, purpose="delivery")
    except NotFound:
        return f"{record}: not a parcel of ours"
    except Denied as denied:
        return f"{record}: withheld, see {denied.event}"
    return f"{record}: {written(parcel)}"


def written(parcel: Disclosure) -> str:
    """Each field as shipping may see it, and the audit event that says so."""
    fields = [
        f"{name} {field.reason if field.form == 'withheld' else field.value}"
        for name, field in parcel.fields.items()
    ]
    return "; ".join([*fields, f"receipt {parcel.receipt.event}"])


async def main(records: list[str]) -> None:
    """All labels, fetched side by side."""
    async with AsyncVault(os.environ["KIN_URL"], os.environ["KIN_KEY"]) as vault:
        for line in await asyncio.gather(*(label(vault, record) for record in records)):
            print(line)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
