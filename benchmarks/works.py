"""What a served vault is asked: the pieces of work by name."""

import itertools
from collections.abc import Callable

from benchmarks.asked import (
    READ_AT_ONCE,
    STORED_AT_ONCE,
    batch_reads,
    batch_stores,
    reads,
    resolutions,
    searches,
    stores,
)
from benchmarks.measure import Work
from benchmarks.vaults import ServedVault

_FIELDS = 6


def works_of(vault: ServedVault, database: str, seconds: Callable[[], float] | None = None) -> list[Work]:
    """All pieces of work on a vault; `seconds` tells the processor time of its database, where that is another process."""
    callers, records, numbers = vault.prepared.callers, vault.records, itertools.count()
    officer, checkout, carrier = callers["privacy-officer"], callers["checkout"], callers["carrier"]
    asked = {
        "read": (reads(officer, records), 200),
        "store": (stores(checkout, numbers), 201),
        "search": (searches(officer, len(records)), 200),
        "resolve": (resolutions(carrier, vault.tokens), 200),
        "resolve, counted": (resolutions(carrier, vault.counted_tokens), 200),
    }
    single = [
        Work(f"{name}, {database}", vault.served, requests, status, database=seconds)
        for name, (requests, status) in asked.items()
    ]
    if len(records) < READ_AT_ONCE:
        raise SystemExit(f"a batch read needs {READ_AT_ONCE} records")
    read = Work(
        f"batch read, {database}",
        vault.served,
        batch_reads(officer, records),
        200,
        READ_AT_ONCE * _FIELDS,
        "fields",
        seconds,
    )
    store = Work(
        f"batch store, {database}",
        vault.served,
        batch_stores(checkout, numbers),
        200,
        STORED_AT_ONCE,
        "records",
        seconds,
    )
    return [*single, read, store]
