"""Compliance sees who read what, why, and by which clause of the notice; never the data.

KIN_URL=http://127.0.0.1:8080 KIN_KEY=kin_… python examples/compliance.py delivery

The word is the purpose to look at; the key is that of the caller `compliance`.
"""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from kin_client.audit import Event, EventFilter
from kin_client.vault import Vault


def told(event: Event) -> Iterator[str]:
    """One event in a few lines."""
    notice = f"{event.notice.id}/{event.notice.version}" if event.notice else "none"
    yield f"{event.at:%Y-%m-%d %H:%M:%S} {event.action} {event.outcome} by {', '.join(event.roles)} (notice {notice})"
    for name, field in event.fields.items():
        yield f"    {name}: {field.given}, {field.reason}, clause {field.clause}"


def main(purpose: str) -> None:
    """The last day's twenty newest events of a purpose, counts of all purposes, and who may see what for it."""
    today = EventFilter(purpose=purpose, since=datetime.now(UTC) - timedelta(days=1))
    with Vault(os.environ["KIN_URL"], os.environ["KIN_KEY"]) as vault:
        for event in islice(vault.audit_events(today, page_size=20), 20):
            print("\n".join(told(event)))
        print("events by purpose:")
        for count in vault.audit_summary("purpose").items:
            print(f"    {count.group}: {count.events}")
        print(f"may read for {purpose}:")
        for column in vault.notice_matrix().columns:
            if column.purpose == purpose:
                print(f"    {column.role} ({column.channel}): {', '.join(column.cells)}")


if __name__ == "__main__":
    main(sys.argv[1])
