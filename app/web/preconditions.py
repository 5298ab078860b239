"""Which version a change was made from: `If-Match` (RFC 9110 section 13.1.1), one strong entity tag."""

import re
from typing import Final

from app.kernel.errors import Kind, VaultError
from app.web.headers import RawHeaders, single

_TAG: Final = re.compile(r'"([1-9][0-9]{0,8})"')


def if_match(headers: RawHeaders) -> int | None:
    """The version, or None without the header; `bad-request` for anything but one entity tag as the vault gave it."""
    value = single(headers, b"if-match")
    if value is None:
        return None
    match = _TAG.fullmatch(value)
    if match is None:
        raise VaultError(Kind.BAD_REQUEST, 'send If-Match with one ETag as the vault gave it, such as "1"')
    return int(match[1])
