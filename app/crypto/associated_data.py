"""What a ciphertext is bound to: the encoding of associated data, and the place of a field.

Decides only the bytes. A ciphertext opens in the place it was sealed for and nowhere else, because its place
is its associated data (RFC 5116 section 2.1); lengths stand before the parts so that no two places share an
encoding.
"""

from dataclasses import dataclass
from uuid import UUID


def associated_data(*parts: bytes | str | int) -> bytes:
    """The parts, each as a 4-byte big-endian length and its bytes: text in UTF-8, a number as 8 bytes
    big-endian.

    Injective for any fixed sequence of types. OverflowError for a number that is not in 0…2⁶⁴-1.
    """
    encoded: list[bytes] = []
    for part in parts:
        if isinstance(part, int):
            data = part.to_bytes(8, "big")
        elif isinstance(part, str):
            data = part.encode()
        else:
            data = part
        encoded += (len(data).to_bytes(4, "big"), data)
    return b"".join(encoded)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value lives. `field` is written `collection.field`; `version` grows with every change."""

    tenant: str
    subject: UUID
    record: UUID
    field: str
    version: int

    def associated_data(self, suite: int) -> bytes:
        """The parts (suite, tenant, subject, record, field, version) in this order."""
        return of_record(suite, self.tenant, self.subject, self.record) + of_field(self.field, self.version)


def of_record(suite: int, tenant: str, subject: UUID, record: UUID) -> bytes:
    """The parts of a place that all fields of a record share; `of_field` follows them."""
    owner = tenant.encode()
    return b"\0\0\0\x08%b%b%b\0\0\0\x10%b\0\0\0\x10%b" % (
        suite.to_bytes(8, "big"),
        len(owner).to_bytes(4, "big"),
        owner,
        subject.bytes,
        record.bytes,
    )


def of_field(field: str, version: int) -> bytes:
    """The parts of a place that tell the fields of a record and their versions apart."""
    name = field.encode()
    return b"%b%b\0\0\0\x08%b" % (len(name).to_bytes(4, "big"), name, version.to_bytes(8, "big"))
