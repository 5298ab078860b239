"""How a request header is read: as bytes, and once or not at all.

A header that arrives twice is refused, because two parts of a system may each believe another one of the
two (RFC 9110 section 5.3 allows repetition only for list-valued fields). What a value means is decided
where it is used.
"""

from collections.abc import Iterable

from app.kernel.errors import Kind, VaultError

RawHeaders = Iterable[tuple[bytes, bytes]]
"""Names in lower case and values, as ASGI gives them in `scope["headers"]`."""


def single(headers: RawHeaders, name: bytes) -> str | None:
    """The value of the header `name` (lower case), or None; `bad-request` when it was sent more than once."""
    values = [value for key, value in headers if key == name]
    if not values:
        return None
    if len(values) > 1:
        raise VaultError(
            Kind.BAD_REQUEST, f"the header {name.decode('ascii').title()} was sent twice; send it once"
        )
    return values[0].decode("latin-1").strip(" \t")
