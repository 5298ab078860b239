"""How far a database is behind an erasure ledger: which of its lines the database does not know.

Asked at every start, so it reads of each line only what it begins with (docs/formats/certificate.md); a line that begins
otherwise is read as a whole. Carrying the lines out is left to `replay`.
"""

import json
import re
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import UUID

from app.kernel.ids import parse_id
from app.rights.ledger import LedgerDamaged
from app.rights.store import CertificateStore

_AT_ONCE: Final = 5000
_HEAD: Final = re.compile(rb'\{"certificate":"(crt_[0-9a-z]{26})","tenant":"([a-z0-9-]{1,32})",')
_CUT: Final = b"\x18\n"


async def unknown(store: CertificateStore, tenants: Collection[str], path: Path) -> set[UUID]:
    """The certificates of these tenants in a ledger that are not stored here; `LedgerDamaged`, or `OSError` without a file."""
    missing: set[UUID] = set()
    heads = heads_in(path)
    while some := list(islice(heads, _AT_ONCE)):
        for tenant in set(tenants):
            theirs = {certificate for certificate, of in some if of == tenant}
            missing |= theirs - await store.known(tenant, theirs)
    return missing


def heads_in(path: Path) -> Iterator[tuple[UUID, str]]:
    """Certificate and tenant of each line; what was cut short is passed over, as in `ledger.lines_in`."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.endswith(_CUT) or not line.endswith(b"\n"):
                continue
            try:
                yield _head(line)
            except (ValueError, KeyError, TypeError, AttributeError):
                raise LedgerDamaged(path, number) from None


def _head(line: bytes) -> tuple[UUID, str]:
    if found := _HEAD.match(line):
        certificate, tenant = (part.decode() for part in found.groups())
    else:
        document = json.loads(line)
        certificate, tenant = document["certificate"], document["tenant"]
    return parse_id("crt", certificate), tenant
