"""A database that came from an old backup is brought up to the erasure ledger before anybody is served from it."""

import asyncio
import os
from pathlib import Path
from typing import Final
from uuid import UUID

from app.kernel.errors import Kind, VaultError
from app.rights.behind import unknown
from app.rights.ledger import lines_in
from app.rights.store import CertificateStore
from app.wiring.parts import Parts

_MOST_REFUSED: Final = 50
_PAUSE: Final = 0.1


async def behind(parts: Parts, ledger: Path | None) -> set[UUID]:
    """The erasures of a ledger that the database does not know; none without a ledger.

    `unavailable`, naming the file, when it cannot be read, is damaged, or is missing although erasures were entered in one.
    """
    if ledger is None:
        return set()
    certificates, tenants = CertificateStore(parts.database), await parts.identity.tenants()
    try:
        return await unknown(certificates, tenants, ledger)
    except FileNotFoundError:
        if not any([await certificates.has_ledgered(tenant) for tenant in tenants]):
            return set()  # it is made with the first erasure
        raise _unreadable(ledger, "is missing") from None
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise _unreadable(ledger, f"cannot be read ({reason})") from None


async def erase_again(parts: Parts, ledger: Path | None) -> int:
    """Carries out the erasures of a ledger that the database does not know; how many that were.

    `unavailable` when some are met by a conflict again and again.
    """
    done = refused = 0
    before: set[UUID] = set()
    while ledger and (missing := await behind(parts, ledger)):
        left = (line for line in lines_in(ledger) if line.certificate in missing)
        done += await parts.erasing.replayer.replay(left)
        refused = refused + 1 if missing == before else 0
        if refused == _MOST_REFUSED:
            words = "erasures of the ledger meet a conflict again and again; stop other processes, and start this one anew"
            raise VaultError(Kind.UNAVAILABLE, words)
        before = missing
        await asyncio.sleep(_PAUSE if refused else 0)
    return done


def _unreadable(ledger: Path, what: str) -> VaultError:
    words = f"the erasure ledger {ledger} {what}; put it back, or a copy of it, where KIN_ERASURE_LEDGER says"
    return VaultError(Kind.UNAVAILABLE, words)
