"""Which credential came with a request. Whether it is worth anything is decided in `identity`."""

import re
from typing import Final

from app.web.headers import RawHeaders, single

_BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)


def bearer(headers: RawHeaders) -> str | None:
    """The token of `Authorization: Bearer …` (RFC 6750 section 2.1, the scheme in any case).

    None when there is no such header or it holds anything else; `bad-request` when there are two.
    """
    value = single(headers, b"authorization")
    match = _BEARER.fullmatch(value) if value is not None else None
    return match[1] if match else None
