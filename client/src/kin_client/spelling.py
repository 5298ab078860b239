"""How ids, purposes, cases and times are written, checked before they go into an address or a header.

Addresses end up in the logs of whatever stands between client and vault. Something that is not an id (a telephone number
passed by mistake) is refused here, before it leaves. Nothing refused is repeated in the message.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

_ID: Final = re.compile(r"([a-z]{3})_[0-9a-z]{26}")
_HANDLE: Final = re.compile(r"[0-9a-f]{32}")
_PURPOSE: Final = re.compile(r"[a-z0-9-]{1,64}")
_CASE: Final = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
_KEY: Final = re.compile(r"[!-~]{1,128}")


def check_id(prefix: str, text: str) -> str:
    """The id itself; ValueError unless it begins with this prefix and is written as the vault writes ids."""
    found = _ID.fullmatch(text)
    if found is None or found[1] != prefix:
        raise ValueError(f"not an id of the vault; give one that begins with {prefix}_")
    return text


def check_handle(prefix: str, text: str) -> str:
    """An id, or the handle that audit events show in its place."""
    return text if _HANDLE.fullmatch(text) else check_id(prefix, text)


def check_key(text: str) -> str:
    """An API key or an idempotency key: visible ASCII only, as a header can carry it."""
    return _spelt(_KEY, text, "a key is 1 to 128 visible ASCII characters")


def asking(purpose: str, case: str | None = None, order: str | None = None) -> dict[str, str]:
    """The headers that say why: the purpose, and the case and the approved order where a grant wants them."""
    return dict(_asking(purpose, case, order))


def rfc3339(moment: datetime) -> str:
    """A time as the vault reads it; ValueError when it does not say of which zone."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a time zone; use datetime.now(UTC)")
    return moment.isoformat()


def iso_8601(time: timedelta) -> str:
    """A duration of whole seconds as the vault reads it: `P7D`, `PT15M`, `P1DT12H`; ValueError for none or less."""
    seconds = int(time.total_seconds())
    if seconds < 1:
        raise ValueError("a time has to be a second at least")
    days, seconds = divmod(seconds, 86_400)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    clock = "".join(_parts((hours, "H"), (minutes, "M"), (seconds, "S")))
    return "P" + "".join(_parts((days, "D"))) + (f"T{clock}" if clock else "")


def _asking(purpose: str, case: str | None, order: str | None) -> Iterator[tuple[str, str]]:
    yield "Vault-Purpose", _spelt(_PURPOSE, purpose, "a purpose is 1 to 64 of a-z, 0-9 and -")
    if case is not None:
        yield "Vault-Case", _spelt(_CASE, case, "a case is 1 to 64 of letters, digits and . _ : / -")
    if order is not None:
        yield "Vault-Order", check_id("ord", order)


def _spelt(pattern: re.Pattern[str], text: str, otherwise: str) -> str:
    if pattern.fullmatch(text) is None:
        raise ValueError(otherwise)
    return text


def _parts(*parts: tuple[int, str]) -> Iterator[str]:
    return (f"{number}{unit}" for number, unit in parts if number)
