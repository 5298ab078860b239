"""Why a request asks: the purpose, the case and the approved order that its headers declare.

Only their spelling is decided here. Whether the notice knows the purpose, and whether the case or the order
opens anything, is the notice's decision.
"""

import re
from typing import Final

from app.kernel.errors import Kind, VaultError
from app.web.headers import RawHeaders, single

_PURPOSE: Final = re.compile(r"[a-z0-9-]{1,64}")
_CASE: Final = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
_ORDER: Final = re.compile(r"ord_[0-7][0-9a-hjkmnp-tv-z]{25}")


def purpose(headers: RawHeaders) -> str:
    """The declared purpose; `purpose-required` without one, `bad-request` when doubled or misspelt."""
    value = single(headers, b"vault-purpose")
    if value is None:
        raise VaultError(Kind.PURPOSE_REQUIRED, "say why you ask: send the header Vault-Purpose")
    return _spelt(_PURPOSE, value, "Vault-Purpose must be 1 to 64 of a-z, 0-9 and -")


def case(headers: RawHeaders) -> str | None:
    """The case reference, if one is declared; `bad-request` when doubled or misspelt."""
    value = single(headers, b"vault-case")
    return (
        value
        if value is None
        else _spelt(_CASE, value, "Vault-Case must be 1 to 64 of letters, digits and . _ : / -")
    )


def order(headers: RawHeaders) -> str | None:
    """The approved order's id, if one is declared; `bad-request` when doubled or misspelt."""
    value = single(headers, b"vault-order")
    return value if value is None else _spelt(_ORDER, value, "Vault-Order must be the id of an order: ord_…")


def _spelt(pattern: re.Pattern[str], value: str, otherwise: str) -> str:
    if not pattern.fullmatch(value):
        raise VaultError(Kind.BAD_REQUEST, otherwise)
    return value
